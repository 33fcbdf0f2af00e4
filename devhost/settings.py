"""App settings: the environment, and `local.settings.json` where the environment is silent."""

import logging
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
from msgspec import Struct

from devhost.errors import HostError

_log = logging.getLogger(__name__)

_REFERENCE = re.compile(r"%([^%]+)%")


class HostSection(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of the local host itself."""

    LocalHttpPort: int | None = None
    CORS: str = ""
    CORSCredentials: bool = False


class LocalSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`local.settings.json`, with the names that Core Tools gives its keys."""

    IsEncrypted: bool = False
    Values: dict[str, str] = {}
    Host: HostSection = HostSection()
    ConnectionStrings: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Settings:
    """Every app setting, and what the file says of the host.

    `skipped` names the settings of the file that the environment already had.
    """

    values: Mapping[str, str]
    host: HostSection
    skipped: tuple[str, ...] = ()

    def resolve(self, text: str, where: str) -> str:
        """Put app settings in the place of `%NAME%`.

        Raises `HostError` where one is not set; `where` says whose it is.
        """

        def value(match: re.Match[str]) -> str:
            name = match[1]
            if name not in self.values:
                raise HostError(f"{where} refers to %{name}%: set the app setting {name}.")
            return self.values[name]

        return _REFERENCE.sub(value, text)

    def connection_string(self, name: str, where: str) -> str:
        """Give the storage connection string that a binding's `connection` names.

        Raises `HostError` where there is none, or an identity instead of a connection string.
        """
        for setting in (f"AzureWebJobs{name}", name):  # the real host looks in this order
            if self.values.get(setting):
                return self.values[setting]
            if any(other.startswith(f"{setting}__") for other in self.values):
                raise HostError(
                    f"{where} connects to storage by identity ({setting}__…), which the devhost "
                    f"cannot: set {setting} to a connection string, or to "
                    "UseDevelopmentStorage=true for Azurite."
                )
        raise HostError(
            f"{where} needs the app setting {name}: set it to a connection string, or to "
            "UseDevelopmentStorage=true for Azurite."
        )

    def disables(self, function: str) -> bool:
        """Say whether a setting switches a function off."""
        for setting in (f"AzureWebJobs.{function}.Disabled", f"AzureWebJobs_{function}_Disabled"):
            if self.values.get(setting, "").lower() in ("true", "1"):
                return True
        return False


def load_settings(path: Path, environment: Mapping[str, str] | None = None) -> Settings:
    """Read the app settings; makes the file from its `.example` where it is absent.

    Raises `HostError` where the file is not as Core Tools want it.
    """
    environment = os.environ if environment is None else environment
    example = path.with_name(f"{path.name}.example")
    if not path.exists() and example.exists():
        shutil.copyfile(example, path)
        _log.info("Made %s from %s.", path.name, example.name)
    local = _read(path) if path.exists() else LocalSettings()
    strings = {f"ConnectionStrings:{name}": text for name, text in local.ConnectionStrings.items()}
    from_file = {**local.Values, **strings}
    values = {**from_file, **environment}
    runtime = values.get("FUNCTIONS_WORKER_RUNTIME")
    if runtime != "python":
        raise HostError(
            "The app setting FUNCTIONS_WORKER_RUNTIME must be python, here and in Azure: put it "
            f"into the Values of {path.name}."
        )
    return Settings(values, local.Host, tuple(name for name in from_file if name in environment))


def _read(path: Path) -> LocalSettings:
    try:
        local = msgspec.json.decode(path.read_bytes(), type=LocalSettings)
    except (msgspec.ValidationError, msgspec.DecodeError) as fault:
        raise HostError(f"{path.name} is not as Core Tools want it: {fault}.") from None
    if local.IsEncrypted:
        raise HostError(
            f"{path.name} is encrypted, which the devhost cannot read: run "
            "`func settings decrypt`, or write it anew with IsEncrypted false."
        )
    return local
