"""`host.json`, read strictly, so that a typing mistake does not go unseen."""

import os
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from devhost.errors import HostError
from devhost.timespan import Timespan

type Encoding = Literal["base64", "none"]
type TelemetryMode = Literal["ApplicationInsights", "OpenTelemetry"]

LARGEST_BATCH = 32  # storage gives no more messages at once

_BUNDLES = "Microsoft.Azure.Functions.ExtensionBundle"


class Http(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """`extensions.http`; -1 stands for no limit, as it does on one's own machine by default."""

    route_prefix: str = "api"
    max_concurrent_requests: int = -1
    max_outstanding_requests: int = -1
    dynamic_throttles_enabled: bool = False
    custom_headers: dict[str, str] = {}
    hsts: dict[str, Any] = {}


class Queues(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """`extensions.queues`; the internal queue of blob triggers does not obey it."""

    max_polling_interval: Timespan = Timespan(60)
    visibility_timeout: Timespan = Timespan(0)
    batch_size: Annotated[int, Meta(ge=1, le=LARGEST_BATCH)] = 16
    max_dequeue_count: Annotated[int, Meta(ge=1)] = 5
    new_batch_threshold: Annotated[int, Meta(ge=0)] | None = None
    message_encoding: Encoding = "base64"

    @property
    def refill_below(self) -> int:
        """Fetch more messages while no more than this many are in work."""
        if self.new_batch_threshold is not None:
            return self.new_batch_threshold
        return self.batch_size // 2 * (os.cpu_count() or 1)


class Blobs(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """`extensions.blobs`."""

    max_degree_of_parallelism: Annotated[int, Meta(ge=1)] = 8 * (os.cpu_count() or 1)
    poison_blob_threshold: Annotated[int, Meta(ge=1)] = 5

    @property
    def queue(self) -> Queues:
        """How the internal queue is treated, as the real host derives it."""
        batch = min(self.max_degree_of_parallelism // 2 + 1, LARGEST_BATCH)
        return Queues(
            batch_size=batch,
            new_batch_threshold=max(self.max_degree_of_parallelism - batch, 0),
            max_dequeue_count=self.poison_blob_threshold,
        )


class Extensions(Struct, frozen=True, rename="camel"):
    """`extensions`; what belongs to extensions that the devhost has not is not looked at."""

    http: Http = Http()
    queues: Queues = Queues()
    blobs: Blobs = Blobs()


class ExtensionBundle(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    id: str
    version: str


class HostJson(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """The whole file; keys that only matter in Azure are let through unread."""

    version: Literal["2.0"]
    functions: list[str] | None = None
    function_timeout: Timespan | None = None
    extension_bundle: ExtensionBundle | None = None
    extensions: Extensions = Extensions()
    aggregator: dict[str, Any] = {}
    application_insights: dict[str, Any] = {}
    concurrency: dict[str, Any] = {}
    custom_handler: None = None
    health_monitor: dict[str, Any] = {}
    logging: dict[str, Any] = {}
    managed_dependency: dict[str, Any] = {}
    retry: dict[str, Any] = {}
    send_canceled_invocations_to_worker: bool = True
    singleton: dict[str, Any] = {}
    telemetry_mode: TelemetryMode = "ApplicationInsights"
    watch_directories: list[str] = []
    watch_files: list[str] = []


def read_host_json(app_dir: Path) -> HostJson:
    """Read the app's `host.json`.

    Raises `HostError` that names the key at fault.
    """
    path = app_dir / "host.json"
    if not path.exists():
        raise HostError(
            f"{app_dir} has no host.json: name the app's folder with --app, or write one that "
            'says at least {"version": "2.0"}.'
        )
    try:
        raw = msgspec.json.decode(path.read_bytes())
        parsed = msgspec.convert(raw, HostJson, dec_hook=_decode)
    except (msgspec.ValidationError, msgspec.DecodeError) as fault:
        raise HostError(f"host.json is not as it should be: {fault}.") from None
    bundle = parsed.extension_bundle
    if bundle and bundle.id.removesuffix(".Preview").removesuffix(".Experimental") != _BUNDLES:
        raise HostError(f"host.json: extensionBundle.id should be {_BUNDLES}, not {bundle.id!r}.")
    return parsed


def _decode(kind: type, value: Any) -> Any:
    if kind is Timespan and isinstance(value, str):
        return Timespan.parse(value)
    raise ValueError(f"expected a duration such as 00:00:30, got {value!r}")
