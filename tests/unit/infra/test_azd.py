"""azure.yaml and main.parameters.json: what the Azure Developer CLI deploys, and how."""

import json
import os
import re

import pytest
import yaml

from tests.support.bicep import ROOT, files, read
from tests.support.documents import table

PROJECT = yaml.safe_load((ROOT / "azure.yaml").read_text())
PARAMETERS = json.loads((ROOT / "infra" / "main.parameters.json").read_text())["parameters"]
MAIN = read("main.bicep")
GUIDE = ROOT / "docs" / "deploy.md"
# azd sets these by itself.
AZD_VARIABLES = {
    "AZURE_ENV_NAME",
    "AZURE_LOCATION",
    "AZURE_PRINCIPAL_ID",
    "AZURE_PRINCIPAL_TYPE",
}
# The parameters file leaves these to their defaults: one is no choice, one is the signed-in tenant.
LEFT_ALONE = {"firstOfMonth", "authTenantId"}


def variable(parameter: str) -> tuple[str, str | None]:
    """Give the variable of the environment that a parameter is set by, and its default."""
    found = re.fullmatch(r"\$\{(\w+)(?:=(.*))?\}", PARAMETERS[parameter]["value"])
    assert found, parameter
    return found[1], found[2]


def test_the_project_is_this_folder_and_its_infrastructure_there() -> None:
    assert PROJECT.keys() == {"name", "infra", "services", "hooks"}
    assert PROJECT["infra"] == {"provider": "bicep", "path": "infra", "module": "main"}
    assert (ROOT / "infra" / "main.bicep").is_file()
    assert PROJECT["services"] == {
        "app": {"project": ".", "language": "python", "host": "function"}
    }


def test_azd_finds_the_app_by_its_tag() -> None:
    (service,) = PROJECT["services"]
    tags = read("app/function.bicep").modules["app"].params["tags"]
    assert tags["union"][1] == {"azd-service-name": service}
    assert MAIN.variable("tags") == {"azd-env-name": "environmentName"}


@pytest.mark.parametrize(
    ("system", "shell", "suffix"), [("posix", "sh", ".sh"), ("windows", "pwsh", ".ps1")]
)
def test_the_subscription_is_made_after_the_app_is_deployed(
    system: str, shell: str, suffix: str
) -> None:
    assert PROJECT["hooks"].keys() == {"postdeploy"}
    hook = PROJECT["hooks"]["postdeploy"][system]
    assert hook == {"shell": shell, "run": f"scripts/eventgrid{suffix}"}
    assert (ROOT / hook["run"]).is_file()


def test_the_shell_script_may_be_run() -> None:
    assert os.access(ROOT / "scripts" / "eventgrid.sh", os.X_OK)


def test_every_parameter_is_set_and_no_other() -> None:
    assert PARAMETERS.keys() | LEFT_ALONE == MAIN.section("parameters").keys()
    assert MAIN.required <= PARAMETERS.keys()


def test_variables_have_the_defaults_of_their_parameters() -> None:
    for name in PARAMETERS.keys() - {"appSettings"}:
        of_azd, default = variable(name)
        if of_azd in AZD_VARIABLES:
            continue
        expected = MAIN.default(name)
        written = str(expected).lower() if isinstance(expected, bool) else str(expected)
        assert default == written, name
    assert PARAMETERS["appSettings"]["value"] == MAIN.default("appSettings") == {}


def test_what_has_no_default_is_what_azd_asks_for() -> None:
    bare = {name for name in PARAMETERS.keys() - {"appSettings"} if variable(name)[1] is None}
    assert bare == MAIN.required


def test_a_variable_is_named_as_its_parameter() -> None:
    for name in PARAMETERS.keys() - {"appSettings", "environmentName", "location"}:
        if not name.startswith("principal"):
            assert variable(name)[0].replace("_", "").lower() == name.lower()


def test_the_budget_keeps_its_first_day() -> None:
    """Azure lets nobody change it, so it comes back by the environment."""
    assert variable("budgetStart")[0] in MAIN.outputs
    assert MAIN.modules["budget"].params["startDate"] == "${budgetDay}T00:00:00Z"


def test_the_terminal_reaches_the_account_by_the_environment_s_variables() -> None:
    for name in ("AzureWebJobsStorage__blobServiceUri", "AzureWebJobsStorage__queueServiceUri"):
        assert MAIN.outputs[name] == MAIN.variable("ownSettings")[name]


def test_the_guide_tells_every_choice_as_the_deployment_has_it() -> None:
    told = {row[0].strip("`"): row[1:] for row in table(GUIDE, "Variable", "Default", "Meaning")}
    choices = {variable(name)[0]: name for name in PARAMETERS.keys() - {"appSettings"}}
    assert told.keys() == choices.keys()
    for name, (default, meaning) in told.items():
        assert meaning == MAIN.description(choices[name])
        if name not in AZD_VARIABLES:
            assert default == (f"`{variable(choices[name])[1]}`".replace("``", "empty"))


def test_the_guide_tells_every_module_and_its_version() -> None:
    told = {row[0].strip("`"): row[1] for row in table(GUIDE, "Module", "Version")}
    used = (module.source for file in files() for module in file.modules.values())
    public = (each.removeprefix("public:") for each in used if each.startswith("public:"))
    assert told == {path: version for path, _, version in (each.rpartition(":") for each in public)}
