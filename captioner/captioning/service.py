"""Images to records: all captioners side by side, one record for each image."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import msgspec
from msgspec import UNSET, UnsetType

from captioner.captioning.agreement import agreement
from captioner.captioning.alt_text import choose_alt_text
from captioner.captioning.captioned import IMAGE, Captioned, Image, record_of
from captioner.captioning.descriptions import descriptions_of
from captioner.captioning.lane import Captioner, Lane, Result
from captioner.captioning.options import AS_SET, Options
from captioner.captioning.review import needs_review
from captioner.errors import (
    CaptionBlocked,
    CaptionerError,
    CaptionerNotConfigured,
    ImageError,
)
from captioner.images import Picture
from captioner.records import Caption, CaptionRecord, Description, ImageFacts, ModelName, now
from captioner.telemetry import ImageTrace, Stage, caption_made, stage
from captioner.wording import AS_IT_IS, Wording


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
class Proposal:
    """Which caption is to be the alt text, if any, and whether a person should look at it."""

    caption: Caption | None
    needs_review: bool | UnsetType


@dataclass(slots=True)
class _Draft:
    """A record in the making."""

    facts: ImageFacts
    descriptions: tuple[Description, ...]
    picture: Picture | None = None
    trace: ImageTrace | None = None
    captions: dict[str, Caption] = field(default_factory=dict)
    faults: dict[str, CaptionerError] = field(default_factory=dict)
    made: set[str] = field(default_factory=set)  # the sources of captions that are new

    def take(self, source: str, result: Result) -> None:
        if isinstance(result, CaptionerError):
            self.faults[source] = result
        else:
            self.captions[source] = result
            self.made.add(source)
            caption_made(source, result.confidence, (result.model.name, result.model.version))


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

    def require(self, options: Options) -> None:
        """Raise `CaptionerNotConfigured` where a captioner is asked that there is not."""
        for fault in self._not_configured(options).values():
            raise fault

    def caption(
        self,
        images: Sequence[Image],
        options: Options = AS_SET,
        *,
        made_since: datetime | None = None,
    ) -> list[Captioned]:
        """Give a record for each image, in order; never raises for an image or a captioner.

        A caption in the image's previous record is kept if the bytes are the same and, for the own
        one, the model is too; it must be in the language that is asked for, if one is, and not be
        older than `made_since`, if that is given. Those of captioners that are not asked are kept
        in any case, and of those that fail. What people wrote in the image, even one that cannot be
        decoded, is told as `descriptions`; whether that or what they wrote in a previous record is
        published is the affair of `inherit`.

        All captions get the wording that is set, or asked for, those kept too.
        """
        wording = self._wording.with_neutral(options.neutral)
        drafts = [self._draft(image) for image in images]
        at_work = []
        for lane in self._asked(options):
            wanting = [each for each in drafts if self._wants(each, lane, options, made_since)]
            pictures = [draft.picture for draft in wanting if draft.picture is not None]
            traces = [draft.trace for draft in wanting]
            at_work.append((lane, wanting, lane.start(pictures, options, traces)))
        for lane, wanting, pending in at_work:
            for draft, result in zip(wanting, lane.finish(pending), strict=True):
                draft.take(lane.source, result)
        for draft in drafts:
            _word(draft, wording)
            self._heed(draft, options)
        return [self._captioned(draft, options) for draft in drafts]

    def is_complete(
        self,
        record: CaptionRecord,
        etag: str,
        *,
        retrying: bool,
        at: datetime | None = None,
        options: Options = AS_SET,
        made_since: datetime | None = None,
    ) -> bool:
        """Tell whether captioning this version of the image again would bring nothing new.

        A caption that is missing for a reason which lasts is not waited for, nor is one for which
        a retry is on its way, unless this is that retry. What is older than `made_since`, if that
        is given, counts for nothing.
        """
        if record.image.etag != etag or not _is_since(record.updated, made_since):
            return False
        if record.problem_of(IMAGE):
            return True
        if self._not_configured(options):  # which an answer is to tell
            return False
        at = at or now()
        for lane in self._asked(options):
            if self._holds(record.caption_by(lane.source), lane, options, made_since):
                continue
            problem = record.problem_of(lane.source)
            if problem is None:
                return False
            if problem.retry_after is not UNSET and (retrying or problem.retry_after <= at):
                return False
        return True

    def propose(self, captions: Sequence[Caption], *, language: str | None = None) -> Proposal:
        """Choose among the captions of an image, of those in `language` if it is given.

        The own model's thresholds count as far as it can be opened.
        """
        own, other = self._own_and_other(captions)
        # A caption kept from before may be in another language.
        spoken = [each for each in captions if language in {None, each.language}]
        captioner = self._own_captioner() if own else None
        novelty_threshold = captioner.novelty_threshold if captioner else None
        chosen = choose_alt_text(
            own if own in spoken else None,
            other if other in spoken else None,
            threshold=captioner.alt_text_threshold if captioner else None,
            novelty_threshold=novelty_threshold,
        )
        doubt = needs_review(
            own,
            review_threshold=captioner.review_threshold if captioner else None,
            novelty_threshold=novelty_threshold,
        )
        return Proposal(chosen, doubt)

    def _asked(self, options: Options) -> list[Lane[Any]]:
        wanted = options.captioners
        return [lane for lane in self._lanes if wanted is None or lane.source in wanted]

    def _heed(self, draft: _Draft, options: Options) -> None:
        """Give no more alternatives than asked for, and tell which captioners there are not."""
        if options.alternatives is not None:
            for source in draft.made & draft.captions.keys():
                caption = draft.captions[source]
                few = caption.alternatives[: options.alternatives]
                draft.captions[source] = msgspec.structs.replace(caption, alternatives=few)
        if draft.picture is not None:
            draft.faults.update(self._not_configured(options))

    def _not_configured(self, options: Options) -> dict[str, CaptionerNotConfigured]:
        return {
            source: CaptionerNotConfigured(
                f"'{source}' is not set up here; leave it out, or set what it needs."
            )
            for source in options.captioners or ()
            if source not in self.sources
        }

    def _draft(self, image: Image) -> _Draft:
        """Decode, and take over what the previous record knows of the same bytes."""
        descriptions = descriptions_of(image)
        try:
            with stage(Stage.DECODE, [image.trace]):
                picture = self._decode(image.data)
        except ImageError as fault:
            facts = msgspec.structs.replace(
                image.facts,
                sha256=hashlib.sha256(image.data).hexdigest(),
                bytes=len(image.data),
            )
            return _Draft(facts, descriptions, faults={IMAGE: fault})
        facts = msgspec.structs.replace(
            image.facts,
            sha256=picture.sha256,
            bytes=len(image.data),
            content_type=picture.content_type,
            width=picture.width,
            height=picture.height,
        )
        draft = _Draft(facts, descriptions, picture, image.trace)
        if image.previous is not None and image.previous.image.sha256 == picture.sha256:
            draft.captions = {each.source: each for each in image.previous.captions}
        return draft

    def _wants(
        self, draft: _Draft, lane: Lane[Any], options: Options, made_since: datetime | None
    ) -> bool:
        if draft.picture is None:
            return False
        return not self._holds(draft.captions.get(lane.source), lane, options, made_since)

    def _holds(
        self,
        caption: Caption | None,
        lane: Lane[Any],
        options: Options,
        made_since: datetime | None,
    ) -> bool:
        """Tell whether a caption is there as asked and no other model has replaced its maker."""
        if caption is None or options.language not in {None, caption.language}:
            return False
        if not _is_since(caption.created, made_since):
            return False
        if lane is not self._own:
            return True
        captioner = self._own_captioner()
        return captioner is None or captioner.model == caption.model

    def _own_captioner(self) -> OwnCaptioner | None:
        try:
            return self._own.open()
        except CaptionerError:
            return None

    def _own_and_other(self, captions: Sequence[Caption]) -> tuple[Caption | None, Caption | None]:
        own = next((each for each in captions if each.source == self._own.source), None)
        return own, next((each for each in captions if each is not own), None)

    def _captioned(self, draft: _Draft, options: Options) -> Captioned:
        captions = tuple(draft.captions.values())
        proposal = self.propose(captions, language=options.language)
        record = msgspec.structs.replace(
            record_of(draft.facts, captions, draft.faults, proposal.caption),
            descriptions=draft.descriptions,
            agreement=_agreement(*self._own_and_other(captions)),
            needs_review=proposal.needs_review,
        )
        return Captioned(record, draft.faults, draft.picture)


def _is_since(at: datetime, moment: datetime | None) -> bool:
    return moment is None or at >= moment


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
