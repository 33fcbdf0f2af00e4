"""What may be asked: which images, and how they are to be captioned."""

from typing import Annotated, Self

from msgspec import UNSET, Meta, Struct, UnsetType

from captioner.errors import InvalidRequest

MOST_URLS = 100_000


class Options(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How images are captioned; what is not given is as the app's settings say.

    `captioners` are the sources of the captions that are wanted, `language` a BCP 47 tag,
    `alternatives` the number of further captions, `neutral` the wish for neutral wording. `save`
    writes each record beside its image, `force` captions what has an up-to-date record too.
    """

    captioners: tuple[str, ...] | UnsetType = UNSET
    language: str | UnsetType = UNSET
    alternatives: Annotated[int, Meta(ge=0, le=10)] | UnsetType = UNSET
    neutral: bool | UnsetType = UNSET
    save: bool = False
    force: bool = False


class JobRequest(
    Options, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """A job to be started: a directory by its SAS URI, URLs, or what lacks a record here."""

    directory: str | UnsetType = UNSET
    urls: tuple[str, ...] | UnsetType = UNSET
    backfill: bool = False

    @property
    def options(self) -> Options:
        return Options(**{name: getattr(self, name) for name in Options.__struct_fields__})

    def checked(self) -> Self:
        """Give the request back; raises `InvalidRequest` where it cannot be a job."""
        if (self.directory is not UNSET) + (self.urls is not UNSET) + self.backfill != 1:
            raise InvalidRequest("Give a job one of 'directory', 'urls' and 'backfill': true.")
        if self.save and self.directory is UNSET:
            raise InvalidRequest("'save' is for directories; leave it out.")
        if self.urls is not UNSET and not 0 < len(self.urls) <= MOST_URLS:
            raise InvalidRequest(
                f"A job takes 1 to {MOST_URLS:,} URLs, not {len(self.urls):,}; split the list."
            )
        return self

    def __repr__(self) -> str:
        return f"JobRequest({self.options!r}, …)"  # its URLs may be signed
