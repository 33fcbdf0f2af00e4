"""What goes into captioning and what comes out of it."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from msgspec import UNSET

from captioner.errors import CaptionerError
from captioner.images import Picture
from captioner.records import AltText, Caption, CaptionRecord, ImageFacts, Problem, now
from captioner.telemetry import CAPTIONED, ImageTrace

IMAGE = "image"  # the source of a problem that lies in the image itself

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Image:
    """An image to be captioned: its bytes and what is known of it from outside.

    `previous` is its record from before, whose captions are not made again while they hold.
    `alt_text` is what its uploader wrote beside it, in the blob's metadata. `trace` is what follows
    it in telemetry, if anything does.
    """

    facts: ImageFacts
    data: bytes
    previous: CaptionRecord | None = None
    alt_text: str | None = None
    trace: ImageTrace | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Captioned:
    """A record, and by source the faults of this run behind the record's problems.

    `picture` is what was captioned, for whoever makes more of it; whoever does not lets go of it.
    """

    record: CaptionRecord
    faults: Mapping[str, CaptionerError]
    picture: Picture | None = field(default=None, repr=False)

    @property
    def outcome(self) -> str:
        """What telemetry counts it as: captioned, or the code of the first fault."""
        return next((fault.code for fault in self.faults.values()), CAPTIONED)


def failed(facts: ImageFacts, source: str, fault: CaptionerError) -> Captioned:
    """Give the record of an image that got as far as this fault and no caption."""
    faults = {source: fault}
    return Captioned(record_of(facts, (), faults, None), faults)


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


def record_of(
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
        alt_text=machine_text(chosen, moment),
        problems=tuple(_problem(source, fault, moment) for source, fault in faults.items()),
        created=moment,
        updated=moment,
    )


def machine_text(chosen: Caption | None, moment: datetime) -> AltText | None:
    """Let a caption be the alt text, as long as no person has a say."""
    if chosen is None:
        return None
    return AltText(
        chosen.text,
        chosen.source,
        "machine",
        by=None,
        updated=moment,
        language=chosen.language,
    )


def _problem(source: str, fault: CaptionerError, moment: datetime) -> Problem:
    return Problem(
        source=source,
        code=fault.code,
        message=fault.message,
        retry_after=UNSET if fault.retry_after is None else moment + fault.retry_after,
    )
