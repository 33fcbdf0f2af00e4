"""Files on this machine -> their records, shown."""

from collections.abc import Iterator, Sequence
from itertools import batched

from captioner.captioning import IMAGE, CaptioningService, Image, failed, inherit
from captioner.cli.files import NamedFile
from captioner.cli.terminal import Terminal
from captioner.composition import build_captioning
from captioner.errors import FileUnreadable, ImageTooLarge
from captioner.records import CaptionRecord, ImageFacts
from captioner.settings import Settings, StorageConnection

# Files held in memory at once, and as many as the model takes at once.
_BATCH = 8


def caption_and_show(
    files: Sequence[NamedFile],
    settings: Settings,
    connection: StorageConnection | None,
    terminal: Terminal,
    *,
    as_json: bool,
) -> bool:
    """Show the record of every file, in order, and tell whether each holds a caption.

    `connection` is how a published model is read.
    """
    service = build_captioning(settings, connection)
    failures = 0
    with terminal.progress(as_json=as_json) as progress:
        records = records_of(files, service, settings.max_image_bytes)
        for record in progress.track(records, len(files), description="Captioning"):
            failures += not record.captions
            if as_json:
                terminal.json_line(record)
            else:
                terminal.record(record)
    if failures:
        terminal.complain(f"{failures:,} of {len(files):,} files got no caption.")
    return not failures


def records_of(
    files: Sequence[NamedFile], service: CaptioningService, max_bytes: int
) -> Iterator[CaptionRecord]:
    """Give the record of every file, in order, as they are made; never raises for a file."""
    for batch in batched(files, _BATCH, strict=False):
        images: list[Image] = []
        unreadable: dict[int, CaptionRecord] = {}
        for place, file in enumerate(batch):
            facts = ImageFacts(name=file.name)
            try:
                images.append(Image(facts, file.read(max_bytes)))
            except (FileUnreadable, ImageTooLarge) as fault:
                unreadable[place] = failed(facts, IMAGE, fault).record
        captioned = iter(service.caption(images))
        for place in range(len(batch)):
            yield unreadable.get(place) or inherit(next(captioned).record, None)
