"""From an app's folder to everything that the host needs to run it; refuses what cannot run."""

import hashlib
import logging
import os
import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from devhost.bindings import Accounts, Bindings
from devhost.errors import HostError
from devhost.functions import BUNDLED, HOST_STORAGE, LOCATION, Binding, Function
from devhost.host_json import HostJson, read_host_json
from devhost.http import HttpFunction
from devhost.paths import BlobPattern
from devhost.queues import QueueWriter
from devhost.routes import parse_route, refuse_conflicts
from devhost.settings import Settings, load_settings
from devhost.storage import Account
from devhost.timer import parse_schedule
from devhost.worker import Worker

_log = logging.getLogger(__name__)

_HOST_ID_SETTING = "AzureFunctionsWebHost__hostid"
_LONGEST_HOST_ID = 32
_STORAGE_NAME = re.compile("(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*")
_SYSTEM_CONTAINERS = ("$root", "$web", "$logs")


@dataclass(frozen=True, slots=True)
class App:
    """A function app, loaded and found fit to run."""

    folder: Path
    host_id: str
    host_json: HostJson
    settings: Settings
    functions: tuple[Function, ...]
    disabled: tuple[Function, ...]
    http: tuple[HttpFunction, ...]
    accounts: Accounts
    bindings: Bindings
    writer: QueueWriter
    worker: Worker

    def of_kind(self, trigger: str) -> list[Function]:
        return [each for each in self.functions if each.trigger.type == trigger]

    def account(self, function: Function) -> Account:
        """The storage account that a function's trigger listens to."""
        return self.accounts.of(function.trigger.connection)

    @property
    def host_account(self) -> Account:
        return self.accounts.of(HOST_STORAGE)


def load_app(folder: Path, settings_file: Path) -> App:
    """Load an app; its settings become environment variables, as its code expects.

    Raises `HostError` for whatever the real host would not run.
    """
    host_json = read_host_json(folder)
    settings = load_settings(settings_file)
    os.environ.update({**_environment(folder), **settings.values})
    worker = Worker(folder, traces=host_json.telemetry_mode == "OpenTelemetry")
    found = [each.resolved(settings) for each in worker.load()]
    listed = host_json.functions
    chosen = [each for each in found if listed is None or each.name in listed]
    disabled = tuple(each for each in chosen if settings.disables(each.name))
    functions = tuple(each for each in chosen if each not in disabled)
    for function in functions:
        _check(function, host_json)
        if function.retries:
            _log.warning(
                "Function '%s' has a retry policy, which the devhost does not carry out.",
                function.name,
            )
    http = _routes(functions, host_json)
    accounts = _accounts(functions, settings)
    writer = QueueWriter()
    bindings = Bindings(functions, accounts, writer, host_json.extensions.queues.message_encoding)
    return App(
        folder,
        _host_id(folder, settings),
        host_json,
        settings,
        functions,
        disabled,
        http,
        accounts,
        bindings,
        writer,
        worker,
    )


def _environment(folder: Path) -> dict[str, str]:
    """Give what Core Tools set beside the app settings."""
    return {
        "AZURE_FUNCTIONS_ENVIRONMENT": "Development",
        "AzureWebJobsScriptRoot": str(folder),
    }


def _check(function: Function, host_json: HostJson) -> None:
    bundled = [each for each in function.bindings if each.type in BUNDLED]
    if bundled and host_json.extension_bundle is None:
        raise HostError(
            f"Function '{function.name}' has a {bundled[0].type}, which the host only has with an "
            'extension bundle: write "extensionBundle": {"id": '
            '"Microsoft.Azure.Functions.ExtensionBundle", "version": "[4.*, 5.0.0)"} '
            "into host.json."
        )
    for binding in function.bindings:
        if binding.type in LOCATION and not binding.properties.get(LOCATION[binding.type]):
            raise HostError(
                f"Binding '{binding.name}' of function '{function.name}' has no "
                f"{LOCATION[binding.type]}."
            )
        if binding.type in LOCATION:
            _check_name(function, binding)
    where = f"The trigger of function '{function.name}'"
    if function.trigger.type == "blobTrigger":
        BlobPattern.parse(function.trigger.location, where)
    if function.trigger.type == "timerTrigger":
        parse_schedule(function.trigger.properties["schedule"], where)


def _check_name(function: Function, binding: Binding) -> None:
    """Refuse a container's or queue's name that storage would refuse later, again and again."""
    name = binding.location.partition("/")[0]
    if binding.type in ("queue", "queueTrigger"):
        name = name.lower()
    if "{" not in name and name not in _SYSTEM_CONTAINERS and not _STORAGE_NAME.fullmatch(name):
        raise HostError(
            f"Binding '{binding.name}' of function '{function.name}' names '{name}': containers "
            "and queues have 3 to 63 lower-case letters, digits and single hyphens."
        )


def _routes(functions: Sequence[Function], host_json: HostJson) -> tuple[HttpFunction, ...]:
    found = tuple(
        HttpFunction(
            each,
            parse_route(
                each.name,
                each.trigger.properties.get("route") or "",
                host_json.extensions.http.route_prefix.strip("/"),
                each.trigger.properties.get("methods") or (),
            ),
        )
        for each in functions
        if each.trigger.type == "httpTrigger"
    )
    refuse_conflicts([each.route for each in found])
    return found


def _accounts(functions: Sequence[Function], settings: Settings) -> Accounts:
    """Open the accounts that functions need; all triggers but HTTP need the host's own."""
    wanted: dict[str, str] = {}
    for function in functions:
        where = f"Function '{function.name}'"
        if function.trigger.type not in ("httpTrigger", "warmupTrigger"):
            wanted.setdefault(HOST_STORAGE, f"{where} ({function.trigger.type})")
        for binding in function.bindings:
            if binding.type in LOCATION:
                wanted.setdefault(binding.connection, where)
    return Accounts(
        {
            name: Account(settings.connection_string(name, where), name)
            for name, where in wanted.items()
        }
    )


def _host_id(folder: Path, settings: Settings) -> str:
    """Give what tells this app's receipts and queues from others' in the same account."""
    if given := settings.values.get(_HOST_ID_SETTING):
        return given.lower()
    machine = re.sub("[^a-z0-9]", "", socket.gethostname().lower())[:20]
    digest = hashlib.sha256(str(folder).encode()).hexdigest()
    return f"{machine}-{digest}"[:_LONGEST_HOST_ID].strip("-")
