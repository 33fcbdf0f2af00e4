"""Which hosts, ports and addresses images are fetched from."""

import re
from collections.abc import Collection, Container, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Self

from captioner.errors import (
    BlockedAddress,
    HostDenied,
    NotAStorageHost,
    SettingsError,
    UrlNotAllowed,
)
from captioner.settings import Settings
from captioner.sources.addresses import Address, is_public, may_be_private_endpoint
from captioner.sources.urls import Url

# Microsoft alone gives out these names: Azure's blob endpoints, those in its numbered DNS zones,
# and those of the clouds for the United States' government and for China.
_STORAGE_HOST = re.compile(
    r"[a-z0-9]{3,24}(-secondary)?\.blob\.core\.(windows\.net|usgovcloudapi\.net|chinacloudapi\.cn)"
    r"|[a-z0-9]{3,24}(-secondary)?\.z[0-9]{2}\.blob\.storage\.azure\.net"
)


@dataclass(frozen=True, slots=True)
class Hosts:
    """Hosts by name, by domain (`*.example.org`), and networks by address."""

    names: frozenset[str] = frozenset()
    domains: tuple[str, ...] = ()
    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    @classmethod
    def of(cls, entries: Collection[str]) -> Self:
        networks = [each for each in entries if re.search(r"[:/]|\.[0-9]+$", each)]
        domains = [each.removeprefix("*") for each in entries if each.startswith("*.")]
        return cls(
            names=frozenset(entries) - frozenset(networks),
            domains=tuple(domains),
            networks=tuple(map(ip_network, networks)),
        )

    def have_name(self, host: str) -> bool:
        """Tell whether the list has this host under its name."""
        return host in self.names or host.endswith(self.domains)

    def have_address(self, address: Address) -> bool:
        """Tell whether the list has this address."""
        return any(address in each for each in self.networks)


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules; what they refuse is raised as a `UrlError`.

    `allowed` is None where any host may be asked. `private` are storage hosts that may have
    addresses of a virtual network. `emulator` is the blob endpoint of a storage emulator, to which
    nothing applies but that its URLs begin as it does.
    """

    schemes: Container[str] = frozenset({"https"})
    ports: Container[int] = frozenset({80, 443})
    allowed: Hosts | None = None
    denied: Hosts = field(default_factory=Hosts)
    private: Hosts = field(default_factory=Hosts)
    emulator: Url | None = None

    @classmethod
    def of(cls, settings: Settings, *, emulator: str | None = None) -> Self:
        """Take the rules from the settings.

        Raises `SettingsError` where a host that is none of Azure's may be private.
        """
        for each in settings.source_private_hosts:
            if not is_storage_host(each.replace("*", "any")):
                raise SettingsError(
                    f"Mend SOURCE_PRIVATE_HOSTS: '{each}' is not a blob endpoint of Azure Storage "
                    "such as NAME.blob.core.windows.net."
                )
        allowed = settings.source_allowed_hosts
        return cls(
            schemes=frozenset({"https", "http"} if settings.source_http else {"https"}),
            allowed=Hosts.of(allowed) if allowed else None,
            denied=Hosts.of(settings.source_denied_hosts),
            private=Hosts.of(settings.source_private_hosts),
            emulator=None if emulator is None else Url.parse(emulator),
        )

    def check_url(self, url: Url) -> None:
        """Raise what speaks against a URL before anything is looked up."""
        if self.is_emulator(url):
            return
        if url.scheme not in self.schemes:
            raise UrlNotAllowed(f"Images are not fetched by {url.scheme}; give an https:// URL.")
        if url.port not in self.ports:
            raise UrlNotAllowed(f"Images are not fetched from port {url.port}; leave it out.")
        is_allowed = self.allowed is None or self.allowed.have_name(url.host)
        if not is_allowed or self.denied.have_name(url.host):
            raise HostDenied(f"The settings let no images be fetched from '{url.host}'.")

    def check_storage(self, url: Url) -> None:
        """Raise why a SAS may not be sent to this host, if it may not: by http it never may."""
        if self.is_emulator(url):
            return
        if not is_storage_host(url.host):
            raise NotAStorageHost(
                f"'{url.host}' is not a blob endpoint of Azure Storage; a directory is named by a "
                "URI such as https://NAME.blob.core.windows.net/CONTAINER?SAS."
            )
        if url.scheme != "https":
            raise UrlNotAllowed("A shared access signature is sent by https only; change the URI.")

    def check_addresses(self, url: Url, addresses: Sequence[Address]) -> None:
        """Raise what speaks against the addresses of a URL's host; one bad one spoils all."""
        if self.is_emulator(url):
            return
        if any(self.denied.have_address(each) for each in addresses):
            raise HostDenied(f"The settings let no images be fetched from '{url.host}'.")
        may_be_private = self.private.have_name(url.host) and is_storage_host(url.host)
        for each in addresses:
            if not (is_public(each) or (may_be_private and may_be_private_endpoint(each))):
                raise BlockedAddress(
                    f"'{url.host}' is not on the public internet; send the image itself."
                )

    def is_emulator(self, url: Url) -> bool:
        if self.emulator is None:
            return False
        account = self.emulator.path.strip("/")
        return url.origin == self.emulator.origin and url.path.split("/")[1] == account


def is_storage_host(host: str) -> bool:
    """Tell whether a host is a blob endpoint of Azure Storage."""
    return _STORAGE_HOST.fullmatch(host) is not None
