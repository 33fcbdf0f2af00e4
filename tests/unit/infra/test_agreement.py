"""The Bicep files name what the code reads, and nothing that it does not."""

import json
from dataclasses import fields
from typing import Any

import pytest

from captioner.settings import (
    STORAGE_CONNECTION,
    Settings,
    load_settings,
    load_storage_connection,
)
from devhost.host_json import read_host_json
from tests.support.bicep import ROOT, read

MAIN = read("main.bicep")
SUBSCRIPTION = read("app/subscription.bicep")
STORAGE = read("app/storage.bicep").modules["account"].params
FUNCTION = read("app/function.bicep").modules["app"].params
# Read by the host, the worker, App Service authentication or the Azure SDK.
PLATFORM_SETTINGS = {
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
    "APPLICATIONINSIGHTS_CONNECTION_STRING",
    "AZURE_CLIENT_ID",
    "AzureWebJobsDisableHomepage",
    "OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID",
    "PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY",
    "PYTHON_THREADPOOL_THREAD_COUNT",
    "WEBSITE_AUTH_AAD_ALLOWED_TENANTS",
}
# Flex Consumption refuses these: functionAppConfig has taken their place.
REFUSED_SETTINGS = {
    "ENABLE_ORYX_BUILD",
    "FUNCTIONS_EXTENSION_VERSION",
    "FUNCTIONS_WORKER_RUNTIME",
    "SCM_DO_BUILD_DURING_DEPLOYMENT",
    "WEBSITE_CONTENTAZUREFILECONNECTIONSTRING",
    "WEBSITE_RUN_FROM_PACKAGE",
}


def all_settings() -> dict[str, Any]:
    optional = ("visionSettings", "modelSettings", "networkSettings", "authSettings")
    branches = [MAIN.variable(name) for name in optional]
    found = MAIN.variable("sizedSettings") | MAIN.variable("ownSettings")
    for branch in branches:
        found |= branch["then"] or branch["else"]
    return found


def test_every_setting_is_one_that_something_reads() -> None:
    host = {name for name in all_settings() if name.startswith(f"{STORAGE_CONNECTION}__")}
    read_by_the_code = {each.metadata["env"] for each in fields(Settings)}
    assert all_settings().keys() - host <= read_by_the_code | PLATFORM_SETTINGS


def test_no_setting_is_one_that_flex_consumption_refuses() -> None:
    assert not all_settings().keys() & REFUSED_SETTINGS


def test_all_settings_reach_the_app_and_no_further_one_prevails() -> None:
    union = MAIN.modules["app"].params["appSettings"]["union"]
    assert union[:2] == ["sizedSettings", "appSettings"]
    assert union[2:] == [
        "ownSettings",
        "visionSettings",
        "modelSettings",
        "networkSettings",
        "authSettings",
    ]


def test_private_hosts_are_the_account_and_those_that_a_further_setting_names() -> None:
    assert MAIN.variable("networkSettings")["then"] == {"SOURCE_PRIVATE_HOSTS": "privateHosts"}
    hosts = MAIN.variable("privateHosts")
    assert hosts["if"] == "contains(appSettings, SOURCE_PRIVATE_HOSTS)"
    assert hosts["then"] == "${storage.outputs.blobHost},${appSettings.SOURCE_PRIVATE_HOSTS}"
    assert hosts["else"] == "storage.outputs.blobHost"


def test_the_code_reaches_storage_by_the_identity() -> None:
    settings = {name: str(value) for name, value in MAIN.variable("ownSettings").items()}
    connection = load_storage_connection(settings)
    assert connection.connection_string is None
    assert connection.managed_identity
    assert connection.blob_endpoint == "storage.outputs.blobEndpoint"
    assert connection.queue_endpoint == "storage.outputs.queueEndpoint"
    assert connection.client_id == "identity.outputs.clientId"


def test_containers_are_the_code_s() -> None:
    names = MAIN.variable("containers")
    defaults = Settings()
    for key, setting in (
        ("images", "IMAGES_CONTAINER"),
        ("captions", "CAPTIONS_CONTAINER"),
        ("jobs", "JOBS_CONTAINER"),
        ("thumbnails", "THUMBNAILS_CONTAINER"),
    ):
        assert names[key] == getattr(defaults, f"{key}_container")
        assert MAIN.variable("ownSettings")[setting] == f"containers.{key}"
    assert len(set(names.values())) == len(names)
    made = {each["name"] for each in STORAGE["blobServices"]["containers"]}
    assert made == {f"containers.{key}" for key in names}


def test_queues_are_those_that_functions_listen_to(bindings: dict[str, dict[str, Any]]) -> None:
    listened_to = {
        trigger["queueName"] for trigger in bindings.values() if trigger["type"] == "queueTrigger"
    }
    made = [each["name"] for each in STORAGE["queueServices"]["queues"]]
    assert sorted(made) == sorted(listened_to)


def test_runtime_and_size_are_what_the_app_is_made_for() -> None:
    configuration = FUNCTION["functionAppConfig"]
    assert configuration["runtime"] == {"name": "python", "version": "3.13"}
    assert configuration["scaleAndConcurrency"] == {
        "instanceMemoryMB": "instanceMemoryMB",
        "maximumInstanceCount": "maximumInstances",
        "triggers": {"http": {"perInstanceConcurrency": "httpConcurrency"}},
    }
    assert MAIN.default("instanceMemoryMB") == 2048
    assert read("app/function.bicep").modules["plan"].params["skuName"] == "FC1"


def test_an_instance_is_given_as_much_as_its_host_works_at() -> None:
    host = read_host_json(ROOT)
    assert MAIN.default("httpConcurrency") == host.extensions.http.max_concurrent_requests
    example = json.loads((ROOT / "local.settings.json.example").read_text())["Values"]
    name = "PYTHON_THREADPOOL_THREAD_COUNT"
    assert MAIN.variable("ownSettings")[name] == "string(functionThreads)"
    assert str(MAIN.default("functionThreads")) == example[name]


def test_the_largest_images_that_events_bring_at_once_fit_into_an_instance() -> None:
    at_once = read_host_json(ROOT).extensions.blobs.max_degree_of_parallelism
    assert f"MAX_IMAGE_MEMORY: string((instanceMemoryMB - 768) / {at_once} * 1048576)" in MAIN.text
    each = (MAIN.default("instanceMemoryMB") - 768) // at_once * 2**20
    assert load_settings({"MAX_IMAGE_MEMORY": str(each)}).max_image_memory == each


@pytest.fixture
def subscription() -> dict[str, Any]:
    return SUBSCRIPTION.section("resources")["images"]["config"]["properties"]


def test_events_are_those_of_complete_images_in_their_container(
    subscription: dict[str, Any],
) -> None:
    wanted = subscription["filter"]
    assert wanted["includedEventTypes"] == ["Microsoft.Storage.BlobCreated"]
    assert (
        wanted["subjectBeginsWith"] == "/blobServices/default/containers/${imagesContainer}/blobs/"
    )
    assert wanted["advancedFilters"] == [
        {
            "operatorType": "StringIn",
            "key": "data.api",
            "values": ["PutBlob", "PutBlockList", "CopyBlob", "FlushWithClose"],
        }
    ]


def test_events_go_to_the_blob_trigger_at_the_app_s_real_host_name(
    subscription: dict[str, Any], bindings: dict[str, dict[str, Any]]
) -> None:
    (trigger,) = (name for name, trigger in bindings.items() if trigger["type"] == "blobTrigger")
    assert SUBSCRIPTION.variable("functionName") == trigger
    assert subscription["destination"]["endpointType"] == "WebHook"
    assert subscription["destination"]["properties"]["endpointUrl"] == (
        "https://${app.properties.defaultHostName}/runtime/webhooks/blobs"
        "?functionName=Host.Functions.${functionName}"
        "&code=${listKeys('${app.id}/host/default', '2024-04-01').systemKeys.blobs_extension}"
    )


def test_what_cannot_be_delivered_is_kept_by_an_identity(subscription: dict[str, Any]) -> None:
    assert subscription["retryPolicy"] == {
        "maxDeliveryAttempts": 30,
        "eventTimeToLiveInMinutes": 1440,
    }
    dead = subscription["deadLetterWithResourceIdentity"]
    assert dead["identity"] == {"type": "UserAssigned", "userAssignedIdentity": "identityId"}
    assert dead["deadLetterDestination"]["properties"]["blobContainerName"] == (
        "deadLettersContainer"
    )
    topic = MAIN.modules["topic"].params
    assert topic["managedIdentities"] == {
        "userAssignedResourceIds": ["eventsIdentity.outputs.resourceId"]
    }


def test_telemetry_is_sent_the_way_that_host_json_says() -> None:
    assert json.loads((ROOT / "host.json").read_text())["telemetryMode"] == "OpenTelemetry"
    settings = MAIN.variable("ownSettings")
    assert settings["PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY"] == "true"
    assert settings["APPLICATIONINSIGHTS_CONNECTION_STRING"] == "telemetry.outputs.connectionString"
    assert settings["APPLICATIONINSIGHTS_AUTHENTICATION_STRING"] == (
        "Authorization=AAD;ClientId=${identity.outputs.clientId}"
    )
