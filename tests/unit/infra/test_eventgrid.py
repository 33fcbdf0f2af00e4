"""scripts/eventgrid.sh against an `az` that is none, and eventgrid.ps1 beside it."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import tree_sitter
import tree_sitter_pwsh

from tests.support.bicep import ROOT, read
from tests.support.fake_az import FakeAz

POSIX = ROOT / "scripts" / "eventgrid.sh"
WINDOWS = ROOT / "scripts" / "eventgrid.ps1"
# What azd hands to hooks: its own variables, and the outputs of the deployment.
OUTPUTS = {
    "AZURE_RESOURCE_GROUP": "rg-museum",
    "AZURE_FUNCTION_APP_NAME": "func-abc",
    "EVENT_GRID_TOPIC_NAME": "evgt-abc",
    "EVENT_GRID_IDENTITY_ID": "/subscriptions/0/id-events-abc",
    "IMAGES_CONTAINER": "images",
    "DEAD_LETTERS_CONTAINER": "dead-letters",
}
ENVIRONMENT = {"AZURE_SUBSCRIPTION_ID": "00000000-aaaa", **OUTPUTS}
SHOW = "functionapp function show"
KEYS = "functionapp keys list"
DEPLOY = "deployment group create"


@pytest.fixture
def az(tmp_path: Path) -> FakeAz:
    return FakeAz(tmp_path / "bin")


def run(az: FakeAz, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", POSIX],
        cwd=az.folder,
        env={
            "PATH": f"{az.folder}{os.pathsep}/usr/bin{os.pathsep}/bin",
            "EVENT_GRID_TRIES": "4",
            "EVENT_GRID_PAUSE_SECONDS": "0",
            **ENVIRONMENT,
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def works(az: FakeAz, *, function: int = 0, key: int = 0, deployment: int = 0) -> None:
    """Have everything work, once each has failed so often."""
    az.reply("account show")
    az.reply(SHOW, "21", failures=function)
    az.reply(KEYS, "56", failures=key)
    az.reply(DEPLOY, failures=deployment)


def begins(call: list[str]) -> str:
    return " ".join(call[: next(i for i, word in enumerate(call) if word.startswith("-"))])


def option(call: list[str], name: str) -> str:
    return call[call.index(name) + 1]


def test_the_function_and_its_key_are_waited_for_and_the_subscription_deployed(az: FakeAz) -> None:
    works(az)
    done = run(az)
    assert done.returncode == 0, done.stderr
    assert [begins(call) for call in az.calls] == ["account show", SHOW, KEYS, DEPLOY]
    assert "func-abc is told of every image in images" in done.stdout
    shown, listed, deployed = az.calls[1:]
    assert option(shown, "--function-name") == read("app/subscription.bicep").variable(
        "functionName"
    )
    for call in (shown, listed):
        assert option(call, "--name") == "func-abc"
    for call in (shown, listed, deployed):
        assert option(call, "--resource-group") == "rg-museum"
        assert option(call, "--subscription") == "00000000-aaaa"
    assert (ROOT / option(deployed, "--template-file")).samefile(
        ROOT / "infra" / "app" / "subscription.bicep"
    )


def test_the_deployment_gets_each_parameter_it_asks_for(az: FakeAz) -> None:
    works(az)
    run(az)
    deployed = az.calls[-1]
    given = dict(each.split("=", 1) for each in deployed[deployed.index("--parameters") + 1 :])
    assert given == {
        "functionAppName": "func-abc",
        "topicName": "evgt-abc",
        "identityId": "/subscriptions/0/id-events-abc",
        "imagesContainer": "images",
        "deadLettersContainer": "dead-letters",
    }
    assert given.keys() == read("app/subscription.bicep").required


def test_a_second_run_asks_for_the_same_and_goes_as_well(az: FakeAz) -> None:
    works(az)
    first = run(az)
    calls = az.calls
    second = run(az)
    assert (first.returncode, second.returncode) == (0, 0)
    assert az.calls == calls * 2


def test_it_waits_until_the_app_is_up(az: FakeAz) -> None:
    works(az, function=2, key=3, deployment=1)
    done = run(az)
    assert done.returncode == 0, done.stderr
    asked = [begins(call) for call in az.calls]
    assert [asked.count(each) for each in (SHOW, KEYS, DEPLOY)] == [3, 4, 2]
    assert "waiting for the app's function image_landed (2 of 4)" in done.stdout
    assert "waiting for the app's key blobs_extension (3 of 4)" in done.stdout


def test_a_key_that_is_empty_is_none(az: FakeAz) -> None:
    az.reply("account show")
    az.reply(SHOW, "21")
    az.reply(KEYS)
    done = run(az)
    assert done.returncode == 1
    assert "the app has no key blobs_extension yet" in done.stderr
    assert [begins(call) for call in az.calls].count(KEYS) == 4


@pytest.mark.parametrize(
    ("failing", "sentence"),
    [
        ({"function": 9}, "the app has no function image_landed yet. See its log stream"),
        ({"key": 9}, "the app has no key blobs_extension yet. See its log stream"),
        ({"deployment": 9}, "the subscription could not be made. Azure said:\nERROR: not there"),
    ],
)
def test_it_gives_up_with_a_sentence(az: FakeAz, failing: dict[str, int], sentence: str) -> None:
    works(az, **failing)
    done = run(az)
    assert done.returncode == 1
    assert f"Event Grid: {sentence}" in done.stderr


def test_who_has_not_signed_in_is_told_to(az: FakeAz) -> None:
    az.reply("account show", failures=1)
    done = run(az)
    assert done.returncode == 1
    assert "Run 'az login', then: azd hooks run postdeploy" in done.stderr


def test_it_says_that_the_azure_cli_is_missing(az: FakeAz) -> None:
    (az.folder / "az").unlink()
    for program in ("sh", "dirname"):
        (az.folder / program).symlink_to(shutil.which(program) or "")
    done = run(az, PATH=str(az.folder))
    assert done.returncode == 1
    assert "the Azure CLI is missing" in done.stderr


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_each_variable_is_needed_and_missed_by_name(az: FakeAz, name: str) -> None:
    done = run(az, **{name: ""})
    assert done.returncode == 1
    assert f"Event Grid: {name} is not set. Run 'azd provision'" in done.stderr


def test_the_variables_are_outputs_of_the_deployment() -> None:
    assert OUTPUTS.keys() <= read("main.bicep").outputs.keys()


@pytest.mark.parametrize("script", [POSIX, WINDOWS], ids=lambda path: path.suffix)
def test_no_key_passes_through_the_script(script: Path) -> None:
    """Its length is asked for: what a program is called with, others on the machine may read."""
    text = script.read_text()
    assert "length(systemKeys.blobs_extension)" in text
    assert text.count("systemKeys") == 1
    assert "code=" not in text


def test_the_shell_script_is_without_fault() -> None:
    shellcheck = shutil.which("shellcheck", path=str(Path(os.sys.executable).parent))
    assert shellcheck
    done = subprocess.run([shellcheck, POSIX], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_powershell_script_is_well_formed() -> None:
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_pwsh.language()))
    assert not parser.parse(WINDOWS.read_bytes()).root_node.has_error
    assert parser.parse(b"if ($true) {").root_node.has_error


@pytest.mark.parametrize(
    "pattern",
    [
        r"--[a-z]+(?:-[a-z]+)*",  # options of az
        r"\b[A-Z]+_[A-Z_]+\b",  # variables
        r"\b[a-z]+[A-Z]\w+=",  # parameters of the deployment
        r"length\([^)]*\)",  # what is asked for
        r"^# .*",  # reasons
    ],
)
def test_both_scripts_do_the_same_in_the_same_order(pattern: str) -> None:
    def found(script: Path) -> list[str]:
        text = re.sub(r"eventgrid\.\w+ is the same.*|^#!.*", "", script.read_text(), flags=re.M)
        each = re.findall(pattern, text, re.MULTILINE)
        return list(dict.fromkeys(each))

    assert found(POSIX)
    assert found(POSIX) == found(WINDOWS)


def test_both_scripts_say_the_same() -> None:
    says = re.compile(r'(?:fail|echo|Stop-WithSentence|Write-Output) "([^"\n`]+)')

    def sentences(script: Path) -> set[str]:
        said = says.findall(script.read_text())
        return {re.sub(r"\$\{?(?:env:)?(\w+)\}?", r"<\1>", each) for each in said}

    assert sentences(POSIX) - {"Event Grid: <1>"} == sentences(WINDOWS)
    assert len(sentences(WINDOWS)) == 8
