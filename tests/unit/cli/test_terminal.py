"""What the commands print, to a terminal and elsewhere."""

import pty
import re
import sys
from contextlib import suppress
from datetime import UTC, datetime

import msgspec

from captioner.cli.terminal import Terminal
from captioner.records import (
    Caption,
    CaptionRecord,
    ImageFacts,
    ModelName,
    Problem,
    from_json,
)

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
LONG = "a man " * 60 + "sits"


def caption(source: str, text: str, confidence: float | None) -> Caption:
    return Caption(
        source=source,
        text=text,
        confidence=confidence,
        language="en",
        model=ModelName("m", "1"),
        elapsed_ms=1,
        created=NOON,
    )


def record(name: str) -> CaptionRecord:
    return CaptionRecord(
        image=ImageFacts(name=name),
        captions=(
            caption("onnx", LONG, 0.7123),
            caption("other", "a [b]man[/b] :cat:", None),
        ),
        alt_text=None,
        problems=(Problem("azure-vision", "vision_unavailable", "Vision is away."),),
        created=NOON,
        updated=NOON,
    )


def test_a_record_is_shown_line_by_line_and_nothing_is_wrapped(capfd):
    Terminal().record(record("attic/[red]1.jpg"))
    out, err = capfd.readouterr()
    assert out.splitlines() == [
        "attic/[red]1.jpg",
        f"  onnx          {LONG}  (0.71)",
        "  other         a [b]man[/b] :cat:",
        "  azure-vision  Vision is away.",
    ]
    assert not err


def test_what_a_person_should_read_is_marked(capfd):
    Terminal().record(msgspec.structs.replace(record("1.jpg"), needs_review=True))
    assert "  for review    The model is unsure" in capfd.readouterr().out
    Terminal().record(msgspec.structs.replace(record("1.jpg"), needs_review=False))
    assert "for review" not in capfd.readouterr().out


def test_what_would_steer_the_terminal_is_replaced(capfd):
    Terminal().line("\x1b[2J\udcff\x07é\N{ZERO WIDTH JOINER}")
    assert capfd.readouterr().out == "�[2J��é\N{ZERO WIDTH JOINER}\n"


def test_json_is_one_line_that_reads_back(capfdbinary):
    odd = record("a\tb\n\x1b é 🖼.jpg")
    Terminal().json_line(odd)
    (line,) = capfdbinary.readouterr().out.splitlines()
    assert from_json(line) == odd


def test_complaints_go_beside_the_results(capfd):
    Terminal().complain("This went wrong.")
    assert capfd.readouterr() == ("", "This went wrong.\n")


def all_of(reader: int) -> str:
    """Read what a terminal was sent, until nobody writes to it any more."""
    parts = []
    with open(reader, "rb", buffering=0) as screen, suppress(OSError):
        while part := screen.read(4096):
            parts.append(part)
    return b"".join(parts).decode()


def test_beside_a_bar_every_line_stands_alone_and_stays(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    reader, writer = pty.openpty()
    with open(writer, "w") as screen:  # noqa: PTH123 - a descriptor
        monkeypatch.setattr(sys, "stdout", screen)
        monkeypatch.setattr(sys, "stderr", screen)
        terminal = Terminal()
        with terminal.progress() as progress:
            for number in progress.track(range(2), description="Captioning"):
                terminal.line(f"picture {number}")
                terminal.complain(f"complaint {number}")
        terminal.line("the end")
    shown = all_of(reader)
    assert "Captioning" in shown
    erased = re.sub(r"[^\n]*(\n(\x1b\[\?25h)?\x1b\[1A)?\x1b\[2K", "", shown.replace("\r", ""))
    lines = re.sub(r"\x1b\[[?0-9;]*[a-zA-Z]", "", erased).splitlines()
    assert lines == ["picture 0", "complaint 0", "picture 1", "complaint 1", "the end"]


def test_no_bar_is_drawn_where_nobody_looks(capfd):
    terminal = Terminal()
    with terminal.progress() as progress:
        for number in progress.track(range(3), description="Captioning"):
            terminal.line(str(number))
    assert capfd.readouterr() == ("0\n1\n2\n", "")
