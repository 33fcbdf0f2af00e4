"""Input and output bindings beside the trigger: blobs to read, blobs and messages to write."""

import json
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from devhost.errors import HostError
from devhost.functions import LOCATION, Binding, Function
from devhost.host_json import Encoding
from devhost.paths import Token, parse_template, render
from devhost.protos import TypedData
from devhost.queues import QueueWriter
from devhost.storage import Account
from devhost.worker import Outcome


class Accounts:
    """The storage accounts of an app, one for each connection setting that its bindings name."""

    def __init__(self, accounts: Mapping[str, Account]) -> None:
        self._accounts = accounts

    def of(self, connection: str) -> Account:
        return self._accounts[connection]

    async def close(self) -> None:
        for account in self._accounts.values():
            await account.close()


class Bindings:
    """Reads what functions take in, writes what they give out.

    Paths are read once, when the host starts, so that a bad one stops it then: `HostError`.
    """

    def __init__(
        self,
        functions: Sequence[Function],
        accounts: Accounts,
        writer: QueueWriter,
        encoding: Encoding,
    ) -> None:
        self._accounts = accounts
        self._writer = writer
        self._encoding = encoding
        self._templates = {
            (function.name, binding.name): parse_template(
                binding.location, f"Binding '{binding.name}' of function '{function.name}'"
            )
            for function in functions
            for binding in (*function.inputs, *function.outputs)
            if binding.type in LOCATION
        }

    async def read(self, function: Function, data: Mapping[str, Any]) -> dict[str, TypedData]:
        """Give the values of a function's input bindings; an empty one for a blob not there."""
        values: dict[str, TypedData] = {}
        for binding in function.inputs:
            container, name = self._blob(function, binding, data)
            if binding.is_deferred:
                values[binding.name] = blob_reference(binding.connection, container, name)
            else:
                account = self._accounts.of(binding.connection)
                content = await account.get_blob(container, name)
                values[binding.name] = (
                    TypedData() if content is None else as_typed(content, binding)
                )
        return values

    async def write(self, function: Function, outcome: Outcome, data: Mapping[str, Any]) -> None:
        returned = {"$return": outcome.returned}
        for binding in function.outputs:
            value = {**outcome.outputs, **returned}.get(binding.name)
            if value is None or binding.type == "http":
                continue
            if binding.type == "queue":
                await self._write_queue(function, binding, value, data)
            else:
                container, name = self._blob(function, binding, data)
                account = self._accounts.of(binding.connection)
                await account.put_blob(container, name, _as_bytes(value))

    async def _write_queue(
        self, function: Function, binding: Binding, value: TypedData, data: Mapping[str, Any]
    ) -> None:
        name = self._location(function, binding, data).lower()
        account = self._accounts.of(binding.connection)
        for body in _messages(value):
            await self._writer.add(account, name, body, self._encoding)

    def _blob(
        self, function: Function, binding: Binding, data: Mapping[str, Any]
    ) -> tuple[str, str]:
        """Give the container and the name of a binding's blob."""
        path = self._location(function, binding, data)
        container, _, name = path.partition("/")
        if not name:
            raise HostError(f"Binding '{binding.name}' names no blob: '{path}'.")
        return container, name

    def _location(self, function: Function, binding: Binding, data: Mapping[str, Any]) -> str:
        template: tuple[Token, ...] = self._templates[function.name, binding.name]
        where = f"The {LOCATION[binding.type]} of binding '{binding.name}' of '{function.name}'"
        return render(template, data, where)


def blob_reference(connection: str, container: str, name: str) -> TypedData:
    """Give what an SDK-type binding gets instead of a blob's data."""
    content = {"Connection": connection, "ContainerName": container, "BlobName": name}
    return TypedData(
        model_binding_data=SimpleNamespace(
            version="1.0",
            source="AzureStorageBlobs",
            content_type="application/json",
            content=json.dumps(content).encode(),
        )
    )


def as_typed(data: bytes, binding: Binding) -> TypedData:
    """Give data in the form that a binding's `dataType` asks for."""
    if str(binding.properties.get("dataType", "")).lower() == "string":
        return TypedData(string=data.decode(errors="replace"))  # as .NET reads text
    return TypedData(bytes=data)


def _as_bytes(value: TypedData) -> bytes:
    return value.value if isinstance(value.value, bytes) else str(value.value).encode()


def _messages(value: TypedData) -> list[bytes]:
    """Split a function's output into messages: a JSON array is one message for each item."""
    if value.kind != "json":
        return [_as_bytes(value)]
    parsed = json.loads(value.value)
    items = parsed if isinstance(parsed, list) else [parsed]
    return [item.encode() if isinstance(item, str) else json.dumps(item).encode() for item in items]
