"""App settings as one frozen object; the only reader of the environment.

Each field's `env` metadata names its app setting and `doc` says what it does; the README's table
is checked against them.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec

from captioner.errors import SettingsError
from captioner.wording import Pairs, clash

# The connection that the host itself uses; images, captions and queues live in the same account.
STORAGE_CONNECTION = "AzureWebJobsStorage"

# Whether App Service lets nobody in who has not signed in; the platform sets it by itself.
_SIGN_IN = "WEBSITE_AUTH_ENABLED"

# What no log may hold; a model's URI may be signed.
_SECRET = ("vision_key", "azure_search_key", "model_uri")

VISION_LANGUAGES = ("en", "es", "ja", "pt", "zh")

type BlobTriggerSource = Literal["polling", "event-grid"]
BLOB_TRIGGER_SOURCES: tuple[BlobTriggerSource, ...] = ("polling", "event-grid")

_ENDPOINT = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._~/-]*)?")
_CANVAS_FIELD = re.compile(r"\{(name|stem|sha256)\}")
_CANVAS = re.compile(
    rf"https?://[A-Za-z0-9.-]+(:[0-9]+)?/([!$-;=?-Z_a-z~]|{_CANVAS_FIELD.pattern})*"
)
# Container, model and perhaps version, below an account's endpoint; perhaps a signature.
_MODEL_URI = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]+)?(/\w[\w.-]*){2,4}(\?[!-~]*)?", re.ASCII)
_KEY = re.compile(r"[!-~]+")  # ASCII without blanks, which is what a header can carry
# The last part has a letter, which tells a name from an address.
_HOST = re.compile(r"(?=.{1,253}\Z)(\*\.)?([a-z0-9_-]{1,63}\.)*(?=[0-9-]*[a-z_])[a-z0-9_-]{1,63}")
_CONTAINER_NAME = re.compile(r"(?=.{3,63}\Z)[a-z0-9]+(-[a-z0-9]+)*")
_INDEX_NAME = re.compile(r"(?=.{2,128}\Z)[a-z0-9]+(-[a-z0-9]+)*")


def _setting(env: str, default: Any, doc: str, parse: Callable[[str], Any]) -> Any:
    return field(default=default, metadata={"env": env, "doc": doc, "parse": parse})


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        # What is there instead is not told: it may be the key, set in the wrong place.
        if not re.fullmatch("[0-9]{1,18}", text) or not low <= int(text) <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(text)

    return parse


def _seconds(text: str) -> float:
    seconds = float(text) if re.fullmatch(r"[0-9]{1,18}(\.[0-9]*)?", text) else 0.0
    if not 0 < seconds <= 230:  # the platform cuts an HTTP answer off after 230 s
        raise ValueError("must be a number of seconds above 0 and at most 230")
    return seconds


def _container(text: str) -> str:
    if not _CONTAINER_NAME.fullmatch(text):
        raise ValueError(
            "must be a container name: 3 to 63 lower-case letters, digits and single hyphens"
        )
    return text


def _endpoint(text: str) -> str:
    if not _ENDPOINT.fullmatch(text):
        raise ValueError("must be a URL such as https://NAME.cognitiveservices.azure.com")
    return text.rstrip("/")


def _model_uri(text: str) -> str:
    if not _MODEL_URI.fullmatch(text):  # not told, as it may be signed
        raise ValueError(
            "must be the URL of a model, such as "
            "https://NAME.blob.core.windows.net/CONTAINER/MODEL, or of one of its versions"
        )
    return text


def _canvas(text: str) -> str:
    # What a name fills in is percent-encoded; nothing else may stand in braces.
    if not _CANVAS.fullmatch(text) or not _CANVAS_FIELD.search(text):
        raise ValueError(
            "must be a URL with {name}, {stem} or {sha256} in its path, such as "
            "https://example.org/iiif/{stem}/canvas"
        )
    return text


def _key(text: str) -> str:
    if not _KEY.fullmatch(text):  # the HTTP library would quote it in its complaint
        raise ValueError("must be the key alone, as the resource's page of keys shows it")
    return text


def _index_name(text: str) -> str:
    if not _INDEX_NAME.fullmatch(text):
        raise ValueError("must be 2 to 128 lower-case letters, digits and single hyphens")
    return text


def _language(text: str) -> str:
    if text not in VISION_LANGUAGES:
        raise ValueError(f"must be one of {', '.join(VISION_LANGUAGES)}")
    return text


def _choice(text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise ValueError("must be true or false")
    return text.lower() == "true"


def _blob_trigger_source(text: str) -> BlobTriggerSource:
    for source in BLOB_TRIGGER_SOURCES:
        if text.lower() == source:
            return source
    raise ValueError(f"must be {' or '.join(BLOB_TRIGGER_SOURCES)}")


def _terms(text: str) -> tuple[str, ...]:
    return tuple(term.strip() for term in text.split(",") if term.strip())


def _hosts(text: str) -> tuple[str, ...]:
    hosts = tuple(each.lower().removesuffix(".") for each in _terms(text))
    if not all(map(_HOST.fullmatch, hosts)):
        raise ValueError("must be hosts such as example.org and *.example.org, with commas between")
    return hosts


def _hosts_and_networks(text: str) -> tuple[str, ...]:
    def network(text: str) -> str | None:
        try:
            return str(ip_network(text, strict=False))
        except ValueError:
            return None

    return tuple(network(each) or _hosts(each)[0] for each in _terms(text))


def _term_pairs(text: str) -> Pairs:
    split = [[side.strip() for side in pair.split("=")] for pair in _terms(text)]
    pairs = tuple((sides[0], sides[1]) for sides in split if len(sides) == 2 and all(sides))
    if len(pairs) < len(split):
        raise ValueError("must be pairs such as sofa=couch, with commas between them")
    if len({old.casefold() for old, _ in pairs}) < len(pairs):
        raise ValueError("must name each term to be replaced once only")
    if found := clash(pairs):
        one, other = found
        raise ValueError(f"must not write with pair {one} what pair {other} replaces")
    return pairs


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set from outside; the defaults suit a small museum."""

    images_container: str = _setting(
        "IMAGES_CONTAINER", "images", "Container that images are dropped into.", _container
    )
    captions_container: str = _setting(
        "CAPTIONS_CONTAINER", "captions", "Container that the sidecars are written to.", _container
    )
    jobs_container: str = _setting(
        "JOBS_CONTAINER", "jobs", "Container that jobs and their results are kept in.", _container
    )
    thumbnails_container: str = _setting(
        "THUMBNAILS_CONTAINER",
        "thumbnails",
        "Container that the gallery's small copies of images are kept in.",
        _container,
    )
    blob_trigger_source: BlobTriggerSource = _setting(
        "BLOB_TRIGGER_SOURCE",
        "polling",
        "How the host learns of new images: with `polling` it looks into the container, with "
        "`event-grid` Event Grid tells it, as a Flex Consumption plan needs.",
        _blob_trigger_source,
    )
    model_dir: Path = _setting(
        "MODEL_DIR",
        Path("models"),
        "Folder of the model bundle; not read where `MODEL_URI` is set.",
        Path,
    )
    model_uri: str | None = _setting(
        "MODEL_URI",
        None,
        "URL of a published model, whose current version is followed, or of one version: "
        "`https://NAME.blob.core.windows.net/CONTAINER/MODEL` and `…/MODEL/VERSION`; read as the "
        "app reads its storage, or by the shared access signature in it.",
        _model_uri,
    )
    model_cache_dir: Path | None = _setting(
        "MODEL_CACHE_DIR",
        None,
        "Folder that published models are kept in, on a disk of this machine; one for temporary "
        "files where not set.",
        Path,
    )
    model_check_s: int = _setting(
        "MODEL_CHECK_SECONDS",
        60,
        "Time after which storage is asked again which version of the model is current.",
        _whole(1, 86_400),
    )
    beam_size: int | None = _setting(
        "BEAM_SIZE",
        None,
        "Beams of the caption search; the bundle's own where not set.",
        _whole(1, 20),
    )
    alternatives: int = _setting(
        "ALTERNATIVES",
        2,
        "Further captions kept beside the best one, at most BEAM_SIZE - 1.",
        _whole(0, 10),
    )
    onnx_threads: int = _setting(
        "ONNX_THREADS", 1, "Threads that onnxruntime encodes a picture with.", _whole(1, 64)
    )
    captions_at_once: int = _setting(
        "CAPTIONS_AT_ONCE",
        1,
        "Images that the own model captions at the same time, each on threads of its own.",
        _whole(1, 64),
    )
    vision_endpoint: str | None = _setting(
        "VISION_ENDPOINT",
        None,
        "Endpoint of the Azure AI Vision resource; without it and its "
        "key, records hold the own caption only.",
        _endpoint,
    )
    vision_key: str | None = _setting(
        "VISION_KEY", None, "Key of the Azure AI Vision resource.", _key
    )
    vision_timeout_s: float = _setting(
        "VISION_TIMEOUT_SECONDS", 20.0, "Time for one Vision caption, retries included.", _seconds
    )
    vision_requests_per_minute: int = _setting(
        "VISION_REQUESTS_PER_MINUTE",
        600,
        "Requests a minute that this process sends to Vision; 20 on its free tier.",
        _whole(1, 100_000),
    )
    neutral_wording: bool = _setting(
        "NEUTRAL_WORDING",
        False,
        "`true` replaces words that tell people's sex in English captions.",
        _choice,
    )
    preferred_terms: Pairs = _setting(
        "PREFERRED_TERMS",
        (),
        "Terms to be replaced in captions: `sofa=couch, photo=photograph`.",
        _term_pairs,
    )
    blocked_terms: tuple[str, ...] = _setting(
        "BLOCKED_TERMS",
        (),
        "Terms that no caption may hold, with commas between them.",
        _terms,
    )
    language: str = _setting(
        "CAPTION_LANGUAGE", "en", "Language asked of Vision where a request names none.", _language
    )
    max_image_bytes: int = _setting(
        "MAX_IMAGE_BYTES", 64 * 2**20, "Largest image taken, in bytes.", _whole(1, 2**30)
    )
    max_image_pixels: int = _setting(
        "MAX_IMAGE_PIXELS", 120_000_000, "Largest image taken, in pixels.", _whole(1, 2**30)
    )
    max_image_memory: int = _setting(
        "MAX_IMAGE_MEMORY",
        720_000_000,
        "Memory that decoding one image may take, in bytes; kinds that take much of it for a pixel "
        "may have fewer pixels: WebP 1 for each 16 bytes, AVIF 14, HEIC 13, others 6 to 9.",
        _whole(1, 2**36),
    )
    source_timeout_s: float = _setting(
        "SOURCE_TIMEOUT_SECONDS",
        30.0,
        "Time for fetching one image from its URL, redirects included.",
        _seconds,
    )
    source_http: bool = _setting(
        "SOURCE_HTTP", False, "`true` fetches images by plain http too.", _choice
    )
    source_allowed_hosts: tuple[str, ...] = _setting(
        "SOURCE_ALLOWED_HOSTS",
        (),
        "Hosts that images may be fetched from: `images.example.org, *.example.com`; any public "
        "one where not set.",
        _hosts,
    )
    source_denied_hosts: tuple[str, ...] = _setting(
        "SOURCE_DENIED_HOSTS",
        (),
        "Hosts, addresses and networks that no image is fetched from: "
        "`*.example.com, 203.0.113.0/24`.",
        _hosts_and_networks,
    )
    source_private_hosts: tuple[str, ...] = _setting(
        "SOURCE_PRIVATE_HOSTS",
        (),
        "Blob endpoints of Azure Storage that may have private addresses, as they do behind "
        "private endpoints: `NAME.blob.core.windows.net`.",
        _hosts,
    )
    search_dir: Path | None = _setting(
        "SEARCH_DIR",
        None,
        "Folder of the indexes of search and lists, on a disk of this machine; one for temporary "
        "files where not set.",
        Path,
    )
    azure_search_endpoint: str | None = _setting(
        "AZURE_SEARCH_ENDPOINT",
        None,
        "Endpoint of an Azure AI Search resource, `https://NAME.search.windows.net`; without it, "
        "each instance searches by an index of its own.",
        _endpoint,
    )
    azure_search_key: str | None = _setting(
        "AZURE_SEARCH_KEY",
        None,
        "Admin key of the Azure AI Search resource; without it, the app's identity is used.",
        _key,
    )
    azure_search_index: str = _setting(
        "AZURE_SEARCH_INDEX",
        "captioner",
        "Index there, which the app makes and owns.",
        _index_name,
    )

    iiif_canvas: str | None = _setting(
        "IIIF_CANVAS",
        None,
        "URIs of canvases that exported annotations are on, with `{name}`, `{stem}` (the name "
        "without its ending) or `{sha256}`: `https://example.org/iiif/{stem}/canvas`; the images' "
        "own URLs where not set.",
        _canvas,
    )

    def __repr__(self) -> str:
        shown = (
            f"{each.name}={'***' if each.name in _SECRET else getattr(self, each.name)!r}"
            for each in fields(self)
        )
        return f"Settings({', '.join(shown)})"

    @property
    def vision_configured(self) -> bool:
        return self.vision_endpoint is not None and self.vision_key is not None


class _LocalSettings(msgspec.Struct, frozen=True):
    """The part of a `local.settings.json` that holds app settings."""

    values: dict[str, str] = msgspec.field(name="Values", default_factory=dict)


def local_environment(folder: Path) -> dict[str, str]:
    """Give the app settings that a host started in this folder sees.

    Those are the values of its `local.settings.json`, where there is one, below the environment.
    Raises `SettingsError` where that file cannot be read.
    """
    path = folder / "local.settings.json"
    try:
        # Editors on Windows put a mark before the text.
        text = path.read_text(encoding="utf-8-sig") if path.exists() else "{}"
        values = msgspec.json.decode(text, type=_LocalSettings).values
    except (OSError, UnicodeDecodeError, msgspec.DecodeError) as fault:
        raise SettingsError(f"{path.name} cannot be read ({fault}): mend it.") from fault
    return {**values, **os.environ}


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings; an empty value counts as not set.

    Raises `SettingsError` that names every setting at fault and what it should be.
    """
    environment = os.environ if environment is None else environment
    values: dict[str, Any] = {}
    faults: list[str] = []
    for each in fields(Settings):
        text = environment.get(each.metadata["env"], "").strip()
        if not text:
            continue
        try:
            values[each.name] = each.metadata["parse"](text)
        except ValueError as fault:
            faults.append(f"{each.metadata['env']} {fault}")
    settings = Settings(**values)
    if (settings.vision_endpoint is None) != (settings.vision_key is None):
        missing = "VISION_KEY" if settings.vision_key is None else "VISION_ENDPOINT"
        faults.append(f"{missing} must be set too, or neither it nor its partner")
    containers = [settings.images_container]
    for name, container in (
        ("CAPTIONS_CONTAINER", settings.captions_container),
        ("JOBS_CONTAINER", settings.jobs_container),
        ("THUMBNAILS_CONTAINER", settings.thumbnails_container),
    ):
        if container in containers:
            faults.append(f"{name} must differ from the other containers")
        containers.append(container)
    if faults:
        raise SettingsError(f"Mend these app settings: {'; '.join(faults)}.")
    return settings


def people_sign_in(environment: Mapping[str, str] | None = None) -> bool:
    """Tell whether the platform knows people by name: only then its headers that name them count.

    Where it does not, anybody could send such headers.
    """
    environment = os.environ if environment is None else environment
    return environment.get(_SIGN_IN, "").strip().lower() in {"true", "1"}


@dataclass(frozen=True, slots=True, repr=False)
class StorageConnection:
    """How to reach the storage account: a connection string, or endpoints and an identity.

    The settings are those that the host reads for its own connection.
    """

    connection_string: str | None = None
    blob_endpoint: str | None = None
    queue_endpoint: str | None = None
    managed_identity: bool = False
    client_id: str | None = None

    @property
    def emulator(self) -> str | None:
        """Give the blob endpoint of the emulator that stands in for the account, if one does.

        An emulator has the account's name in the path of its URLs, Azure in their host.
        """
        pairs = (part.partition("=") for part in (self.connection_string or "").split(";"))
        parts = {name.strip().lower(): value.strip() for name, _, value in pairs}
        if parts.get("usedevelopmentstorage", "").lower() == "true":
            return "http://127.0.0.1:10000/devstoreaccount1"
        endpoint = parts.get("blobendpoint", "")
        return endpoint if urlsplit(endpoint).path.strip("/") else None


def load_storage_connection(environment: Mapping[str, str] | None = None) -> StorageConnection:
    """Read how the host reaches its storage account, so that the app uses the same one.

    Raises `SettingsError` where neither a connection string nor both endpoints are set.
    """
    environment = os.environ if environment is None else environment

    def part(name: str) -> str | None:
        return environment.get(f"{STORAGE_CONNECTION}{name}", "").strip() or None

    def endpoint(service: str) -> str | None:
        account = part("__accountName")
        return part(f"__{service}ServiceUri") or (
            f"https://{account}.{service}.core.windows.net" if account else None
        )

    connection = StorageConnection(
        connection_string=part(""),
        blob_endpoint=endpoint("blob"),
        queue_endpoint=endpoint("queue"),
        managed_identity=(part("__credential") or "").lower() == "managedidentity",
        client_id=part("__clientId"),
    )
    if connection.connection_string is None and not (
        connection.blob_endpoint and connection.queue_endpoint
    ):
        raise SettingsError(
            f"Set {STORAGE_CONNECTION} to a connection string, or "
            f"{STORAGE_CONNECTION}__blobServiceUri and {STORAGE_CONNECTION}__queueServiceUri."
        )
    return connection
