"""Which addresses are on the public internet."""

from ipaddress import ip_address

import pytest

from captioner.sources.addresses import is_public, may_be_private_endpoint

PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "20.60.0.1",
    "93.184.215.14",
    "100.63.255.255",
    "100.128.0.0",
    "168.63.129.15",
    "168.63.129.17",
    "172.15.255.255",
    "172.32.0.0",
    "192.167.255.255",
    "223.255.255.255",
    "2001:200::1",
    "2001:4860:4860::8888",
    "2003::1",
    "2603:1030:401::1",
    "2606:4700:4700::1111",
    "2a00:1450:4001:82a::200e",
]

# The first and last of every block that is not.
SPECIAL = [
    *("0.0.0.0", "0.255.255.255"),
    *("10.0.0.0", "10.255.255.255"),
    *("100.64.0.0", "100.127.255.255"),
    *("127.0.0.0", "127.255.255.255"),
    *("168.63.129.16",),
    *("169.254.0.0", "169.254.255.255"),
    *("172.16.0.0", "172.31.255.255"),
    *("192.0.0.0", "192.0.0.9", "192.0.0.10", "192.0.0.255"),
    *("192.0.2.0", "192.0.2.255"),
    *("192.31.196.0", "192.31.196.255"),
    *("192.52.193.0", "192.52.193.255"),
    *("192.88.99.0", "192.88.99.255"),
    *("192.168.0.0", "192.168.255.255"),
    *("192.175.48.0", "192.175.48.255"),
    *("198.18.0.0", "198.19.255.255"),
    *("198.51.100.0", "198.51.100.255"),
    *("203.0.113.0", "203.0.113.255"),
    *("224.0.0.0", "239.255.255.255"),
    *("240.0.0.0", "255.255.255.255"),
    *("::", "::1", "::8.8.8.8", "::ffff:8.8.8.8", "::ffff:0:8.8.8.8"),
    *("64:ff9b::8.8.8.8", "64:ff9b:1::8.8.8.8"),
    *("100::", "100::ffff:ffff:ffff:ffff"),
    *("1fff:ffff::", "4000::"),
    *("2001::", "2001:0:ffff::", "2001:1::1", "2001:2::", "2001:10::", "2001:20::", "2001:30::"),
    *("2001:1ff:ffff::",),
    *("2001:db8::", "2001:db8:ffff::"),
    *("2002::", "2002:808:808::1", "2002:ffff:ffff::"),
    *("2606:4700::5efe:808:808", "2606:4700::200:5efe:808:808"),
    *("2606:4700::1%eth0",),
    *("2620:4f:8000::",),
    *("3ffe::", "3fff::", "3fff:fff:ffff::"),
    *("5f00::", "8000::", "fbff::"),
    *("fc00::", "fdff:ffff::"),
    *("fe80::", "fe80::1%eth0", "febf:ffff::"),
    *("fec0::", "feff:ffff::"),
    *("ff00::", "ff02::1", "ff0e::1", "ffff:ffff::"),
]


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public(address: str) -> None:
    assert is_public(ip_address(address))
    assert not may_be_private_endpoint(ip_address(address))


@pytest.mark.parametrize("address", SPECIAL)
def test_what_is_not(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address",
    ["10.0.0.4", "10.255.255.255", "172.16.0.4", "192.168.0.4", "100.64.0.4", "fd12:3456::4"],
)
def test_what_a_virtual_network_gives_to_private_endpoints(address: str) -> None:
    assert may_be_private_endpoint(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "169.254.169.254",
        "168.63.129.16",
        "100.100.100.200",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "::ffff:10.0.0.4",
        "fe80::1",
        "fec0::1",
        "fd00:ec2::254",
    ],
)
def test_what_it_never_gives(address: str) -> None:
    assert not may_be_private_endpoint(ip_address(address))
