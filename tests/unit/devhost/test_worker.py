"""What the host makes of the worker's words."""

import traceback

import azure_functions_runtime.utils.executor as machinery
import pytest

from devhost.worker import child_of, without_machinery


def fail() -> None:
    raise ValueError("no")


def test_a_traceback_shows_the_users_frames_only() -> None:
    try:
        machinery.execute_sync(fail, {})
    except ValueError as error:
        trace = "".join(traceback.format_exception(error))
    assert "in execute_sync" in trace
    shown = without_machinery(trace)
    assert "in execute_sync" not in shown
    assert "in fail" in shown
    assert shown.endswith("ValueError: no")


def test_a_call_is_in_the_trace_that_it_came_with() -> None:
    came = f"00-{'a' * 32}-{'b' * 16}-01"

    child = child_of(came, sampled=False)

    assert child.startswith(f"00-{'a' * 32}-")
    assert child.endswith("-01")
    assert child != came


@pytest.mark.parametrize("came", [None, "", "garbage", f"00-{'A' * 32}-{'b' * 16}-01"])
@pytest.mark.parametrize(("sampled", "flags"), [(True, "-01"), (False, "-00")])
def test_a_call_that_came_with_none_has_one_of_its_own(
    came: str | None, sampled: bool, flags: str
) -> None:
    first, second = child_of(came, sampled=sampled), child_of(came, sampled=sampled)

    assert first.endswith(flags)
    assert first.split("-")[1] != second.split("-")[1]
