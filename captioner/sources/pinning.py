"""The transport of Azure's SDK, with each request's connection pinned to a checked address."""

from http.cookiejar import DefaultCookiePolicy
from typing import Any

from azure.core.pipeline.transport import RequestsTransport
from requests import PreparedRequest, Response, Session
from requests.adapters import HTTPAdapter

from captioner.sources.guard import CONNECT_S, Deadline, Guard
from captioner.sources.urls import Url

_CONNECTIONS = 32


def pinned_transport(
    guard: Guard, *, read_timeout_s: float, trust: bool | str = True
) -> RequestsTransport:
    """Give a transport that asks storage hosts only, by the addresses that the guard lets through.

    It knows no proxies, cookies or settings of the environment. `trust` is True for the public
    authorities, or the path of a file with others. To be closed by `transport.session.close()`.
    """
    session = Session()
    session.trust_env = False
    session.headers["Accept-Encoding"] = "identity"
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
    adapter = _PinnedAdapter(guard)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return RequestsTransport(
        session=session,
        session_owner=False,  # it outlives each client that uses it
        use_env_settings=False,
        connection_timeout=CONNECT_S,
        read_timeout=read_timeout_s,
        connection_verify=trust,
    )


class _PinnedAdapter(HTTPAdapter):
    """Connects to an address, while all that is said and proven is about the host's name.

    Connections are kept by address and name, so that one that is used again is still as checked.
    """

    def __init__(self, guard: Guard) -> None:
        super().__init__(pool_maxsize=_CONNECTIONS)
        self._guard = guard

    def send(self, request: PreparedRequest, *args: Any, **options: Any) -> Response:
        request.headers["Host"] = Url.parse(request.url or "").netloc
        return super().send(request, *args, **options)

    def build_connection_pool_key_attributes(
        self, request: PreparedRequest, *args: Any, **options: Any
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        url = Url.parse(request.url or "")
        self._guard.policy.check_storage(url)
        address, *_ = self._guard.admit(url, Deadline(CONNECT_S))
        host, pool = super().build_connection_pool_key_attributes(request, *args, **options)
        host["host"] = str(address)
        if url.scheme == "https":
            pool["server_hostname"] = url.host
        return host, pool
