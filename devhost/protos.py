"""The messages that host and worker exchange, as far as the worker library looks at them.

The real ones are protobuf classes generated from FunctionRpc.proto of
github.com/Azure/azure-functions-language-worker-protobuf. The worker library takes its message
classes as an argument and only ever reads and sets attributes, so plain objects do. Names are those
of the .proto file, because the library looks them up by name.
"""

from types import SimpleNamespace
from typing import Any


class Message(SimpleNamespace):
    """Any message that the library only builds and we only read: what it was built with."""


class TypedData:
    """One value and its kind, as a protobuf `oneof` has it: `TypedData(bytes=b"…")`.

    Without a value, it stands for what is not there.
    """

    def __init__(self, **value: Any) -> None:
        self.kind: str | None
        self.value: Any
        ((self.kind, self.value),) = value.items() or ((None, None),)

    def __getattr__(self, name: str) -> Any:
        if name == self.__dict__.get("kind"):
            return self.value
        raise AttributeError(name)

    def WhichOneof(self, _group: str) -> str | None:  # noqa: N802 - protobuf's name
        return self.kind


class ParameterBinding:
    """The value of one parameter of a function, on its way in or out."""

    def __init__(self, name: str, data: TypedData | None) -> None:
        self.name = name
        self.data = data

    def WhichOneof(self, _group: str) -> str:  # noqa: N802 - protobuf's name
        return "data"


class BindingInfo(Message):
    """A binding as the worker describes it; `azure.functions` has the same numbers."""

    undefined, string, binary, stream = range(4)
    out, inout = 1, 2


class StatusResult(Message):
    Failure, Success, Cancelled = range(3)


class RpcHttpCookie(Message):
    class SameSite:
        Lax = "Lax"
        Strict = "Strict"
        ExplicitNone = "None"


# "None" is a keyword of Python and the name of the value that stands for an absent attribute.
setattr(RpcHttpCookie.SameSite, "None", None)

FunctionLoadResponse = Message
FunctionMetadataResponse = Message
InvocationResponse = Message
NullableBool = Message
NullableDouble = Message
NullableString = Message
NullableTimestamp = Message
RpcException = Message
RpcFunctionMetadata = Message
RpcHttp = Message
RpcRetryOptions = Message
Timestamp = Message
WorkerInitResponse = Message
WorkerMetadata = Message
