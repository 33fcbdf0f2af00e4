"""Where images come from that nobody uploads: public URLs, and directories in Azure Storage."""

from typing import Self

from captioner.records import ImageFacts
from captioner.settings import Settings
from captioner.sources.directories import RETRIES, Directory, Place
from captioner.sources.downloads import Download, Downloader
from captioner.sources.guard import Guard
from captioner.sources.pinning import pinned_transport
from captioner.sources.policy import Policy
from captioner.sources.redaction import silence_queries
from captioner.sources.urls import Url


class Sources:
    """Fetches images on somebody's word; one for each process, safe to share between threads."""

    def __init__(self, settings: Settings, guard: Guard) -> None:
        silence_queries()
        self._guard = guard
        self._max_bytes = settings.max_image_bytes
        self._timeout_s = settings.source_timeout_s
        self._downloader = Downloader(guard, max_bytes=self._max_bytes, timeout_s=self._timeout_s)
        self._transport = pinned_transport(guard, read_timeout_s=self._timeout_s / (1 + RETRIES))

    @classmethod
    def of(cls, settings: Settings, *, emulator: str | None = None) -> Self:
        """Prepare what the settings allow; nothing is sent before the first call of a method.

        `emulator` is the blob endpoint of an emulator that may be asked too. Raises
        `SettingsError`.
        """
        return cls(settings, Guard(Policy.of(settings, emulator=emulator)))

    def fetch(self, url: str) -> Download:
        """Fetch one image by its URL.

        Raises `UrlError` or `DownloadError`.
        """
        return self._downloader.fetch(url)

    @staticmethod
    def facts_of(url: str) -> ImageFacts:
        """Give what a URL alone tells of its image, without credentials; nothing is sent.

        Raises `InvalidUrl` or `UrlNotAllowed` where it cannot be read.
        """
        read = Url.parse(url)
        return ImageFacts(name=read.name, url=read.public)

    def directory(self, uri: str) -> Directory:
        """Open a container, or a directory in one, by a SAS URI that may read and list.

        Nothing is sent yet. Raises `UrlError` or `SasError`.
        """
        return Directory(
            Place.of(uri, self._guard.policy),
            self._transport,
            max_bytes=self._max_bytes,
            timeout_s=self._timeout_s,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._transport.session.close()
