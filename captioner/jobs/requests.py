"""What a job may be asked for."""

from typing import Annotated

from msgspec import Meta

from captioner.captioning import Options
from captioner.errors import InvalidRequest
from captioner.ondemand import ManyUrls, OneDirectory

_SET = ("language", "alternatives", "neutral")


class Backfill(Options, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The images container: all whose record is not up to date, as if they had landed anew.

    Our own records are made as the settings say, whoever has them made: all that may be chosen is
    which captioners to ask now. Raises `InvalidRequest` for other wishes.
    """

    backfill: Annotated[bool, Meta(description="true")]
    force: Annotated[
        bool, Meta(description="true to caption again what has its captions, else false")
    ] = False

    def __post_init__(self) -> None:
        if not self.backfill:
            raise InvalidRequest("'backfill' must be true.")
        for name in _SET:
            if getattr(self, name) is not None:
                raise InvalidRequest(
                    f"Leave '{name}' out of a backfill: our own records are made as the settings "
                    "say."
                )


type JobRequest = ManyUrls | OneDirectory | Backfill
