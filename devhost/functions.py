"""The functions of an app and their bindings, as the worker's index tells of them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from devhost.errors import HostError
from devhost.settings import Settings

TRIGGERS = frozenset(
    {"blobTrigger", "httpTrigger", "queueTrigger", "timerTrigger", "warmupTrigger"}
)
INPUTS = frozenset({"blob"})
OUTPUTS = frozenset({"blob", "http", "queue"})
# What the host has only with the extension bundle.
BUNDLED = frozenset({"blob", "blobTrigger", "queue", "queueTrigger"})
# Where a storage binding names its blob or queue.
LOCATION = {
    "blob": "path",
    "blobTrigger": "path",
    "queue": "queueName",
    "queueTrigger": "queueName",
}

# Properties in which `%NAME%` stands for an app setting.
_RESOLVED = frozenset({"path", "queueName", "route", "schedule"})

HOST_STORAGE = "AzureWebJobsStorage"


@dataclass(frozen=True, slots=True, eq=False)
class Binding:
    """One parameter of a function; `properties` are those of its function.json."""

    name: str
    type: str
    is_output: bool
    properties: Mapping[str, Any]

    @classmethod
    def parse(cls, text: str) -> "Binding":
        raw = json.loads(text)
        return cls(raw["name"], raw["type"], raw["direction"].upper() == "OUT", raw)

    @property
    def connection(self) -> str:
        """The app setting that says which storage account."""
        return self.properties.get("connection") or HOST_STORAGE

    @property
    def location(self) -> str:
        """The path of a blob binding, the name of a queue binding's queue."""
        return str(self.properties[LOCATION[self.type]])

    @property
    def is_deferred(self) -> bool:
        """Whether the function takes an SDK client and not the data."""
        more = self.properties.get("properties") or {}
        return bool(more.get("SupportsDeferredBinding"))


@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """One function of the app; it has exactly one trigger."""

    name: str
    id: str
    trigger: Binding
    inputs: tuple[Binding, ...]
    outputs: tuple[Binding, ...]
    retries: bool = False

    @classmethod
    def parse(cls, metadata: Any) -> "Function":
        """Read what the worker's index says of one function.

        Raises `HostError` where the real host has no such binding, or this one has not.
        """
        bindings = [Binding.parse(text) for text in metadata.raw_bindings]
        name = metadata.name
        triggers = [each for each in bindings if each.type.endswith("Trigger")]
        if len(triggers) != 1:
            raise HostError(f"Function '{name}' has {len(triggers)} triggers: give it exactly one.")
        trigger = triggers[0]
        if trigger.type not in TRIGGERS:
            raise _unsupported(name, trigger)
        others = [each for each in bindings if each is not trigger]
        for each in others:
            if each.type not in (OUTPUTS if each.is_output else INPUTS):
                raise _unsupported(name, each)
        return cls(
            name,
            metadata.function_id,
            trigger,
            tuple(each for each in others if not each.is_output),
            tuple(each for each in others if each.is_output),
            retries=metadata.retry_options is not None,
        )

    @property
    def bindings(self) -> tuple[Binding, ...]:
        return (self.trigger, *self.inputs, *self.outputs)

    def resolved(self, settings: Settings) -> "Function":
        """Put app settings in the place of `%NAME%`, wherever the real host does.

        Raises `HostError` where one is not set.
        """

        def resolve(binding: Binding) -> Binding:
            where = f"Binding '{binding.name}' of function '{self.name}'"
            found = {
                key: settings.resolve(binding.properties[key], where)
                for key in _RESOLVED & binding.properties.keys()
            }
            return replace(binding, properties={**binding.properties, **found})

        return replace(
            self,
            trigger=resolve(self.trigger),
            inputs=tuple(resolve(each) for each in self.inputs),
            outputs=tuple(resolve(each) for each in self.outputs),
        )

    @property
    def hears_from_event_grid(self) -> bool:
        """Whether Event Grid tells a blob trigger of new blobs, and no scan finds them."""
        return str(self.trigger.properties.get("source", "")).lower() == "eventgrid"

    @property
    def full_name(self) -> str:
        """What logs, blob receipts and Event Grid subscriptions call it."""
        return f"Host.{self.short_name}"

    @property
    def short_name(self) -> str:
        """What subscriptions may call it too."""
        return f"Functions.{self.name}"


def _unsupported(function: str, binding: Binding) -> HostError:
    direction = "output" if binding.is_output else "input"
    return HostError(
        f"Function '{function}' has the {direction} binding '{binding.type}', which the devhost "
        "does not have: use Core Tools for this app."
    )
