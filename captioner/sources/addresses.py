"""Which network addresses are on the public internet, and which may be a private endpoint.

`ipaddress` follows IANA's registries of special-purpose addresses, and calls those "global" that
no router should drop. That is more than the public internet: it has multicast, the prefixes in
which an IPv4 address hides (a translator or a tunnel would carry the connection to it), and
addresses that a cloud has made its own.
"""

from ipaddress import IPv4Address, IPv6Address, ip_network

type Address = IPv4Address | IPv6Address

_NOT_PUBLIC_V4 = tuple(
    map(
        ip_network,
        (
            "168.63.129.16/32",  # Azure's own channel into each machine: its agent, DNS and DHCP
            "192.0.0.0/24",  # protocol assignments
            "192.31.196.0/24",  # AS112
            "192.52.193.0/24",  # automatic multicast tunnelling
            "192.88.99.0/24",  # relays of 6to4
            "192.175.48.0/24",  # AS112
            "224.0.0.0/4",  # multicast
        ),
    )
)
# Global unicast. All else is mapped or compatible (::ffff:0:0/96, ::/96), translated (64:ff9b::/96,
# 64:ff9b:1::/48), local (fe80::/10, fec0::/10, fc00::/7), multicast or not assigned. `ipaddress`
# itself leaves 2002::/16 (6to4) and 2001:db8::/32 (documentation) out.
_UNICAST_V6 = ip_network("2000::/3")
_NOT_PUBLIC_V6 = tuple(
    map(
        ip_network,
        (
            "2001::/23",  # protocol assignments, with Teredo, benchmarking and ORCHID
            "2620:4f:8000::/48",  # AS112
            "3ffe::/16",  # the 6bone, returned
            "3fff::/20",  # documentation
        ),
    )
)
# What an interface of ISATAP has before the IPv4 address that it tunnels to.
_ISATAP = (0x00005EFE, 0x02005EFE)

_PRIVATE = tuple(
    map(
        ip_network,
        ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"),
    )
)
# Clouds give out secrets here to whoever is on the machine.
_METADATA = frozenset({IPv4Address("100.100.100.200"), IPv6Address("fd00:ec2::254")})


def is_public(address: Address) -> bool:
    """Tell whether an address leads to the public internet, and nowhere else that is known."""
    if isinstance(address, IPv4Address):
        return address.is_global and not any(address in each for each in _NOT_PUBLIC_V4)
    return (
        address in _UNICAST_V6
        and address.is_global
        and address.scope_id is None
        and not any(address in each for each in _NOT_PUBLIC_V6)
        and int(address) >> 32 & 0xFFFFFFFF not in _ISATAP
    )


def may_be_private_endpoint(address: Address) -> bool:
    """Tell whether an address is one that a virtual network gives to its private endpoints."""
    return address not in _METADATA and any(address in each for each in _PRIVATE)
