"""What fuzzing has found stays mended, and Hypothesis looks on where it stopped."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzz.__main__ import keep
from fuzz.targets import TARGETS, Broken, names

CORPUS = Path(__file__).resolve().parents[3] / "fuzz" / "corpus"
FILES = sorted(path for path in CORPUS.rglob("*") if path.is_file())
MOST_BYTES = 500_000

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


@pytest.mark.parametrize("target", TARGETS)
def test_what_was_found_is_borne(target: str) -> None:
    files = [path for path in FILES if path.parent.name == target]
    assert files
    for path in files:
        try:
            TARGETS[target](path.read_bytes())
        except Exception as fault:
            raise AssertionError(f"{path} breaks it") from fault


def test_the_corpus_is_small_and_each_file_is_another() -> None:
    contents = [(path.parent.name, path.read_bytes()) for path in FILES]
    assert {folder for folder, _ in contents} == TARGETS.keys()
    assert sum(len(data) for _, data in contents) < MOST_BYTES
    assert len(set(contents)) == len(contents)


@pytest.mark.parametrize("target", TARGETS)
@given(data=st.binary(max_size=400))
def test_any_bytes_are_borne(target: str, data: bytes) -> None:
    TARGETS[target](data)


@pytest.mark.parametrize("target", ["requests", "urls", "sidecars", "names"])
@given(text=st.text(max_size=200))
def test_any_text_is_borne(target: str, text: str) -> None:
    TARGETS[target](text.encode())


def test_what_does_not_hold_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fuzz.targets.file_path", lambda name, **_: f"../{name}")
    with pytest.raises(Broken, match="stays in its folder"):
        names(b"a.jpg")


def test_what_was_found_is_kept_as_far_as_there_is_room(tmp_path: Path) -> None:
    found, corpus = tmp_path / "found", tmp_path / "corpus"
    for folder in (found, corpus):
        folder.mkdir()
    (corpus / "known").write_bytes(b"a" * 40_000)
    for name, data in {"small": b"b", "same": b"a" * 40_000, "large": b"c" * 20_000}.items():
        (found / name).write_bytes(data)

    keep(found, corpus)

    assert sorted(path.stat().st_size for path in corpus.iterdir()) == [1, 40_000]


def test_a_target_is_fuzzed_by_a_command(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-m", "fuzz", "names", "--seconds", "1"]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd=CORPUS.parent.parent,
        env={"PATH": "", "TMPDIR": str(tmp_path)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "stat::number_of_executed_units" in done.stderr
