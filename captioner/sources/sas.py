"""What a shared access signature says of itself; whether it is genuine, storage decides.

Fields: https://learn.microsoft.com/rest/api/storageservices/create-service-sas and, for accounts,
https://learn.microsoft.com/rest/api/storageservices/create-account-sas.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Self
from urllib.parse import unquote

from captioner.errors import SasExpired, SasMissing, SasTooNarrow
from captioner.sources.redaction import SAS_FIELDS

_PERMISSIONS = {"r": "read", "l": "list", "c": "create", "w": "write"}


@dataclass(frozen=True, slots=True)
class Sas:
    """A signature for a container or a directory.

    `query` is the signature as it goes into URLs, a secret. `expires` and `permissions` are None
    where a policy that is stored with the container has them.
    """

    query: str = field(repr=False)
    expires: datetime | None
    permissions: frozenset[str] | None

    @classmethod
    def of(cls, query: str | None) -> Self:
        """Take the signature from a URI's query, and leave the query's other fields out.

        Raises `SasMissing`, or `SasTooNarrow` for one that is not for a whole container or
        directory.
        """
        parts = [part for part in (query or "").split("&") if part.partition("=")[0] in SAS_FIELDS]
        pairs = (part.partition("=") for part in parts)
        fields = {name: unquote(value) for name, _, value in pairs}
        if not fields.get("sig"):
            raise SasMissing(
                "The URI has no shared access signature; make one for the container or directory "
                "with the permissions read and list."
            )
        if not _opens_directories(fields):
            raise SasTooNarrow(
                "The shared access signature is not for a container or a directory; make one that "
                "is, with the permissions read and list."
            )
        is_elsewhere = "si" in fields and "sp" not in fields
        return cls(
            query="&".join(parts),
            expires=_moment(fields.get("se")),
            permissions=None if is_elsewhere else frozenset(fields.get("sp", "")),
        )

    def require(self, *permissions: str) -> None:
        """Raise `SasExpired`, or `SasTooNarrow` where it lacks a permission (`"r"`, `"l"`, …)."""
        if self.expires is not None and self.expires <= datetime.now(UTC):
            raise SasExpired(
                f"The shared access signature expired at {self.expires:%Y-%m-%d %H:%M} UTC; "
                "make a new one."
            )
        missing = [_PERMISSIONS[each] for each in permissions if not self.permits(each)]
        if missing:
            raise SasTooNarrow(
                f"The shared access signature lacks the permission {' and '.join(missing)}; "
                "make one that has it."
            )

    def permits(self, permission: str) -> bool:
        """Tell whether it has a permission, or may have it by a stored policy."""
        return self.permissions is None or permission in self.permissions


def _opens_directories(fields: dict[str, str]) -> bool:
    if "srt" in fields:  # a signature for the account
        return "b" in fields.get("ss", "") and {"c", "o"} <= set(fields["srt"])
    return fields.get("sr") in {"c", "d"}


def _moment(text: str | None) -> datetime | None:
    """Read a date, with or without a time, which is in UTC unless it says otherwise."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise SasMissing("The shared access signature is damaged; copy all of the URI.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
