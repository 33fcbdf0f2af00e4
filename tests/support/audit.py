"""What storage alone tells of whether anything was lost: no log, no memory, no answer of the app.

audit = Audit(azurite, app.settings, queues=[…])
audit.wait_until_true({"a.jpg": [Text("A red door.")]})
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

import msgspec
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.queue import QueueServiceClient
from msgspec import UNSET

from captioner.errors import RecordNotFound, RecordUnreadable
from captioner.jobs import JOBS_QUEUE, LISTS_QUEUE
from captioner.records import CaptionRecord
from captioner.settings import StorageConnection, load_settings
from captioner.store import RETRY_QUEUE, ImageStore, sidecar_name
from tests.support.azurite import Azurite
from tests.support.waiting import wait_for

_JOB_QUEUES = (JOBS_QUEUE, LISTS_QUEUE)


class Text(NamedTuple):
    """A text that somebody sent, and whether the app acknowledged that it is published."""

    text: str
    acknowledged: bool = True


@dataclass(frozen=True, slots=True)
class Audit:
    """Compares the images that there are with what is told of them.

    `queues` are those in which nothing may wait in the end; `sources` the captioners of which each
    image must have a caption, or a problem.
    """

    azurite: Azurite
    settings: Mapping[str, str]
    queues: Sequence[str] = ()
    sources: Sequence[str] = ("onnx",)

    def wait_until_true(
        self, published: Mapping[str, Sequence[Text]] | None = None, *, deadline_s: float = 120
    ) -> None:
        """Wait until nothing is wrong; raises `AssertionError` with all that is."""
        found: list[str] = []

        def is_settled() -> bool:
            found[:] = self.faults(published or {})
            return not found

        try:
            wait_for(is_settled, "everything to be in its place", deadline_s=deadline_s)
        except AssertionError as fault:
            raise AssertionError("\n".join([str(fault), *found])) from None

    def faults(self, published: Mapping[str, Sequence[Text]]) -> list[str]:
        """Tell what is wrong now; `published` are the texts that people put on each image.

        In the order in which they were sent: the last that the app acknowledged, or one sent after
        it, is to be published still, and all that it acknowledged are to be in the history.
        """
        connection = StorageConnection(connection_string=self.azurite.connection_string)
        with ImageStore.connect(connection, load_settings(self.settings)) as store:
            images = {image.name: image.etag for image in store.list_images()}
            return [
                *self._of_images(store, images),
                *self._of_strays(images),
                *self._of_texts(store, images, published),
                *self._of_queues(self.queues),
                *self._of_jobs(),
            ]

    def _of_images(self, store: ImageStore, images: Mapping[str, str]) -> Iterator[str]:
        for name, etag in images.items():
            try:
                record, _ = store.get_record(name)
                stored = store.get_image(name)
            except (RecordNotFound, RecordUnreadable) as fault:
                yield f"{name}: {fault.message}"
                continue
            yield from (f"{name}: {fault}" for fault in _of_record(record, self.sources))
            if record.image.etag != etag:
                yield f"{name}: the sidecar is of another version"
            elif record.image.sha256 not in {UNSET, hashlib.sha256(stored.data).hexdigest()}:
                yield f"{name}: the sidecar is of other bytes"

    def _of_strays(self, images: Iterable[str]) -> Iterator[str]:
        expected = {sidecar_name(name) for name in images}
        with self.azurite.blobs() as blobs:
            container = blobs.get_container_client(self.settings["CAPTIONS_CONTAINER"])
            for name in container.list_blob_names():
                if not name.startswith(".") and name not in expected:
                    yield f"{name}: a sidecar of no image"

    def _of_texts(
        self, store: ImageStore, images: Iterable[str], published: Mapping[str, Sequence[str]]
    ) -> Iterator[str]:
        there = set(images)
        for name, texts in published.items():
            if not texts:
                continue
            try:
                record = store.get_record(name)[0] if name in there else store.kept.read(name)[0]
            except (RecordNotFound, RecordUnreadable) as fault:
                yield f"{name}: what people wrote is lost: {fault.message}"
                continue
            now = record.alt_text.text if record.alt_text else None
            sure = [number for number, (_, is_sure) in enumerate(texts) if is_sure]
            if not sure:
                continue
            if now not in {text for text, _ in texts[sure[-1] :]}:
                yield f"{name}: {now!r} is published, not {texts[sure[-1]].text!r}"
            known = {each.text for each in record.history} | {now}
            yield from (
                f"{name}: {text!r} is lost"
                for text, is_sure in texts
                if is_sure and text not in known
            )

    def _of_queues(self, names: Sequence[str]) -> Iterator[str]:
        """Tell where messages wait; those that are hidden until they are due do not."""
        with self.azurite.queues() as queues:
            for name in names:
                with suppress(ResourceNotFoundError):
                    if queues.get_queue_client(name).peek_messages():
                        yield f"{name}: messages wait"

    def _of_jobs(self) -> Iterator[str]:
        """Tell which jobs nobody goes on with, and which results are there twice.

        A job whose images wait for a passing fault has a message that is hidden until then.
        """
        with self.azurite.blobs() as blobs, self.azurite.queues() as queues:
            container = blobs.get_container_client(self.settings["JOBS_CONTAINER"])
            if not container.exists():
                return
            results = Counter[tuple[str, str]]()
            for name in container.list_blob_names():
                kind, job, *_ = name.split("/")
                data = container.download_blob(name).readall()
                is_open = kind == "jobs" and msgspec.json.decode(data)["state"] != "done"
                if is_open and not any(_messages(queues, each) for each in _JOB_QUEUES):
                    yield f"{name}: not done, and no message goes on with it"
                if kind == "results":
                    lines = map(msgspec.json.decode, data.splitlines())
                    results.update((job, each["image"]) for each in lines)
            yield from (
                f"{image} has {count} results in job {job}"
                for (job, image), count in results.items()
                if count > 1
            )


def _of_record(record: CaptionRecord, sources: Sequence[str]) -> Iterator[str]:
    """Tell what is missing in a record: each captioner's caption is there, or why it is not."""
    told = {each.source for each in record.captions} | {each.source for each in record.problems}
    if told & {"image", "platform"}:
        return
    yield from (f"there is nothing of {source}" for source in sources if source not in told)


def working_queues(host_id: str) -> list[str]:
    """Name the queues in which nothing waits once all is done."""
    poison = (f"{name}-poison" for name in (*_JOB_QUEUES, RETRY_QUEUE))
    trigger = f"azure-webjobs-blobtrigger-{host_id}"
    return [trigger, *_JOB_QUEUES, *poison, "webjobs-blobtrigger-poison"]


def _messages(queues: QueueServiceClient, name: str) -> int:
    """Count a queue's messages, those that are hidden too."""
    with suppress(ResourceNotFoundError):
        properties = queues.get_queue_client(name).get_queue_properties()
        return properties.approximate_message_count or 0
    return 0
