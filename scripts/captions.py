"""Shows captions on the terminal as their sidecars arrive."""

from collections.abc import Iterator
from contextlib import suppress

import msgspec
from azure.core.exceptions import AzureError
from azure.storage.blob import ContainerClient
from rich.console import Console
from rich.text import Text

from captioner.records import CaptionRecord, from_json


class SidecarWatch:
    """Tells which sidecars were written since it was last asked; those there before it are old."""

    def __init__(self, captions: ContainerClient) -> None:
        self._captions = captions
        self._seen = {blob.name: blob.etag for blob in captions.list_blobs()}

    def new(self) -> Iterator[CaptionRecord]:
        """Give the records written since the last call, oldest first.

        Gives none while storage is out of reach.
        """
        try:
            for blob in sorted(self._captions.list_blobs(), key=lambda blob: blob.last_modified):
                if self._seen.get(blob.name) == blob.etag:
                    continue
                data = self._captions.download_blob(blob.name).readall()
                self._seen[blob.name] = blob.etag
                with suppress(msgspec.DecodeError):
                    yield from_json(data)
        except AzureError:
            return


def show(record: CaptionRecord, console: Console) -> None:
    """Print the image's name, its captions, and what is missing and why."""
    console.print(Text(record.image.name, style="bold"), soft_wrap=True)
    for caption in record.captions:
        sure = "" if caption.confidence is None else f"  ({caption.confidence:.2f})"
        _line(console, caption.source, f"{caption.text}{sure}")
    for problem in record.problems:
        _line(console, problem.source, problem.message)


def _line(console: Console, source: str, text: str) -> None:
    console.print(
        Text(f"  {source:<13} ", style="green").append(text, style="default"), soft_wrap=True
    )
