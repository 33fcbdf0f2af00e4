"""What happens in storage -> what happens to sidecars.

Every function here may be called twice for the same thing, at the same moment even, as triggers
deliver at least once: work that is done is not done again, and a sidecar is only ever written over
the version that was read.

What captioning cannot do now but may do later (Vision throttled or down, the bundle missing after
a faulty deployment) is written down as a problem and put on a queue to be tried again, less and
less often, for about two days. The platform's own retries would be used up within minutes, and an
image lost with them. Faults of storage raise, so that the platform retries; should it give up, its
poison message becomes a problem in the record and goes the same way.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, Struct

from captioner.captioning import (
    AS_SET,
    IMAGE,
    Captioned,
    CaptioningService,
    Image,
    Options,
    failed,
    inherit,
    log_record,
)
from captioner.errors import (
    CaptioningFailed,
    ImageNotFound,
    ImageTooLarge,
    InvalidRequest,
    RecordUnreadable,
    StoreConflict,
    StoreError,
)
from captioner.records import CaptionRecord, ImageFacts, now
from captioner.store import RETRY_QUEUE, ImageEntry, ImageStore, Previous, previous_of, replace
from captioner.telemetry import (
    GONE,
    REPLACED,
    UP_TO_DATE,
    ImageTrace,
    Origin,
    Stage,
    Traced,
    following,
    image_at_work,
    poisoned,
    posted,
    received,
    stage,
    tried_again,
)
from captioner.thumbnails import Thumbnails

BLOBS_QUEUE = "webjobs-blobtrigger"
"""The platform's own queue of events, as it calls the one of those that it gave up on."""

# The source of a problem that lies neither in the image nor in one captioner.
PLATFORM = "platform"

_WRITES = 5  # tries to write a sidecar that others write too
_RETRIES = 12
_FIRST_BACKOFF = timedelta(minutes=1)  # then four, sixteen, …
_LONGEST_BACKOFF = timedelta(hours=6)
_SHORTEST_DELAY = timedelta(seconds=1)
_LONGEST_DELAY = timedelta(days=1)

# Tells of a record whether it is to be left alone, complete or not.
type Spares = Callable[[CaptionRecord], bool]

_log = logging.getLogger(__name__)


class Retry(Traced, frozen=True):
    """The message that asks for what is missing in the record of one version of an image."""

    name: str
    etag: str
    attempt: Annotated[int, Meta(ge=0)]


class PoisonBlob(Struct, frozen=True, rename="pascal"):
    """The platform's message about a blob that it gave up on."""

    container_name: str
    blob_name: str
    e_tag: str


def read_message[Message: Struct](body: bytes, kind: type[Message]) -> Message | None:
    """Read a queue message; None for what is none of ours.

    That is logged and dropped: it would fail again, and the host tries what fails in a poison
    queue over and over for a week.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        _log.error("A message that is no %s is dropped: %s", kind.__name__, fault)
        return None


class ImageEvents:
    """Keeps the sidecars true to the images; safe to share between threads."""

    def __init__(
        self,
        store: ImageStore,
        captioning: CaptioningService,
        thumbnails: Thumbnails | None = None,
    ) -> None:
        self._store = store
        self._captioning = captioning
        self._thumbnails = thumbnails

    def landed(self, container: str, name: str) -> None:
        """Caption an image that was written.

        Raises `StoreError` where the platform should try again.
        """
        if container == self._store.images_container:
            self._caption(name, Origin.EVENT)

    def refresh(
        self,
        name: str,
        options: Options = AS_SET,
        *,
        made_since: datetime | None = None,
        spares: Spares | None = None,
    ) -> CaptionRecord | None:
        """Caption an image whose record is not up to date, and give its record as it is then.

        Captions that are older than `made_since`, if that is given, are made again; people's words
        stay. A record of this version of the image that `spares` tells to be good is left alone.
        What `options` leave out, and what fails for a passing reason, later events complete.
        The catalogue hears of what is written, but not again of what is up to date: of a million
        images that may be nearly all. None where there is no such image; raises as `landed` does.
        """
        return self._caption(
            name,
            Origin.REFRESH,
            options,
            made_since=made_since,
            spares=spares or _spares_none,
        )

    def expect(self, name: str, etag: str) -> None:
        """Have a version of an image that was just written captioned at once.

        The platform's own event may take its time. It comes in any case, so that a fault of the
        queue is only logged.
        """
        try:
            self._send(Retry(name, etag, attempt=0), timedelta(0))
        except StoreError as fault:
            _log.warning("%r waits for its event: %s", name, fault.message, extra={"image": name})

    def retry(self, message: Retry) -> None:
        """Complete the record of one version of an image; raises as `landed` does."""
        received(message, RETRY_QUEUE)
        self._caption(
            message.name,
            Origin.RETRY,
            attempt=message.attempt,
            etag=message.etag,
            traceparent=message.parent,
        )

    def platform_gave_up(self, message: PoisonBlob) -> None:
        """Write down that an event came to nothing, and have it tried again later."""
        if message.container_name == self._store.images_container:
            # Hosts differ in whether they keep the quotes that belong to an ETag.
            etag = f'"{message.e_tag.strip('"')}"'
            poisoned(BLOBS_QUEUE)
            self._fail(Retry(message.blob_name, etag, attempt=0))

    def retry_gave_up(self, message: Retry) -> None:
        """Write down that a retry came to nothing, and have it tried again later."""
        poisoned(RETRY_QUEUE)
        with following(message.parent):
            self._fail(message)

    def _caption(
        self,
        name: str,
        origin: Origin,
        options: Options = AS_SET,
        *,
        attempt: int = 0,
        etag: str | None = None,
        made_since: datetime | None = None,
        spares: Spares | None = None,
        traceparent: str | None = None,
    ) -> CaptionRecord | None:
        with image_at_work(name, origin, traceparent) as trace:
            return self._brought_up_to_date(
                trace,
                name,
                options,
                attempt=attempt,
                etag=etag,
                made_since=made_since,
                spares=spares,
            )

    def _brought_up_to_date(
        self,
        trace: ImageTrace,
        name: str,
        options: Options,
        *,
        attempt: int,
        etag: str | None,
        made_since: datetime | None,
        spares: Spares | None,
    ) -> CaptionRecord | None:
        """Do what `_caption` says; `spares` is given by those who refresh."""
        result: CaptionRecord | None = None
        for previous in self._previous(name):
            # Looked at after the sidecar: whoever captions a later image changes the sidecar too,
            # so that the write below cannot put an older record over a newer one.
            image = self._find(name)
            if image is None:
                trace.outcome = GONE
                return None
            expected = etag if result is None else result.image.etag
            if expected not in {None, image.etag}:
                trace.outcome = REPLACED
                _log.info("%r was replaced; its own event follows", name, extra={"image": name})
                return previous.record
            standing = previous.standing
            if standing and (
                _is_spared(standing, image.etag, spares)
                or self._captioning.is_complete(
                    standing,
                    image.etag,
                    retrying=attempt > 0,
                    options=options,
                    made_since=made_since,
                )
            ):
                trace.outcome = UP_TO_DATE
                _log.info("%r needs no new captions", name, extra={"image": name})
                if spares is None:
                    # An event that comes again may do so because the first one ended half-way.
                    self._store.tell(name)
                return standing
            # An image that goes while it is read is looked for again, and not found.
            with suppress(StoreConflict, ImageNotFound):
                if result is None:
                    captioned = self._captioned(image, previous.record, options, made_since, trace)
                    trace.outcome = captioned.outcome
                    result = self._with_retry(captioned, attempt)
                record = inherit(result, previous.record)
                is_there = replace(self._store, previous, record)
                log_record(result)
                if not is_there:
                    trace.outcome = GONE
                return record if is_there else None
        return None

    def _captioned(
        self,
        image: ImageEntry,
        previous: CaptionRecord | None,
        options: Options,
        made_since: datetime | None,
        trace: ImageTrace,
    ) -> Captioned:
        facts = self._facts(image)
        try:
            with stage(Stage.FETCH):
                stored = self._store.get_image(image.name)
        except ImageTooLarge as fault:
            return failed(msgspec.structs.replace(facts, bytes=image.size), IMAGE, fault)
        facts = msgspec.structs.replace(facts, etag=stored.etag)
        images = [Image(facts, stored.data, previous, stored.alt_text, trace)]
        captioned = self._captioning.caption(images, options, made_since=made_since)[0]
        if self._thumbnails and captioned.picture:
            self._thumbnails.keep(image.name, stored.etag, captioned.picture)
        return captioned

    def _fail(self, tried: Retry) -> None:
        try:
            self._write_down(tried)
        except RecordUnreadable as fault:
            # Not written over: a person may have edited it, and can mend it.
            _log.error("%s", fault.message, extra={"image": tried.name})
            self._schedule(tried, hint=None)

    def _write_down(self, tried: Retry) -> None:
        """Tell in the record that captioning failed, unless there is nothing to tell any more."""
        result: CaptionRecord | None = None
        for previous in self._previous(tried.name):
            image = self._find(tried.name)
            if image is None or image.etag != tried.etag:
                return
            known = previous.standing
            if known and known.image.etag != image.etag:
                known = None
            if known and self._captioning.is_complete(
                known, image.etag, retrying=tried.attempt > 0
            ):
                return
            with suppress(StoreConflict):
                fault = CaptioningFailed(
                    "Captioning this image failed several times; the log tells why."
                )
                result = result or self._with_retry(
                    failed(self._facts(image), PLATFORM, fault), tried.attempt
                )
                record = (
                    _with_problems(known, result) if known else inherit(result, previous.record)
                )
                replace(self._store, previous, record)
                log_record(record)
                return

    def _with_retry(self, captioned: Captioned, attempt: int) -> CaptionRecord:
        """Ask for another try at what failed for a passing reason, and say so in the record.

        Asked for before the record is written: a crash in between costs a needless try, the other
        way round it would cost the caption.
        """
        record = captioned.record
        passing = {
            source: fault for source, fault in captioned.faults.items() if not fault.permanent
        }
        if not passing:
            return record
        hints = [fault.retry_after for fault in passing.values() if fault.retry_after]
        delay = self._schedule(
            Retry(record.image.name, str(record.image.etag), attempt),
            hint=max(hints, default=None),
        )
        if delay is not None:
            tried_again(next(iter(passing.values())).code, attempt)
        retry_after = UNSET if delay is None else now() + delay
        return msgspec.structs.replace(
            record,
            problems=tuple(
                msgspec.structs.replace(each, retry_after=retry_after)
                if each.source in passing
                else each
                for each in record.problems
            ),
        )

    def _schedule(self, tried: Retry, *, hint: timedelta | None) -> timedelta | None:
        """Have an image tried again, and say after how long; None if it was tried often enough."""
        if tried.attempt >= _RETRIES:
            return None
        backoff = min(_FIRST_BACKOFF * 4**tried.attempt, _LONGEST_BACKOFF)
        # What a service asks for goes at first; one that keeps failing us is asked less often.
        delay = hint if hint and not tried.attempt else max(hint or backoff, backoff)
        delay = min(max(delay, _SHORTEST_DELAY), _LONGEST_DELAY)
        self._send(msgspec.structs.replace(tried, attempt=tried.attempt + 1), delay)
        return delay

    def _send(self, message: Retry, delay: timedelta) -> None:
        sent = posted(message, delay=delay)
        self._store.enqueue_retry(msgspec.json.encode(sent).decode(), delay=delay)

    def _previous(self, name: str) -> Iterator[Previous]:
        """Give what there is of an image as it is now, once for each try to replace it."""
        for _ in range(_WRITES):
            try:
                found = previous_of(self._store, name)
            except InvalidRequest:
                found = Previous()
            yield found
        raise StoreConflict(f"The record of '{name}' is written by too many at once.")

    def _find(self, name: str) -> ImageEntry | None:
        try:
            return self._store.find_image(name)
        except (ImageNotFound, InvalidRequest) as fault:
            _log.info("No image %r to caption (%s)", name, fault.code, extra={"image": name})
            return None

    def _facts(self, image: ImageEntry) -> ImageFacts:
        return ImageFacts(
            name=image.name,
            container=self._store.images_container,
            url=self._store.image_url(image.name),
            etag=image.etag,
        )


def _spares_none(record: CaptionRecord) -> bool:
    del record
    return False


def _is_spared(record: CaptionRecord, etag: str, spares: Spares | None) -> bool:
    return spares is not None and record.image.etag == etag and spares(record)


def _with_problems(record: CaptionRecord, later: CaptionRecord) -> CaptionRecord:
    """Give a record with the problems of a later one beside or instead of its own."""
    told = {problem.source: problem for problem in (*record.problems, *later.problems)}
    return msgspec.structs.replace(record, problems=tuple(told.values()), updated=later.updated)
