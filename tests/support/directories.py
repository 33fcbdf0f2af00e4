"""SAS URIs of containers in a test's own storage account."""

from datetime import UTC, datetime, timedelta

from azure.storage.blob import ContainerClient, generate_container_sas

from scripts.azurite import ACCOUNT, ACCOUNT_KEY

READ, FULL = "rl", "rlcw"


def sas_uri(
    container: ContainerClient,
    permission: str = READ,
    *,
    path: str = "",
    expires_in: timedelta = timedelta(hours=1),
) -> str:
    """Make the SAS URI of a container, or of what lies at a path in it (`/a/b`)."""
    sas = generate_container_sas(
        ACCOUNT,
        container.container_name,
        account_key=ACCOUNT_KEY,
        permission=permission,
        expiry=datetime.now(UTC) + expires_in,
    )
    return f"{container.url}{path}?{sas}"


def signature_of(uri: str) -> str:
    return uri.rpartition("sig=")[2].partition("&")[0]
