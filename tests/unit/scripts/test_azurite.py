"""scripts.azurite: a storage account for as long as a block of code runs."""

import socket
from pathlib import Path

import pytest
from azure.storage.blob import BlobServiceClient

from scripts import azurite


def test_what_is_stored_in_a_folder_outlives_the_emulator(tmp_path: Path) -> None:
    for created in (True, False):
        with (
            azurite.running(tmp_path / "a folder") as storage,
            BlobServiceClient.from_connection_string(storage.connection_string) as account,
        ):
            if created:
                account.create_container("kept")
            assert [container.name for container in account.list_containers()] == ["kept"]


def test_it_is_gone_when_the_block_ends() -> None:
    with azurite.running() as storage:
        socket.create_connection(("127.0.0.1", storage.ports.blob)).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", storage.ports.blob))


def test_a_port_in_use_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with (
            pytest.raises(azurite.PortInUse, match=f"Port {port}"),
            azurite.running(ports=azurite.Ports(blob=port)),
        ):
            pass


def test_the_default_ports_have_a_short_connection_string() -> None:
    usual = azurite.Azurite(azurite.DEFAULT_PORTS).connection_string
    assert usual == "UseDevelopmentStorage=true"
    other = azurite.Azurite(azurite.Ports.from_first(20000)).connection_string
    assert "QueueEndpoint=http://127.0.0.1:20001/devstoreaccount1;" in other
