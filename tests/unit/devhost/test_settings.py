"""App settings: the environment first, then the file; what Core Tools would not take is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from devhost.errors import HostError
from devhost.settings import Settings, load_settings

PYTHON = {"FUNCTIONS_WORKER_RUNTIME": "python"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "local.settings.json"


def write(path: Path, **content: Any) -> None:
    path.write_text(json.dumps(content))


def settings(**values: str) -> Settings:
    return load_settings(Path("absent.json"), {**PYTHON, **values})


def test_values_of_the_file_are_settings(path: Path) -> None:
    write(path, IsEncrypted=False, Values={**PYTHON, "A": "1"}, Host={"LocalHttpPort": 7075})
    loaded = load_settings(path, {})
    assert loaded.values["A"] == "1"
    assert loaded.host.LocalHttpPort == 7075
    assert loaded.skipped == ()


def test_the_environment_wins(path: Path) -> None:
    write(path, Values={**PYTHON, "A": "file"})
    loaded = load_settings(path, {"A": "environment"})
    assert loaded.values["A"] == "environment"
    assert loaded.skipped == ("A",)


def test_the_file_is_made_from_its_example(path: Path) -> None:
    write(path.with_name("local.settings.json.example"), Values={**PYTHON, "A": "example"})
    assert load_settings(path, {}).values["A"] == "example"
    assert path.exists()


def test_a_file_that_exists_is_left_alone(path: Path) -> None:
    write(path.with_name("local.settings.json.example"), Values={"A": "example"})
    write(path, Values=PYTHON)
    assert "A" not in load_settings(path, {}).values


def test_no_file_is_fine_where_the_environment_says_everything(path: Path) -> None:
    assert load_settings(path, PYTHON).values == PYTHON


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"Vaules": {}}, "unknown field `Vaules`"),
        ({"Values": {"A": 1}}, "Expected `str`, got `int`"),
        ({"Host": {"Port": 1}}, "unknown field `Port`"),
        ({"IsEncrypted": True}, "is encrypted"),
        ({"Values": {}}, "FUNCTIONS_WORKER_RUNTIME must be python"),
        ({"Values": {"FUNCTIONS_WORKER_RUNTIME": "node"}}, "must be python"),
    ],
)
def test_what_core_tools_would_not_take_is_refused(
    path: Path, content: dict[str, Any], reason: str
) -> None:
    write(path, **content)
    with pytest.raises(HostError, match=reason):
        load_settings(path, {})


def test_a_file_that_is_not_json_is_refused(path: Path) -> None:
    path.write_text("{,}")
    with pytest.raises(HostError, match="not as Core Tools want it"):
        load_settings(path, {})


def test_references_give_way_to_their_settings() -> None:
    assert settings(CONTAINER="images").resolve("%CONTAINER%/{name}", "It") == "images/{name}"


def test_a_reference_to_nothing_is_refused() -> None:
    with pytest.raises(HostError, match="It refers to %NOWHERE%: set the app setting NOWHERE"):
        settings().resolve("%NOWHERE%/x", "It")


def test_a_connection_may_leave_its_prefix_out() -> None:
    loaded = settings(AzureWebJobsStorage="first", Other="second")
    assert loaded.connection_string("AzureWebJobsStorage", "It") == "first"
    assert loaded.connection_string("Storage", "It") == "first"
    assert loaded.connection_string("Other", "It") == "second"


def test_a_missing_connection_is_refused() -> None:
    with pytest.raises(HostError, match="It needs the app setting Photos"):
        settings(Photos="").connection_string("Photos", "It")


def test_a_connection_by_identity_is_refused() -> None:
    with pytest.raises(HostError, match="by identity"):
        settings(Photos__blobServiceUri="https://x").connection_string("Photos", "It")


@pytest.mark.parametrize(
    ("name", "value", "disabled"),
    [
        ("AzureWebJobs.f.Disabled", "true", True),
        ("AzureWebJobs_f_Disabled", "1", True),
        ("AzureWebJobs.f.Disabled", "false", False),
        ("AzureWebJobs.g.Disabled", "true", False),
    ],
)
def test_a_setting_disables_a_function(name: str, value: str, disabled: bool) -> None:
    assert settings(**{name: value}).disables("f") is disabled
