"""Jobs on a real emulator of storage, with queues that a test empties step by step."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import msgspec
import pytest
from azure.storage.blob import BlobServiceClient, ContainerClient

from captioner.api.requests import read_job
from captioner.catalogue import Catalogue
from captioner.errors import StoreUnavailable
from captioner.events import ImageEvents
from captioner.jobs import Cursor, JobMessage, Jobs, JobStatus, JobWorker, Result
from captioner.jobs import build_jobs as build
from captioner.ondemand import OnDemand
from captioner.serving import FolderModel
from captioner.settings import Settings, StorageConnection
from captioner.sources import Sources
from captioner.store import CatalogueBlobs, Documents, ImageStore
from tests.support.azurite import Azurite
from tests.support.captioners import ScriptedCaptioner, service_of
from tests.support.web import Web


@dataclass
class Held:
    """A queue whose messages wait for the test; remembers all that were sent."""

    sent: list[tuple[JobMessage, timedelta]] = field(default_factory=list)
    waiting: list[tuple[JobMessage, timedelta]] = field(default_factory=list)

    def send(self, message: bytes, *, delay: timedelta = timedelta(0)) -> None:
        told = msgspec.json.decode(message, type=JobMessage), delay
        self.sent.append(told)
        self.waiting.append(told)


class Shaky(Documents):
    """Documents that fail once, at the call that `fails_at` counts down to."""

    fails_at = -1

    def __getattribute__(self, name: str) -> object:
        if name in {"create", "put", "replace", "describe", "delete", "look", "read", "page"}:
            self.fails_at -= 1
            if self.fails_at == 0:
                raise StoreUnavailable("The storage account is busy.")
        return super().__getattribute__(name)


@dataclass
class Bench:
    """What starts jobs and does their steps, and everything around it."""

    jobs: Jobs
    worker: JobWorker
    queue: Held
    documents: Shaky
    store: ImageStore
    catalogue: Catalogue
    own: ScriptedCaptioner
    vision: ScriptedCaptioner

    def start(self, **request: object) -> str:
        return self.jobs.start(read_job(msgspec.json.encode(request), {})).id

    def run(self, *, twice: bool = False, give_up_after: int = 5) -> None:
        """Do all steps that are due, and those that they lead to, in order.

        A step that fails comes again, and is given up at last, as the platform does it.
        """
        while due := [each for each in self.queue.waiting if each[1] < timedelta(seconds=5)]:
            self.queue.waiting.remove(due[0])
            for _ in range(1 + twice):
                self.do(due[0][0], give_up_after=give_up_after)

    def do(self, message: JobMessage, *, give_up_after: int = 5) -> None:
        for _ in range(give_up_after):
            try:
                self.worker.do(message)
            except Exception as fault:  # noqa: BLE001 - as the platform
                self.fault = fault
            else:
                return
        self.worker.gave_up(message)

    def later(self) -> list[timedelta]:
        """Let time pass: what was to be done later is due now. Give how long it had to wait."""
        delays = [delay for _, delay in self.queue.waiting]
        self.queue.waiting = [(message, timedelta(0)) for message, _ in self.queue.waiting]
        return [delay for delay in delays if delay < timedelta(minutes=10)]

    def results(self, job: str, limit: int = 7) -> list[Result]:
        """Read all results that there are, page by page."""
        found: list[Result] = []
        cursor: Cursor | None = Cursor()
        while cursor is not None:
            page = self.jobs.results(job, cursor, limit)
            found += [msgspec.json.decode(line, type=Result) for line in page.lines]
            if not page.lines and page.next is not None:
                break  # more is to come
            cursor = page.next
        return found

    def status(self, job: str) -> JobStatus:
        return self.jobs.status(job)

    def told(self) -> list[str]:
        """Give the images of all changes that the catalogue was told of."""
        return [change.name for change in self.catalogue.read().changes]

    def counts(self, job: str) -> dict[str, int]:
        return {
            name: count
            for name, count in msgspec.structs.asdict(self.status(job).counts).items()
            if count
        }

    def secrets(self, job: str) -> int:
        return len(self.documents.every(f"sources/{job}"))


@pytest.fixture
def web() -> Web:
    return Web()


@pytest.fixture
def bench(
    azurite: Azurite, blobs: BlobServiceClient, unique_name: Callable[[str], str]
) -> Iterator[Bench]:
    settings = Settings(
        images_container=unique_name("images"),
        captions_container=unique_name("captions"),
        jobs_container=unique_name("jobs"),
    )
    connection = StorageConnection(connection_string=azurite.connection_string)
    own = ScriptedCaptioner("onnx", "own words")
    vision = ScriptedCaptioner("azure-vision", "their words")
    vision.languages = {"en", "es"}
    captioning = service_of(own, vision)
    queue = Held()
    with (
        ImageStore.connect(connection, settings) as store,
        Sources.of(settings, emulator=connection.emulator) as sources,
    ):
        store.ensure_containers()
        documents = Shaky(blobs.get_container_client(settings.jobs_container))
        jobs, worker = build(
            documents,
            jobs_queue=queue,
            lists_queue=queue,
            sources=lambda: sources,
            captioning=captioning,
            on_demand=OnDemand(captioning, max_bytes=settings.max_image_bytes),
            store=store,
            events=ImageEvents(store, captioning),
            models=FolderModel(lambda: own),
        )
        catalogue = Catalogue(CatalogueBlobs(blobs, settings))
        yield Bench(jobs, worker, queue, documents, store, catalogue, own, vision)


@pytest.fixture
def container(blobs: BlobServiceClient, unique_name: Callable[[str], str]) -> ContainerClient:
    return blobs.create_container(unique_name("pictures"))
