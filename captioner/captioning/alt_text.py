"""The one text that people publish with an image: a captioner proposes it, a person has the say."""

import msgspec

from captioner.records import Caption, CaptionRecord


def choose_alt_text(
    own: Caption | None, vision: Caption | None, *, threshold: float | None
) -> Caption | None:
    """Give the caption that serves as alt text, or None where there is none.

    The own one where its confidence reaches `threshold`, else Vision's, else the own one after
    all. `threshold` is None while the model that sets it cannot be opened.
    """
    if own is None or vision is None:
        return own or vision
    trusted = threshold is not None and own.confidence is not None and own.confidence >= threshold
    return own if trusted else vision


def inherit(record: CaptionRecord, previous: CaptionRecord | None) -> CaptionRecord:
    """Give a new record what it takes over from the one before it: what people have written.

    Human alt text stays, marked as stale once the image is another. `history` is carried along
    unchanged: it keeps texts that a person published and later replaced. A machine's text that
    gives way to another is not kept there: nobody stood behind it, the model can make it again,
    and each new model would bury the human versions.
    """
    if previous is None:
        return record
    before, proposed = previous.alt_text, record.alt_text
    if before is not None and before.is_human:
        # The same version is the same image, even where nobody got as far as its checksum.
        replaced = (
            record.image.etag != previous.image.etag
            and record.image.sha256 != previous.image.sha256
        )
        proposed = msgspec.structs.replace(before, stale=True) if replaced else before
    elif before is not None and proposed is not None:
        unchanged = (before.text, before.source) == (proposed.text, proposed.source)
        proposed = before if unchanged else proposed
    return msgspec.structs.replace(
        record, alt_text=proposed, history=previous.history, created=previous.created
    )
