"""Images to records: all captioners side by side, one record for each image."""

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import msgspec
from msgspec import UNSET, UnsetType

from captioner.captioning.agreement import agreement
from captioner.captioning.alt_text import choose_alt_text
from captioner.captioning.lane import Captioner, Lane
from captioner.captioning.review import needs_review
from captioner.errors import CaptionBlocked, CaptionerError, ImageError
from captioner.images import Picture
from captioner.records import (
    AltText,
    Caption,
    CaptionRecord,
    ImageFacts,
    ModelName,
    Problem,
    now,
)
from captioner.wording import AS_IT_IS, Wording

IMAGE = "image"  # the source of a problem that lies in the image itself

_log = logging.getLogger(__name__)


class OwnCaptioner(Captioner, Protocol):
    """The team's own model, which says which version it is and how far it trusts itself."""

    @property
    def model(self) -> ModelName: ...

    @property
    def alt_text_threshold(self) -> float: ...

    @property
    def review_threshold(self) -> float | None: ...

    @property
    def novelty_threshold(self) -> float | None: ...


@dataclass(frozen=True, slots=True)
class Image:
    """An image to be captioned: its bytes and what is known of it from outside.

    `previous` is its record from before, whose captions are not made again while they hold.
    """

    facts: ImageFacts
    data: bytes
    previous: CaptionRecord | None = None


@dataclass(frozen=True, slots=True)
class Captioned:
    """A record, and by source the faults of this run behind the record's problems."""

    record: CaptionRecord
    faults: Mapping[str, CaptionerError]


@dataclass(slots=True)
class _Draft:
    """A record in the making."""

    facts: ImageFacts
    picture: Picture | None = None
    captions: dict[str, Caption] = field(default_factory=dict)
    faults: dict[str, CaptionerError] = field(default_factory=dict)


class CaptioningService:
    """Makes records; one per process, safe to share between threads.

    `decode` turns bytes into a `Picture` or raises `ImageError`. `vision` is None where Azure AI
    Vision is not configured, which is nothing to complain about in a record.
    """

    def __init__(
        self,
        decode: Callable[[bytes], Picture],
        own: Lane[OwnCaptioner],
        vision: Lane[Captioner] | None,
        wording: Wording = AS_IT_IS,
    ) -> None:
        self._decode = decode
        self._own = own
        self._vision = vision
        self._wording = wording
        self._lanes: list[Lane[Any]] = [own] if vision is None else [own, vision]

    @property
    def sources(self) -> list[str]:
        """The captioners that are configured, by the names that their captions carry."""
        return [lane.source for lane in self._lanes]

    def caption(self, images: Sequence[Image], *, neutral: bool | None = None) -> list[Captioned]:
        """Give a record for each image, in order; never raises for an image or a captioner.

        A caption in the image's previous record is kept if the bytes are the same and, for the own
        one, the model is too. What people wrote there is the affair of `inherit`.

        All captions get the wording that is set, those kept too; `neutral` is this call's own wish.
        """
        wording = self._wording.with_neutral(neutral)
        drafts = [self._draft(image) for image in images]
        at_work = []
        for lane in self._lanes:
            wanting = [draft for draft in drafts if self._wants(draft, lane)]
            pictures = [draft.picture for draft in wanting if draft.picture is not None]
            at_work.append((lane, wanting, lane.start(pictures)))
        for lane, wanting, pending in at_work:
            for draft, result in zip(wanting, lane.finish(pending), strict=True):
                into: dict[str, Any] = (
                    draft.faults if isinstance(result, CaptionerError) else draft.captions
                )
                into[lane.source] = result
        for draft in drafts:
            _word(draft, wording)
        return [self._captioned(draft) for draft in drafts]

    def is_complete(
        self, record: CaptionRecord, etag: str, *, retrying: bool, at: datetime | None = None
    ) -> bool:
        """Tell whether captioning this version of the image again would bring nothing new.

        A caption that is missing for a reason which lasts is not waited for, nor is one for which
        a retry is on its way, unless this is that retry.
        """
        if record.image.etag != etag:
            return False
        if record.problem_of(IMAGE):
            return True
        at = at or now()
        for lane in self._lanes:
            if self._holds(record.caption_by(lane.source), lane):
                continue
            problem = record.problem_of(lane.source)
            if problem is None:
                return False
            if problem.retry_after is not UNSET and (retrying or problem.retry_after <= at):
                return False
        return True

    def _draft(self, image: Image) -> _Draft:
        """Decode, and take over what the previous record knows of the same bytes."""
        try:
            picture = self._decode(image.data)
        except ImageError as fault:
            facts = msgspec.structs.replace(
                image.facts,
                sha256=hashlib.sha256(image.data).hexdigest(),
                bytes=len(image.data),
            )
            return _Draft(facts, faults={IMAGE: fault})
        facts = msgspec.structs.replace(
            image.facts,
            sha256=picture.sha256,
            bytes=len(image.data),
            content_type=picture.content_type,
            width=picture.width,
            height=picture.height,
        )
        draft = _Draft(facts, picture)
        if image.previous is not None and image.previous.image.sha256 == picture.sha256:
            draft.captions = {each.source: each for each in image.previous.captions}
        return draft

    def _wants(self, draft: _Draft, lane: Lane[Any]) -> bool:
        return draft.picture is not None and not self._holds(draft.captions.get(lane.source), lane)

    def _holds(self, caption: Caption | None, lane: Lane[Any]) -> bool:
        """Tell whether a caption is there and no other model has replaced its maker."""
        if caption is None or lane is not self._own:
            return caption is not None
        captioner = self._own_captioner()
        return captioner is None or captioner.model == caption.model

    def _own_captioner(self) -> OwnCaptioner | None:
        try:
            return self._own.open()
        except CaptionerError:
            return None

    def _captioned(self, draft: _Draft) -> Captioned:
        captions = tuple(draft.captions.values())
        own = draft.captions.get(self._own.source)
        other = next((each for each in captions if each is not own), None)
        captioner = self._own_captioner() if own else None
        novelty_threshold = captioner.novelty_threshold if captioner else None
        chosen = choose_alt_text(
            own,
            other,
            threshold=captioner.alt_text_threshold if captioner else None,
            novelty_threshold=novelty_threshold,
        )
        record = msgspec.structs.replace(
            _record(draft.facts, captions, draft.faults, chosen),
            agreement=_agreement(own, other),
            needs_review=needs_review(
                own,
                review_threshold=captioner.review_threshold if captioner else None,
                novelty_threshold=novelty_threshold,
            ),
        )
        return Captioned(record, draft.faults)


def _word(draft: _Draft, wording: Wording) -> None:
    """Put a draft's captions into the wording, and leave out those that may not be used."""
    for source, caption in tuple(draft.captions.items()):
        try:
            draft.captions[source] = wording.applied(caption)
        except CaptionBlocked as fault:
            del draft.captions[source]
            # Where another model has failed to replace the caption, that is what to try again.
            draft.faults.setdefault(source, fault)


def _agreement(own: Caption | None, other: Caption | None) -> float | UnsetType:
    """Compare the captions of two captioners; absent where there are not two in English."""
    if own is None or other is None:
        return UNSET
    if any(each.language.partition("-")[0] != "en" for each in (own, other)):
        return UNSET
    return round(agreement(own.text, other.text), 4)


def failed(facts: ImageFacts, source: str, fault: CaptionerError) -> Captioned:
    """Give the record of an image that got as far as this fault and no caption."""
    faults = {source: fault}
    return Captioned(_record(facts, (), faults, None), faults)


def log_record(record: CaptionRecord) -> None:
    """Write the one line that the log has for each captioned image."""
    problems = [problem.code for problem in record.problems]
    _log.log(
        logging.WARNING if problems else logging.INFO,
        "Captioned %r: %s%s",  # a name may hold line breaks, which would forge lines of the log
        record.image.name,
        record.alt_text.text if record.alt_text else "no caption",
        f" ({', '.join(problems)})" if problems else "",
        extra={
            "image": record.image.name,
            "captions": {each.source: each.text for each in record.captions},
            "problems": problems,
        },
    )


def _record(
    facts: ImageFacts,
    captions: Sequence[Caption],
    faults: Mapping[str, CaptionerError],
    chosen: Caption | None,
) -> CaptionRecord:
    """Put a record together; `chosen` is the caption that serves as alt text."""
    moment = now()
    return CaptionRecord(
        image=facts,
        captions=tuple(captions),
        alt_text=None
        if chosen is None
        else AltText(chosen.text, chosen.source, "machine", by=None, updated=moment),
        problems=tuple(_problem(source, fault, moment) for source, fault in faults.items()),
        created=moment,
        updated=moment,
    )


def _problem(source: str, fault: CaptionerError, moment: datetime) -> Problem:
    return Problem(
        source=source,
        code=fault.code,
        message=fault.message,
        retry_after=UNSET if fault.retry_after is None else moment + fault.retry_after,
    )
