"""App settings, and how the storage account is reached."""

from dataclasses import fields
from pathlib import Path

import pytest

from captioner.errors import SettingsError
from captioner.settings import (
    Settings,
    StorageConnection,
    load_settings,
    load_storage_connection,
    local_environment,
    people_sign_in,
)


def test_nothing_needs_to_be_set() -> None:
    assert load_settings({}) == Settings()


def test_an_empty_value_is_not_set() -> None:
    assert load_settings({"VISION_ENDPOINT": " ", "VISION_KEY": "", "BEAM_SIZE": ""}) == Settings()


def test_every_setting_is_read() -> None:
    settings = load_settings(
        {
            "IMAGES_CONTAINER": "pictures",
            "CAPTIONS_CONTAINER": "words",
            "JOBS_CONTAINER": "work",
            "THUMBNAILS_CONTAINER": "small",
            "BLOB_TRIGGER_SOURCE": "Event-Grid",
            "MODEL_DIR": "elsewhere",
            "MODEL_URI": "https://name.blob.core.windows.net/models/tiny/1f?sig=x",
            "MODEL_CACHE_DIR": "kept",
            "MODEL_CHECK_SECONDS": "5",
            "BEAM_SIZE": "5",
            "ALTERNATIVES": "0",
            "ONNX_THREADS": "4",
            "CAPTIONS_AT_ONCE": "3",
            "VISION_ENDPOINT": "https://name.cognitiveservices.azure.com/",
            "VISION_KEY": "key",
            "VISION_TIMEOUT_SECONDS": "7.5",
            "VISION_REQUESTS_PER_MINUTE": "20",
            "NEUTRAL_WORDING": "True",
            "PREFERRED_TERMS": "sofa = couch, soccer ball=football,",
            "BLOCKED_TERMS": "gun, toy gun,",
            "CAPTION_LANGUAGE": "es",
            "MAX_IMAGE_BYTES": "1000",
            "MAX_IMAGE_PIXELS": "2000",
            "MAX_IMAGE_MEMORY": "3000",
            "SOURCE_TIMEOUT_SECONDS": "9",
            "SOURCE_HTTP": "true",
            "SOURCE_ALLOWED_HOSTS": "images.example, *.museum.example",
            "SOURCE_DENIED_HOSTS": "old.museum.example, 203.0.113.0/24",
            "SOURCE_PRIVATE_HOSTS": "name.blob.core.windows.net",
            "SEARCH_DIR": "found",
            "AZURE_SEARCH_ENDPOINT": "https://name.search.windows.net/",
            "AZURE_SEARCH_KEY": "admin",
            "AZURE_SEARCH_INDEX": "pictures-2",
            "IIIF_CANVAS": "https://example.org/iiif/{stem}/canvas",
        }
    )

    assert settings == Settings(
        images_container="pictures",
        captions_container="words",
        jobs_container="work",
        thumbnails_container="small",
        blob_trigger_source="event-grid",
        model_dir=Path("elsewhere"),
        model_uri="https://name.blob.core.windows.net/models/tiny/1f?sig=x",
        model_cache_dir=Path("kept"),
        model_check_s=5,
        beam_size=5,
        alternatives=0,
        onnx_threads=4,
        captions_at_once=3,
        vision_endpoint="https://name.cognitiveservices.azure.com",
        vision_key="key",
        vision_timeout_s=7.5,
        vision_requests_per_minute=20,
        neutral_wording=True,
        preferred_terms=(("sofa", "couch"), ("soccer ball", "football")),
        blocked_terms=("gun", "toy gun"),
        language="es",
        max_image_bytes=1000,
        max_image_pixels=2000,
        max_image_memory=3000,
        source_timeout_s=9,
        source_http=True,
        source_allowed_hosts=("images.example", "*.museum.example"),
        source_denied_hosts=("old.museum.example", "203.0.113.0/24"),
        source_private_hosts=("name.blob.core.windows.net",),
        search_dir=Path("found"),
        azure_search_endpoint="https://name.search.windows.net",
        azure_search_key="admin",
        azure_search_index="pictures-2",
        iiif_canvas="https://example.org/iiif/{stem}/canvas",
    )
    assert settings.vision_configured
    unchanged = [
        each.name for each in fields(Settings) if getattr(settings, each.name) == each.default
    ]
    assert unchanged == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("IMAGES_CONTAINER", "No"),
        ("IMAGES_CONTAINER", "double--hyphen"),
        ("BLOB_TRIGGER_SOURCE", "eventgrid"),
        ("BEAM_SIZE", "0"),
        ("BEAM_SIZE", "three"),
        ("MODEL_URI", "name.blob.core.windows.net/models/tiny"),
        ("MODEL_URI", "https://name.blob.core.windows.net/models"),
        ("MODEL_URI", "https://name.blob.core.windows.net/models/../tiny"),
        ("MODEL_URI", "https://user:secret@name.blob.core.windows.net/models/tiny"),
        ("MODEL_CHECK_SECONDS", "0"),
        ("VISION_ENDPOINT", "name.cognitiveservices.azure.com"),
        ("VISION_TIMEOUT_SECONDS", "0"),
        ("VISION_TIMEOUT_SECONDS", "231"),
        ("VISION_TIMEOUT_SECONDS", "nan"),
        ("MAX_IMAGE_BYTES", "64 MB"),
        ("NEUTRAL_WORDING", "yes"),
        ("PREFERRED_TERMS", "sofa"),
        ("PREFERRED_TERMS", "sofa="),
        ("PREFERRED_TERMS", "a=b=c"),
        ("PREFERRED_TERMS", "sofa=couch, Sofa=settee"),
        ("SOURCE_TIMEOUT_SECONDS", "0"),
        ("SOURCE_HTTP", "1"),
        ("SOURCE_ALLOWED_HOSTS", "https://a.example"),
        ("SOURCE_ALLOWED_HOSTS", "a.example:443"),
        ("SOURCE_ALLOWED_HOSTS", "a.example b.example"),
        ("SOURCE_ALLOWED_HOSTS", "93.184.215.14"),
        ("SOURCE_ALLOWED_HOSTS", "a.*.example"),
        ("SOURCE_ALLOWED_HOSTS", "*"),
        ("SOURCE_ALLOWED_HOSTS", "bücher.example"),
        ("SOURCE_DENIED_HOSTS", "10.0.0.0/33"),
        ("SOURCE_DENIED_HOSTS", "a..example"),
        ("SOURCE_PRIVATE_HOSTS", "10.0.0.0/8"),
        ("IIIF_CANVAS", "https://example.org/iiif/canvas"),
        ("IIIF_CANVAS", "https://example.org/{id}/{name}"),
        ("IIIF_CANVAS", "https://{name}/canvas"),
        ("IIIF_CANVAS", "https://example.org/{name}#canvas"),
        ("IIIF_CANVAS", "urn:{sha256}"),
    ],
)
def test_a_faulty_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        load_settings({name: value})


def test_hosts_and_networks() -> None:
    settings = load_settings(
        {
            "SOURCE_ALLOWED_HOSTS": " Images.Example., *.a_b.example ,xn--p-ega.example,intranet",
            "SOURCE_DENIED_HOSTS": "evil.example, 203.0.113.9/24, 8.8.8.8, 2606:4700::/32",
        }
    )

    assert settings.source_allowed_hosts == (
        "images.example",
        "*.a_b.example",
        "xn--p-ega.example",
        "intranet",
    )
    assert settings.source_denied_hosts == (
        "evil.example",
        "203.0.113.0/24",
        "8.8.8.8/32",
        "2606:4700::/32",
    )


def test_preferred_terms_that_would_rewrite_each_other_are_told() -> None:
    with pytest.raises(SettingsError, match="with pair 2 what pair 1 replaces"):
        load_settings({"PREFERRED_TERMS": "dog=hound, puppy=young dog"})


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(SettingsError, match=r"BEAM_SIZE .*; ONNX_THREADS "):
        load_settings({"BEAM_SIZE": "0", "ONNX_THREADS": "0"})


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"VISION_KEY": "secret"}, "VISION_ENDPOINT"),
        ({"VISION_ENDPOINT": "https://a"}, "VISION_KEY"),
    ],
)
def test_half_of_vision_is_a_fault(given: dict[str, str], missing: str) -> None:
    with pytest.raises(SettingsError, match=f"{missing} must be set") as fault:
        load_settings(given)
    assert "secret" not in fault.value.message


def test_sidecars_may_not_lie_among_the_images() -> None:
    with pytest.raises(SettingsError, match="must differ"):
        load_settings({"CAPTIONS_CONTAINER": "images"})


@pytest.mark.parametrize("container", ["images", "captions"])
def test_jobs_have_a_container_of_their_own(container: str) -> None:
    with pytest.raises(SettingsError, match="JOBS_CONTAINER must differ"):
        load_settings({"JOBS_CONTAINER": container})


def test_the_key_is_never_shown() -> None:
    assert "secret" not in repr(
        Settings(vision_key="secret", azure_search_key="secret", model_uri="https://a/b/c?secret")
    )


@pytest.mark.parametrize("name", ["Captioner", "a", "-a", "a--b", "a_b"])
def test_an_index_has_a_name_that_the_service_takes(name: str) -> None:
    with pytest.raises(SettingsError, match="AZURE_SEARCH_INDEX"):
        load_settings({"AZURE_SEARCH_INDEX": name})


class TestStorageConnection:
    def test_a_connection_string(self) -> None:
        connection = load_storage_connection({"AzureWebJobsStorage": "UseDevelopmentStorage=true"})

        assert connection.connection_string == "UseDevelopmentStorage=true"

    def test_endpoints_and_an_identity(self) -> None:
        connection = load_storage_connection(
            {
                "AzureWebJobsStorage__blobServiceUri": "https://a.blob.core.windows.net",
                "AzureWebJobsStorage__queueServiceUri": "https://a.queue.core.windows.net",
                "AzureWebJobsStorage__credential": "managedidentity",
                "AzureWebJobsStorage__clientId": "id",
            }
        )

        assert connection.connection_string is None
        assert connection.blob_endpoint == "https://a.blob.core.windows.net"
        assert connection.queue_endpoint == "https://a.queue.core.windows.net"
        assert connection.managed_identity
        assert connection.client_id == "id"

    def test_an_account_name_stands_for_its_endpoints(self) -> None:
        connection = load_storage_connection({"AzureWebJobsStorage__accountName": "a"})

        assert connection.blob_endpoint == "https://a.blob.core.windows.net"
        assert connection.queue_endpoint == "https://a.queue.core.windows.net"
        assert not connection.managed_identity

    @pytest.mark.parametrize(
        "environment", [{}, {"AzureWebJobsStorage__blobServiceUri": "https://a"}]
    )
    def test_half_a_connection_is_a_fault(self, environment: dict[str, str]) -> None:
        with pytest.raises(SettingsError, match="AzureWebJobsStorage__queueServiceUri"):
            load_storage_connection(environment)

    @pytest.mark.parametrize(
        ("connection_string", "emulator"),
        [
            ("UseDevelopmentStorage=true", "http://127.0.0.1:10000/devstoreaccount1"),
            ("usedevelopmentstorage=TRUE;", "http://127.0.0.1:10000/devstoreaccount1"),
            ("BlobEndpoint=http://127.0.0.1:5/a;AccountKey=x==", "http://127.0.0.1:5/a"),
            ("AccountName=a;AccountKey=x==;EndpointSuffix=core.windows.net", None),
            ("BlobEndpoint=https://a.blob.core.windows.net/;SharedAccessSignature=x", None),
        ],
    )
    def test_an_emulator_stands_in_for_the_account(
        self, connection_string: str, emulator: str | None
    ) -> None:
        assert StorageConnection(connection_string=connection_string).emulator == emulator
        assert StorageConnection(blob_endpoint="https://a").emulator is None

    def test_the_connection_string_is_never_shown(self) -> None:
        connection = load_storage_connection({"AzureWebJobsStorage": "AccountKey=secret"})

        assert "secret" not in repr(connection)


class TestLocalSettings:
    def test_values_lie_below_the_environment(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("BEAM_SIZE", "2")
        values = '{"Values": {"BEAM_SIZE": "5", "ALTERNATIVES": "1"}}'
        (tmp_path / "local.settings.json").write_text(values, encoding="utf-8-sig")

        settings = load_settings(local_environment(tmp_path))

        assert (settings.beam_size, settings.alternatives) == (2, 1)

    @pytest.mark.parametrize("text", ["", "[]", '{"Values": null}', '{"Values": {"BEAM_SIZE": 5}}'])
    def test_a_file_that_is_none_is_told_in_a_sentence(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "local.settings.json").write_text(text)

        with pytest.raises(SettingsError, match=r"local\.settings\.json cannot be read"):
            local_environment(tmp_path)


@pytest.mark.parametrize(
    "name", ["BEAM_SIZE", "VISION_TIMEOUT_SECONDS", "CAPTION_LANGUAGE", "NEUTRAL_WORDING"]
)
def test_a_key_in_the_wrong_place_is_not_shown(name: str) -> None:
    with pytest.raises(SettingsError) as fault:
        load_settings({name: "0123secret"})

    assert "0123secret" not in str(fault.value)


@pytest.mark.parametrize(
    ("value", "known"),
    [("True", True), ("true", True), ("1", True), ("False", False), ("", False), ("yes", False)],
)
def test_people_are_known_where_the_platform_lets_them_sign_in(value: str, known: bool) -> None:
    assert people_sign_in({"WEBSITE_AUTH_ENABLED": value}) is known
    assert not people_sign_in({})
