"""What a careful reader of the Bicep files looks for: who may do what, and that keys are off."""

import re
from typing import Any

import pytest

from tests.support.bicep import ROOT, Bicep, files, leaves, names, objects, read
from tests.support.documents import table

STORAGE = read("app/storage.bicep")
ACCOUNT = STORAGE.modules["account"].params
VISION = read("app/vision.bicep")
TELEMETRY = read("app/telemetry.bicep")
FUNCTION = read("app/function.bicep")
MAIN = read("main.bicep")
# Of Azure's built-in roles; the ids are the same in every tenant.
ROLES = {
    "Storage Blob Data Owner": "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
    "Storage Blob Data Contributor": "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    "Storage Blob Data Reader": "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
    "Storage Queue Data Contributor": "974c5e8b-45b9-4653-ba55-5f855dd0fb88",
    "Monitoring Metrics Publisher": "3913510d-42f4-4e42-8a64-420c390055eb",
    "Key Vault Secrets User": "4633458b-17de-408a-b874-0445c86b69e6",
}


def granted(file: Bicep, node: Any) -> set[tuple[str, str]]:
    """Tell who gets which role within a value, names of variables resolved."""

    def resolved(value: Any) -> Any:
        if isinstance(value, str) and value in file.section("variables"):
            return file.variable(value)
        if isinstance(value, dict):
            return {key: resolved(each) for key, each in value.items()}
        return [resolved(each) for each in value] if isinstance(value, list) else value

    return {
        (each["principalId"], re.sub(r"^roles\[(.*)\]$", r"\1", each["roleDefinitionIdOrName"]))
        for each in objects(resolved(node))
        if "roleDefinitionIdOrName" in each
    }


def containers() -> dict[str, Any]:
    return {each["name"]: each for each in ACCOUNT["blobServices"]["containers"]}


def test_roles_are_the_built_in_ones_by_their_ids() -> None:
    named = {
        name: id_
        for file in (STORAGE, VISION, TELEMETRY)
        for name, id_ in file.variable("roles").items()
    }
    assert named == ROLES


def test_on_the_account_only_the_app_may_anything() -> None:
    assert granted(STORAGE, ACCOUNT["roleAssignments"]) == {
        ("appPrincipalId", "Storage Blob Data Owner"),
        ("appPrincipalId", "Storage Queue Data Contributor"),
    }


def test_in_a_container_others_may_what_they_need() -> None:
    found = {name: granted(STORAGE, each) for name, each in containers().items()}
    assert {name: each for name, each in found.items() if each} == {
        "containers.images": {("principalId", "Storage Blob Data Contributor")},
        "containers.captions": {("principalId", "Storage Blob Data Reader")},
        "containers.models": {("principalId", "Storage Blob Data Contributor")},
        "containers.deadLetters": {("eventsPrincipalId", "Storage Blob Data Contributor")},
    }


def test_nobody_gets_a_role_where_no_principal_is_named() -> None:
    for name in ("asContributor", "asReader"):
        variable = STORAGE.variable(name)
        assert (variable["if"], variable["then"]) == ("empty(principalId)", [])


def test_elsewhere_the_app_may_read_the_key_and_send_telemetry() -> None:
    vault = VISION.modules["vault"].params["roleAssignments"]
    insights = TELEMETRY.modules["insights"].params["roleAssignments"]
    assert granted(VISION, vault) == {("appPrincipalId", "Key Vault Secrets User")}
    assert granted(TELEMETRY, insights) == {("appPrincipalId", "Monitoring Metrics Publisher")}


def test_the_guide_tells_every_role_and_no_other() -> None:
    rows = table(ROOT / "docs" / "deploy.md", "Who", "Role", "Where")
    assert {role for row in rows for role in row[1].split(", ")} == ROLES.keys()


def test_no_role_is_given_in_any_other_place() -> None:
    places = {
        (file.name, name)
        for file in files()
        for name, module in file.modules.items()
        if "roleAssignments" in str(module.params)
    }
    assert places == {
        ("app/storage.bicep", "account"),
        ("app/vision.bicep", "vault"),
        ("app/telemetry.bicep", "insights"),
    }
    assert not any("roleAssignments@" in file.text for file in files())


def test_the_principals_are_the_two_identities_and_the_person() -> None:
    for name in ("storage", "telemetry", "vision"):
        assert MAIN.modules[name].params["appPrincipalId"] == "identity.outputs.principalId"
    storage = MAIN.modules["storage"].params
    assert storage["eventsPrincipalId"] == "eventsIdentity.outputs.principalId"
    assert storage["principalId"] == "principalId"


def test_storage_takes_no_keys_and_shows_nothing_to_everybody() -> None:
    assert ACCOUNT["kind"] == "StorageV2"
    assert ACCOUNT["allowSharedKeyAccess"] is False
    assert ACCOUNT["allowBlobPublicAccess"] is False
    assert ACCOUNT["minimumTlsVersion"] == "TLS1_2"
    assert not any("publicAccess" in each for each in containers().values())


def test_what_people_wrote_can_be_brought_back() -> None:
    service = ACCOUNT["blobServices"]
    for what in ("deleteRetentionPolicy", "containerDeleteRetentionPolicy"):
        assert service[f"{what}Enabled"] is True
        assert service[f"{what}Days"] == "softDeleteDays"
    assert MAIN.default("softDeleteDays") >= 7


def test_only_thumbnails_are_ever_deleted_by_a_rule() -> None:
    (rule,) = ACCOUNT["managementPolicyRules"]
    assert rule["definition"]["filters"]["prefixMatch"] == ["${containers.thumbnails}/"]
    assert rule["definition"]["actions"] == {
        "baseBlob": {"delete": {"daysAfterModificationGreaterThan": "thumbnailDays"}}
    }


def test_telemetry_takes_no_keys() -> None:
    assert TELEMETRY.modules["insights"].params["disableLocalAuth"] is True
    assert TELEMETRY.modules["workspace"].params["features"] == {"disableLocalAuth": True}


def test_the_key_of_vision_goes_to_the_vault_and_nowhere_else() -> None:
    vision = VISION.modules["vision"].params
    assert (vision["kind"], vision["sku"]) == ("ComputerVision", "S1")
    assert vision["secretsExportConfiguration"]["accessKey1Name"] == "keySecretName"
    assert VISION.modules["vault"].params["enableRbacAuthorization"] is True
    settings = MAIN.variable("visionSettings")["then"]
    assert (
        settings["VISION_KEY"] == "@Microsoft.KeyVault(SecretUri=${vision!.outputs.keySecretUri})"
    )
    app = FUNCTION.modules["app"].params
    assert app["keyVaultAccessIdentityResourceId"] == "identityId"


@pytest.mark.parametrize("name", names())
def test_no_key_is_asked_for_but_where_it_stays_in_azure(name: str) -> None:
    """The endpoint of the subscription has the app's key in it; nothing else asks for any."""
    text = read(name).text
    assert len(re.findall(r"\blist\w*\(", text)) == (name == "app/subscription.bicep")
    assert not re.search(r"outputs\.(primary|secondary)\w*(Key|ConnectionString)", text)
    assert "@secure" not in text


def test_outputs_tell_names_and_addresses_only() -> None:
    for name, value in MAIN.outputs.items():
        texts = [str(each) for each in leaves(value)]
        assert not any(re.search("secret|connection|key", text, re.I) for text in texts), name


def test_the_app_is_reached_by_tls_and_published_to_by_identities() -> None:
    app = FUNCTION.modules["app"].params
    assert app["httpsOnly"] is True
    assert app["siteConfig"]["minTlsVersion"] == app["siteConfig"]["scmMinTlsVersion"] == "1.2"
    policies = {each["name"]: each["allow"] for each in app["basicPublishingCredentialsPolicies"]}
    assert policies == {"ftp": False, "scm": False}
    storage = app["functionAppConfig"]["deployment"]["storage"]
    assert storage["authentication"]["type"] == "UserAssignedIdentity"


def test_people_sign_in_everywhere_but_where_machines_call() -> None:
    (configuration,) = FUNCTION.variable("authentication")["else"]
    properties = configuration["properties"]
    validation = properties["globalValidation"]
    assert validation["requireAuthentication"] is True
    assert validation["excludedPaths"] == ["/runtime/webhooks/blobs", "/api/health"]
    registration = properties["identityProviders"]["azureActiveDirectory"]["registration"]
    # The setting names the identity that the registration trusts: there is no client secret.
    assert registration["clientSecretSettingName"] in MAIN.variable("authSettings")["then"]


@pytest.mark.parametrize(
    ("file", "module"), [(STORAGE, "account"), (VISION, "vault"), (VISION, "vision")]
)
def test_one_parameter_shuts_the_public_network_out(file: Bicep, module: str) -> None:
    params = file.modules[module].params
    assert params["publicNetworkAccess"] == {
        "if": "vnetEnabled",
        "then": "Disabled",
        "else": "Enabled",
    }
    assert params["networkAcls"]["defaultAction"]["then"] == "Deny"
    endpoints = params["privateEndpoints"]
    assert (endpoints["if"], endpoints["else"]) == ("vnetEnabled", [])
    assert all(each["subnetResourceId"] == "endpointSubnetId" for each in endpoints["then"])


def test_storage_has_a_private_endpoint_for_each_service_that_is_used() -> None:
    assert [each["service"] for each in ACCOUNT["privateEndpoints"]["then"]] == ["blob", "queue"]


def test_the_app_goes_out_through_the_network() -> None:
    assert MAIN.modules["network"].condition == "vnetEnabled"
    assert MAIN.modules["app"].params["subnetId"] == {
        "if": "vnetEnabled",
        "then": "network.outputs.appSubnetId",
        "else": "",
    }
    subnets = read("app/network.bicep").modules["network"].params["subnets"]
    assert subnets[0]["delegation"] == "Microsoft.App/environments"
    assert not any("_" in each["name"] for each in subnets)


def test_a_budget_is_made_where_one_is_wanted() -> None:
    budget = MAIN.modules["budget"]
    assert budget.condition == "greater_than(budgetAmount, 0)"
    assert budget.params["amount"] == "budgetAmount"
