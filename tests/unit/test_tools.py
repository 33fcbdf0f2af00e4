"""tests.support.tools: a missing program skips here and fails where everything must run."""

import pytest

from tests.support.tools import require_tool

MISSING = "no-such-program-anywhere"


def test_a_program_on_path_is_found() -> None:
    assert require_tool("sh").name == "sh"


def test_a_missing_program_skips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match=MISSING):
        require_tool(MISSING)


def test_a_missing_program_fails_under_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match=MISSING):
        require_tool(MISSING)
