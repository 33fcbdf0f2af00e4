"""What a job may be asked for."""

import re
from datetime import UTC, datetime
from typing import Annotated

from msgspec import Meta, Struct

from captioner.captioning import Captioners
from captioner.errors import ContradictoryRequest, InvalidRequest
from captioner.ondemand import ManyUrls, OneDirectory

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


class Backfill(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The images container: all whose record is not up to date, as if they had landed anew.

    Our own records are made as the settings say, whoever has them made: all that may be chosen is
    which captioners to ask now, and to leave alone what the own model captioned in a version that
    is new enough. Raises `InvalidRequest` where `backfill` is false, `ContradictoryRequest` where
    other options do not go with `model_older_than`.
    """

    backfill: Annotated[bool, Meta(description="true", extra_json_schema={"const": True})]
    captioners: Captioners = None
    force: Annotated[
        bool, Meta(description="true to caption again what has its captions, else false")
    ] = False
    model_older_than: Annotated[
        Annotated[str, Meta(min_length=1, max_length=200)] | None,
        Meta(
            description="a registered version of the model, or a date such as 2026-11-30, to "
            "caption again what an older version captioned"
        ),
    ] = None

    def __post_init__(self) -> None:
        if not self.backfill:
            raise InvalidRequest("'backfill' must be true.")
        if self.model_older_than is None:
            return
        if self.force:
            raise ContradictoryRequest(
                "'force' captions everything again; leave it out, or 'model_older_than'."
            )
        if self.captioners is not None and "onnx" not in self.captioners:
            raise ContradictoryRequest(
                "'model_older_than' is about the own model; name it among the captioners, or none."
            )

    @property
    def moment(self) -> datetime | None:
        """The moment that `model_older_than` is, if it is one; a date is its start in UTC."""
        text = self.model_older_than or ""
        if not _DATE.match(text):
            return None
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise InvalidRequest(
                "'model_older_than' must be a date such as 2026-11-30 or 2026-11-30T10:00:00Z."
            ) from None
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


type JobRequest = ManyUrls | OneDirectory | Backfill
