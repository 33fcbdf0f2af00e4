"""A web of the test's own, and a certificate authority that only the tests trust."""

import ssl
from collections.abc import Callable

import pytest
import trustme

from captioner.sources.downloads import Downloader
from captioner.sources.guard import Guard
from captioner.sources.policy import Policy
from tests.support.web import Web


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def trust(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture
def web() -> Web:
    return Web()


@pytest.fixture
def downloader(web: Web, trust: ssl.SSLContext) -> Callable[..., Downloader]:
    """Make a downloader in the test's web; its options are those of `Downloader` and `Policy`."""

    def make(*, max_bytes: int = 2**20, timeout_s: float = 20.0, **policy: object) -> Downloader:
        return Downloader(
            Guard(Policy(**policy), web.resolve),
            max_bytes=max_bytes,
            timeout_s=timeout_s,
            tls=trust,
            connect=web.connect,
        )

    return make
