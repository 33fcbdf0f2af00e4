"""The triggers and routes that the host finds."""

import importlib.util
from types import ModuleType
from typing import Any

import pytest
from azure.functions import AuthLevel, QueueMessage

import function_app
from captioner.errors import SettingsError


def test_functions_are_triggered_by_what_the_readme_promises(
    bindings: dict[str, dict[str, Any]],
) -> None:
    told = {
        name: trigger.get("route") or trigger.get("queueName") or trigger.get("path")
        for name, trigger in bindings.items()
    }

    assert told == {
        "image_landed": "images/{name}",
        "retry": "captioner-retry",
        "retry_gave_up": "captioner-retry-poison",
        "platform_gave_up": "webjobs-blobtrigger-poison",
        "job_listing": "captioner-job-lists",
        "job_listing_gave_up": "captioner-job-lists-poison",
        "job_step": "captioner-jobs",
        "job_step_gave_up": "captioner-jobs-poison",
        "start_job": "api/jobs",
        "list_jobs": "api/jobs",
        "job_status": "api/jobs/{id}",
        "renew_job": "api/jobs/{id}",
        "cancel_job": "api/jobs/{id}",
        "job_results": "api/jobs/{id}/results",
        "keep_catalogue": None,
        "caption": "api/caption",
        "record": "api/captions/{*name}",
        "put_image": "api/images/{*name}",
        "image": "api/images/{*name:minlength(1)}",
        "delete_image": "api/images/{*name}",
        "publish_alt_text": "api/alt-text/{*name}",
        "hand_alt_text_back": "api/alt-text/{*name}",
        "history": "api/history/{*name}",
        "page": "{ignored:maxlength(0)?}",
        "page_file": "web/{file}",
        "thumbnail": "api/thumbnails/{*name}",
        "attention": "api/attention/{*name}",
        "search": "api/search",
        "list_images": "api/images",
        "quality": "api/quality",
        "export": "api/export",
        "export_named": "api/export",
        "health": "api/health",
        "schema": "api/schema",
        "openapi": "api/openapi.json",
        "docs": "api/docs",
    }


def test_only_health_and_the_documents_are_open_to_anybody(
    bindings: dict[str, dict[str, Any]],
) -> None:
    levels = {
        name: trigger["authLevel"] for name, trigger in bindings.items() if "route" in trigger
    }

    opened = {name for name, level in levels.items() if level is AuthLevel.ANONYMOUS}
    assert opened == {"health", "openapi", "docs", "page", "page_file"}
    assert {levels[name] for name in levels.keys() - opened} == {AuthLevel.FUNCTION}


def test_all_storage_is_the_hosts_own(bindings: dict[str, dict[str, Any]]) -> None:
    connections = {trigger.get("connection") for trigger in bindings.values()} - {None}

    assert connections == {"AzureWebJobsStorage"}


@pytest.mark.parametrize(
    ("setting", "source"),
    [
        ("", "LogsAndContainerScan"),
        ("polling", "LogsAndContainerScan"),
        ("event-grid", "EventGrid"),
    ],
)
def test_the_host_learns_of_images_as_the_setting_says(
    setting: str, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BLOB_TRIGGER_SOURCE", setting)

    triggers = {
        function.get_function_name(): function.get_trigger().get_dict_repr()
        for function in loaded_anew().app.get_functions()
    }

    assert triggers["image_landed"]["source"] == source


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        ("models/tiny", "must be the URL of a model"),
        ("http://museum.example/models/tiny", "must begin with https"),
        ("https://museum.example/models/a/b/c", "must end with /CONTAINER/NAME"),
    ],
)
def test_the_app_does_not_start_by_a_uri_that_leads_to_no_model(
    uri: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or each image would fail, and end as poison."""
    monkeypatch.setenv("AzureWebJobsStorage", "UseDevelopmentStorage=true")
    monkeypatch.setenv("MODEL_URI", uri)

    with pytest.raises(SettingsError, match=told):
        loaded_anew()


def loaded_anew() -> ModuleType:
    """Load the app once more, as a process that starts does."""
    spec = importlib.util.find_spec("function_app")
    assert spec is not None
    assert spec.loader is not None
    anew = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(anew)
    return anew


@pytest.mark.parametrize(
    "queue",
    [
        *("retry", "platform_gave_up", "retry_gave_up"),
        *("job_listing", "job_listing_gave_up", "job_step", "job_step_gave_up"),
    ],
)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no JSON",
        b"\xff\xfe",
        b"[]",
        b'{"name": "a.jpg", "etag": "1", "attempt": -1}',
        b'{"ContainerName": 1}',
        b'{"step": {"type": "none"}}',
        b'{"x":' * 10_000,
    ],
    ids=lambda body: repr(body[:20]),
)
def test_a_message_that_is_none_of_ours_is_dropped(
    queue: str, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Were it to fail, the host would try it again for ever: poison has no poison queue."""
    getattr(function_app, queue)(QueueMessage(body=body))

    assert "is dropped" in caplog.text
