"""Containers of pictures that somebody opens by a SAS URI, in a test's own storage account."""

from datetime import UTC, datetime, timedelta

from azure.storage.blob import ContainerClient, generate_container_sas

from scripts.azurite import ACCOUNT, ACCOUNT_KEY
from tests.support.pictures import image_bytes, plain

READ, FULL = "rl", "rlcw"
CORRUPT = b"\xff\xd8\xff"


def sas_uri(
    container: ContainerClient,
    permission: str = READ,
    *,
    path: str = "",
    expiry: datetime | None = None,
) -> str:
    """Make the SAS URI of a container, or of what lies at a path in it; it is valid for an hour."""
    sas = generate_container_sas(
        ACCOUNT,
        str(container.container_name),
        account_key=ACCOUNT_KEY,
        permission=permission,
        expiry=expiry or datetime.now(UTC) + timedelta(hours=1),
    )
    return f"{container.url}{path}?{sas}"


def signature_of(uri: str) -> str:
    """Give the secret in a SAS URI, as it is written there."""
    return uri.rpartition("sig=")[2].partition("&")[0]


def picture(number: int) -> bytes:
    """Give a small picture that no other number has."""
    return image_bytes(plain(48, 48, f"hsl({number * 37 % 360}, {30 + number % 70}%, 50%)"), "PNG")


def fill(container: ContainerClient, count: int, *, corrupt: int = 0) -> list[str]:
    """Put pictures into a container, then as many that are none; give all names."""
    names = [f"{number:04}.png" for number in range(count + corrupt)]
    for number, name in enumerate(names):
        container.upload_blob(name, picture(number) if number < count else CORRUPT)
    return names
