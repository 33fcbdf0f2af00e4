"""Access keys: function, host, system and master keys as the real host has them."""

import hmac
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from devhost.errors import HostError

type Level = Literal["anonymous", "function", "admin"]

BLOBS_EXTENSION = "blobs_extension"
_DEFAULT = "default"


class Keys(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Every key of an app: `functions` by function and name, the others by name."""

    master_key: str
    function_keys: dict[str, str]
    system_keys: dict[str, str]
    functions: dict[str, dict[str, str]]

    def open(self, level: Level, key: str | None, function: str) -> bool:
        """Say whether a request with this key may call a function of this level."""
        if level == "anonymous":
            return True
        if not key:
            return False
        accepted = [self.master_key]
        if level == "function":
            accepted += self.function_keys.values()
            accepted += self.functions.get(function, {}).values()
        return _any_equal(key, accepted)

    def open_webhook(self, key: str | None) -> bool:
        """Say whether a request with this key may tell of new blobs."""
        accepted = [self.master_key, self.system_keys.get(BLOBS_EXTENSION, "")]
        return bool(key) and _any_equal(key or "", accepted)


def generate_keys(functions: Sequence[str]) -> Keys:
    """Make new keys: one of each kind, and one for each function."""
    return Keys(
        master_key=_key(),
        function_keys={_DEFAULT: _key()},
        system_keys={BLOBS_EXTENSION: _key()},
        functions={name: {_DEFAULT: _key()} for name in functions},
    )


def load_keys(path: Path, functions: Sequence[str]) -> Keys:
    """Read the keys of a file, or make keys and write the file where it is absent.

    Raises `HostError` where the file is not one of ours.
    """
    if path.exists():
        try:
            return msgspec.json.decode(path.read_bytes(), type=Keys)
        except (msgspec.ValidationError, msgspec.DecodeError) as fault:
            raise HostError(
                f"{path} does not hold keys: {fault}; remove it, and it is made anew."
            ) from None
    keys = generate_keys(functions)
    path.touch(mode=0o600)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(keys), indent=2))
    return keys


def _key() -> str:
    return secrets.token_urlsafe(40)


def _any_equal(key: str, accepted: Sequence[str]) -> bool:
    return any(hmac.compare_digest(key.encode(), each.encode()) for each in accepted if each)
