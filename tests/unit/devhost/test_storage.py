"""What is said of storage that does not answer, and how pauses grow."""

import asyncio
import logging

import pytest
from azure.core.exceptions import AzureError, HttpResponseError, ServiceRequestError

from devhost.errors import HostError
from devhost.storage import Account, Backoff, describe, keep_trying, missing_is_fine

LOCAL = "UseDevelopmentStorage=true"


def refused(code: str) -> HttpResponseError:
    error = HttpResponseError(message=f"The server says {code}.\nRequestId:1")
    error.error_code = code  # as the storage SDK adds it
    return error


@pytest.fixture
def account(caplog: pytest.LogCaptureFixture) -> Account:
    caplog.set_level(logging.INFO, logger="devhost")
    return Account(LOCAL, "AzureWebJobsStorage")


def test_absence_is_told_once_and_so_is_the_return(
    account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    gone = ServiceRequestError("connection refused")
    account.failed("Listening", gone)
    account.failed("Scanning", gone)
    account.failed("Listening", gone)
    account.succeeded("Listening")
    account.succeeded("Scanning")
    account.succeeded("Scanning")
    first, last = caplog.messages
    assert "does not answer at http://127.0.0.1:10000" in first
    assert "start Azurite" in first
    assert last == "Storage (AzureWebJobsStorage) answers again: triggers go on."


def test_a_refusal_names_what_was_refused_and_why(
    account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    account.failed("Scanning container 'images'", refused("AuthenticationFailed"))
    account.failed("Scanning container 'images'", refused("AuthorizationFailure"))
    assert caplog.messages == [
        "Scanning container 'images' fails and is tried again: storage says "
        f"The server says {code} ({code})."
        for code in ("AuthenticationFailed", "AuthorizationFailure")
    ]


def test_errors_are_described_in_one_line() -> None:
    assert describe(AzureError("no.\nsecond line")) == "no"


def test_a_connection_string_that_is_none_is_not_shown() -> None:
    with pytest.raises(HostError) as fault:
        Account("very secret", "Photos")
    assert "Photos is not a storage connection string" in str(fault.value)
    assert "secret" not in str(fault.value)


def test_only_the_errors_that_are_named_are_fine() -> None:
    async def run() -> None:
        async with missing_is_fine("QueueNotFound"):
            raise refused("QueueNotFound")
        with pytest.raises(HttpResponseError):
            async with missing_is_fine("QueueNotFound"):
                raise refused("QueueBeingDeleted")
        with pytest.raises(ServiceRequestError):
            async with missing_is_fine("QueueNotFound"):
                raise ServiceRequestError("connection refused")

    asyncio.run(run())


def test_a_wake_ends_a_pause_that_would_last() -> None:
    async def run() -> None:
        backoff = Backoff(3600, 3600)
        backoff.wake()
        async with asyncio.timeout(30):
            await backoff.pause()

    asyncio.run(run())


def test_a_step_is_done_again_whatever_storage_does(
    account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    answers = iter([True, ServiceRequestError("gone"), False, refused("Busy"), True])
    done = asyncio.Event()

    async def step() -> bool:
        answer = next(answers, None)
        if answer is None:
            done.set()
            await asyncio.Event().wait()
        if isinstance(answer, AzureError):
            raise answer
        return bool(answer)

    async def run() -> None:
        trying = asyncio.create_task(keep_trying(account, "Stepping", step, Backoff(0.001, 0.001)))
        async with asyncio.timeout(30):
            await done.wait()
        trying.cancel()

    asyncio.run(run())
    assert len(caplog.messages) == 4
