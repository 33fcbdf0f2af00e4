"""What a job may be asked for."""

from typing import Annotated

from msgspec import Meta, Struct

from captioner.captioning import Captioners
from captioner.errors import InvalidRequest
from captioner.ondemand import ManyUrls, OneDirectory


class Backfill(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The images container: all whose record is not up to date, as if they had landed anew.

    Our own records are made as the settings say, whoever has them made: all that may be chosen is
    which captioners to ask now. Raises `InvalidRequest` where `backfill` is false.
    """

    backfill: Annotated[bool, Meta(description="true", extra_json_schema={"const": True})]
    captioners: Captioners = None
    force: Annotated[
        bool, Meta(description="true to caption again what has its captions, else false")
    ] = False

    def __post_init__(self) -> None:
        if not self.backfill:
            raise InvalidRequest("'backfill' must be true.")


type JobRequest = ManyUrls | OneDirectory | Backfill
