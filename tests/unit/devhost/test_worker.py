"""What the host makes of the worker's words."""

import traceback

import azure_functions_runtime.utils.executor as machinery

from devhost.worker import without_machinery


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
