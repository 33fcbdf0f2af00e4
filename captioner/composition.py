"""App settings to services: everything that a process shares, made when it is first needed."""

import logging
import os
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock

from captioner.attention import Explanations
from captioner.captioning import Captioner, CaptioningService, Lane
from captioner.catalogue import Catalogue, Upkeep
from captioner.collection import Collection
from captioner.curation import Curation
from captioner.events import ImageEvents
from captioner.exports import Canvas, Exports, Listing
from captioner.images import Picture, decode
from captioner.jobs import JOBS_QUEUE, LISTS_QUEUE, Jobs, JobWorker, build_jobs
from captioner.model.bundle import open_bundle
from captioner.model.onnx_captioner import OnnxCaptioner
from captioner.ondemand import OnDemand
from captioner.search import Search
from captioner.search.embedded import EmbeddedSearch
from captioner.serving import FolderModel, ModelSource, place_of, published_model
from captioner.settings import Settings, StorageConnection, load_settings, load_storage_connection
from captioner.sources import Sources
from captioner.sources.redaction import silence_queries
from captioner.store import CatalogueBlobs, Documents, ImageStore, MessageQueue
from captioner.store.account import open_account
from captioner.telemetry import tell_model
from captioner.thumbnails import CONTENT_TYPE as THUMBNAIL_TYPE
from captioner.thumbnails import LONGEST_SIDE, Thumbnails
from captioner.uploads import Uploads
from captioner.vision.azure_captioner import AzureVisionCaptioner
from captioner.vision.throttle import Throttle
from captioner.wording import Wording

# The model takes milliseconds; so long a wait means that something is badly wrong.
_OWN_TIMEOUT_S = 60.0
_OWN_BATCH = 8
# Vision keeps to its time by itself; the margin lets it say itself what went wrong.
_VISION_MARGIN_S = 10.0
_VISION_THREADS = 8


class Once[T]:
    """Makes a value at its first use, once for all threads; a failure is not remembered."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._made: list[T] = []
        self._lock = Lock()

    def __call__(self) -> T:
        if not self._made:
            with self._lock:
                if not self._made:
                    self._made.append(self._make())
        return self._made[0]


@dataclass(frozen=True, slots=True)
class Services:
    """What triggers and routes need; safe to share between threads."""

    own_captioner: ModelSource
    captioning: CaptioningService
    store: ImageStore
    events: ImageEvents
    sources: Callable[[], Sources]
    on_demand: OnDemand
    jobs: Jobs
    job_worker: JobWorker
    upkeep: Upkeep
    search: Search
    collection: Collection
    curation: Curation
    thumbnails: Thumbnails
    uploads: Uploads
    explanations: Explanations
    exports: Exports


def app_settings() -> Settings:
    """Read the app settings, and hold the model's URI against the account; nothing is reached.

    Raises `SettingsError`.
    """
    settings = load_settings()
    if settings.model_uri is not None:
        place_of(settings.model_uri, load_storage_connection())
    return settings


def build_captioning(
    settings: Settings, connection: StorageConnection | None = None
) -> CaptioningService:
    """Put the captioners together; the bundle is opened with the first picture.

    `connection` is how published models are read; a signed URI needs none.
    """
    return _captioning(settings, _own_captioner(settings, connection or StorageConnection()))


def build_services(settings: Settings, connection: StorageConnection) -> Services:
    """Put everything together; storage is reached and the bundle opened at first use."""
    own_captioner = _own_captioner(settings, connection)
    captioning = _captioning(settings, own_captioner)
    blobs, queues = open_account(connection)
    store = ImageStore(blobs, queues, settings)
    catalogue = CatalogueBlobs(blobs, settings)
    read = _decoder(settings)
    pictures = blobs.get_container_client(settings.thumbnails_container)
    thumbnails = Thumbnails(Documents(pictures, content_type=THUMBNAIL_TYPE), store, read)
    events = ImageEvents(store, captioning, thumbnails)
    sources = Once(partial(Sources.of, settings, emulator=connection.emulator))
    jobs, job_worker = build_jobs(
        Documents(blobs.get_container_client(settings.jobs_container)),
        jobs_queue=MessageQueue.of(queues, JOBS_QUEUE),
        lists_queue=MessageQueue.of(queues, LISTS_QUEUE),
        sources=sources,
        captioning=captioning,
        # Apart, so that jobs hold up nobody who waits for an answer.
        on_demand=OnDemand(captioning, max_bytes=settings.max_image_bytes),
        store=store,
        events=events,
        models=own_captioner,
    )
    collection = Collection(Catalogue(catalogue), local_folder(settings))
    return Services(
        own_captioner,
        captioning,
        store,
        events,
        sources,
        OnDemand(captioning, max_bytes=settings.max_image_bytes),
        jobs,
        job_worker,
        Upkeep(catalogue, store),
        build_search(settings, catalogue, store),
        collection,
        Curation(store, captioning, forget=thumbnails.forget),
        thumbnails,
        Uploads(store, read, thumbnails, events),
        Explanations(store, read, own_captioner),
        build_exports(settings, store, collection),
    )


def build_exports(settings: Settings, store: ImageStore, listing: Listing) -> Exports:
    """Give what reads records to export them; nothing is reached before its first use."""
    return Exports(store, listing, Canvas(settings.iiif_canvas, store.images_url))


def build_search(settings: Settings, blobs: CatalogueBlobs, store: ImageStore) -> Search:
    """Give the search that the settings want; nothing is reached before its first use."""
    if settings.azure_search_endpoint is None:
        return EmbeddedSearch(Catalogue(blobs), local_folder(settings))
    from captioner.search.azure import AzureSearch  # noqa: PLC0415 - costs a second to import

    return AzureSearch.connect(settings, blobs, store)


def local_folder(settings: Settings) -> Path:
    """Give the folder of what follows the catalogue on local disk."""
    return settings.search_dir or _temporary_folder()


services = Once(lambda: build_services(load_settings(), load_storage_connection()))
"""The services of this process, as its app settings want them."""


def _own_captioner(settings: Settings, connection: StorageConnection) -> ModelSource:
    def open_captioner(folder: Path) -> OnnxCaptioner:
        return OnnxCaptioner(
            open_bundle(folder, threads=settings.onnx_threads),
            beam_size=settings.beam_size,
            alternatives=settings.alternatives,
        )

    def open_shipped() -> OnnxCaptioner:
        captioner = open_captioner(settings.model_dir)
        tell_model(captioner.model.name, captioner.model.version)
        return captioner

    uri = settings.model_uri
    if uri is None:
        return FolderModel(Once(open_shipped))
    silence_queries()  # it may be signed
    folder = settings.model_cache_dir or _temporary_folder() / "models"
    return published_model(uri, connection, folder, open_captioner, check_s=settings.model_check_s)


def _temporary_folder() -> Path:
    # Each user has a folder of their own: nobody may write into another's.
    user = f"captioner-{os.getuid()}" if hasattr(os, "getuid") else "captioner"
    return Path(tempfile.gettempdir()) / user


def _decoder(settings: Settings) -> partial[Picture]:
    # At its most talkative it tells what is in the metadata of pictures: names and places.
    logging.getLogger("PIL").setLevel(logging.INFO)
    # Python remembers each warning for ever, to give it once: files that are damaged in thousands
    # of ways would fill memory and log. What cannot be read raises, and is told.
    warnings.filterwarnings("ignore", module=r"PIL\.")
    return partial(
        decode,
        max_bytes=settings.max_image_bytes,
        max_pixels=settings.max_image_pixels,
        max_memory=settings.max_image_memory,
    )


def _captioning(settings: Settings, own_captioner: ModelSource) -> CaptioningService:
    vision = _vision_lane(settings)
    read = _decoder(settings)
    if vision is None:
        # The model looks at fewer pixels than a thumbnail has; Vision would look at more.
        read = partial(read, enough=LONGEST_SIDE["small"])
    return CaptioningService(
        read,
        own=Lane(
            OnnxCaptioner.source,
            own_captioner,
            batch_size=_OWN_BATCH,
            threads=settings.captions_at_once,
            timeout_s=_OWN_TIMEOUT_S,
        ),
        vision=vision,
        wording=Wording(
            neutral=settings.neutral_wording,
            preferred=settings.preferred_terms,
            blocked=settings.blocked_terms,
        ),
    )


def _vision_lane(settings: Settings) -> Lane[Captioner] | None:
    if settings.vision_endpoint is None or settings.vision_key is None:
        return None
    open_captioner = partial(  # at first use: the SDK's import would delay the app's start
        AzureVisionCaptioner,
        settings.vision_endpoint,
        settings.vision_key,
        timeout_s=settings.vision_timeout_s,
        language=settings.language,
        throttle=Throttle(settings.vision_requests_per_minute),
        # Of use only where the first may be blocked.
        max_candidates=1 + settings.alternatives if settings.blocked_terms else 1,
    )
    return Lane(
        AzureVisionCaptioner.source,
        Once(open_captioner),
        batch_size=1,  # a picture that the service refuses costs no other its caption
        threads=_VISION_THREADS,
        timeout_s=settings.vision_timeout_s + _VISION_MARGIN_S,
    )
