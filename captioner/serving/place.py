"""`MODEL_URI`: a model in a container, or one version of it."""

import hashlib
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import unquote, urlsplit

from captioner.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Place:
    """Where a model is published: a container of an account, and the model's name.

    `version` is None where the current one is to be followed, `sas` where the app's own access to
    storage is to be used.
    """

    endpoint: str
    container: str
    name: str
    version: str | None = None
    sas: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, uri: str, own_endpoint: str) -> Self:
        """Take a URI apart; `own_endpoint` is the blob endpoint of the app's own account.

        Only there may the account's name be in the path, as an emulator has it, and plain http be
        spoken. Raises `SettingsError`.
        """
        address, _, sas = uri.partition("?")
        endpoint = own_endpoint
        if not address.startswith(f"{endpoint}/"):
            parts = urlsplit(address)
            endpoint = f"{parts.scheme}://{parts.netloc}"
            if parts.scheme != "https":
                raise SettingsError("Mend these app settings: MODEL_URI must begin with https.")
        path = [unquote(each) for each in address.removeprefix(f"{endpoint}/").split("/")]
        if len(path) not in {2, 3}:
            raise SettingsError(
                "Mend these app settings: MODEL_URI must end with /CONTAINER/NAME or "
                "/CONTAINER/NAME/VERSION."
            )
        container, name, *version = path
        return cls(endpoint, container, name, version[0] if version else None, sas or None)

    @property
    def key(self) -> str:
        """Name the model among those of all containers, for a folder on disk."""
        place = f"{self.endpoint}/{self.container}/{self.name}"
        return hashlib.sha256(place.encode()).hexdigest()[:16]
