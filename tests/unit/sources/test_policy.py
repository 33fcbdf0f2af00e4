"""The rules that come from the settings."""

from ipaddress import ip_address

import pytest

from captioner.errors import BlockedAddress, HostDenied, SettingsError, UrlNotAllowed
from captioner.settings import Settings, load_settings
from captioner.sources.policy import Policy
from captioner.sources.urls import Url

PUBLIC = ip_address("93.184.215.14")


def policy(emulator: str | None = None, **environment: str) -> Policy:
    return Policy.of(load_settings(environment), emulator=emulator)


def check(rules: Policy, url: str, *addresses: str) -> None:
    rules.check_url(Url.parse(url))
    rules.check_addresses(Url.parse(url), [ip_address(each) for each in addresses] or [PUBLIC])


class TestUrls:
    @pytest.mark.parametrize(
        "url", ["https://a.example/", "https://a.example:443/", "https://a.example:80/"]
    )
    def test_https_on_the_webs_ports_is_allowed(self, url: str) -> None:
        check(policy(), url)

    @pytest.mark.parametrize(
        "url", ["https://a.example:8443/", "https://a.example:22/", "https://a.example:0/"]
    )
    def test_other_ports_are_not(self, url: str) -> None:
        with pytest.raises(UrlNotAllowed, match="port"):
            check(policy(), url)

    def test_http_only_where_it_is_set(self) -> None:
        with pytest.raises(UrlNotAllowed, match="http"):
            check(policy(), "http://a.example/")
        check(policy(SOURCE_HTTP="true"), "http://a.example/")
        check(policy(SOURCE_HTTP="true"), "https://a.example/")


class TestLists:
    def test_only_allowed_hosts_where_there_are_any(self) -> None:
        rules = policy(SOURCE_ALLOWED_HOSTS="a.example, *.b.example")
        check(rules, "https://a.example/")
        check(rules, "https://A.EXAMPLE./")
        check(rules, "https://x.y.b.example/")
        for host in ("b.example", "xb.example", "x.a.example", "a.example.evil.example", "8.8.8.8"):
            with pytest.raises(HostDenied):
                check(rules, f"https://{host}/")

    def test_never_denied_ones(self) -> None:
        rules = policy(
            SOURCE_ALLOWED_HOSTS="*.example", SOURCE_DENIED_HOSTS="*.a.example, b.example"
        )
        check(rules, "https://a.example/")
        for host in ("x.a.example", "b.example", "b.example."):
            with pytest.raises(HostDenied):
                check(rules, f"https://{host}/")

    def test_a_denied_network_is_not_reached_under_any_name(self) -> None:
        rules = policy(SOURCE_DENIED_HOSTS="93.184.215.14/24, 2606:4700::/32, 8.8.8.8")
        check(rules, "https://a.example/", "93.184.216.1")
        for address in ("93.184.215.1", "2606:4700::1", "8.8.8.8"):
            with pytest.raises(HostDenied):
                check(rules, "https://a.example/", "1.1.1.1", address)

    def test_an_allowed_host_is_not_private_by_that(self) -> None:
        with pytest.raises(BlockedAddress):
            check(policy(SOURCE_ALLOWED_HOSTS="a.example"), "https://a.example/", "10.0.0.1")

    def test_a_private_storage_host_may_be_in_a_virtual_network(self) -> None:
        rules = policy(SOURCE_PRIVATE_HOSTS="account.blob.core.windows.net")
        check(rules, "https://account.blob.core.windows.net/", "10.0.0.4")
        check(rules, "https://account.blob.core.windows.net/", "20.60.0.1")
        with pytest.raises(BlockedAddress):
            check(rules, "https://other.blob.core.windows.net/", "10.0.0.4")
        with pytest.raises(BlockedAddress):
            check(rules, "https://account.blob.core.windows.net/", "127.0.0.1")

    @pytest.mark.parametrize("host", ["images.example", "*.core.windows.net", "*.example"])
    def test_no_other_host_may_be_private(self, host: str) -> None:
        with pytest.raises(SettingsError, match="SOURCE_PRIVATE_HOSTS"):
            policy(SOURCE_PRIVATE_HOSTS=host)

    def test_all_of_azures_may(self) -> None:
        rules = policy(
            SOURCE_PRIVATE_HOSTS="*.blob.core.windows.net, a1b.z12.blob.storage.azure.net"
        )
        check(rules, "https://account.blob.core.windows.net/", "10.0.0.4")


class TestEmulator:
    ENDPOINT = "http://127.0.0.1:10000/devstoreaccount1"

    @pytest.mark.parametrize("path", ["", "/", "/pictures", "/pictures/a.jpg?sig=x"])
    def test_it_may_be_asked_where_it_is_configured(self, path: str) -> None:
        check(policy(self.ENDPOINT), f"{self.ENDPOINT}{path}", "127.0.0.1")

    @pytest.mark.parametrize(
        "url",
        [
            "http://127.0.0.1:10001/devstoreaccount1",
            "http://127.0.0.2:10000/devstoreaccount1",
            "https://127.0.0.1:10000/devstoreaccount1",
            "http://127.0.0.1:10000/",
            "http://127.0.0.1:10000/devstoreaccount1x",
            "http://127.0.0.1:10000/devstoreaccount1/../other",
            "http://127.0.0.1:10000/other/devstoreaccount1",
            "http://localhost:10000/devstoreaccount1",
        ],
    )
    def test_and_nothing_else_by_that(self, url: str) -> None:
        with pytest.raises(UrlNotAllowed):
            check(policy(self.ENDPOINT), url, "127.0.0.1")


def test_the_defaults_are_the_strict_ones() -> None:
    assert Policy.of(Settings()) == Policy()
