"""What a terminal shows of a fault: the whole sentence, whatever is in it."""

from collections.abc import Callable

import pytest

from captioner.errors import CaptionerError
from training import cli
from training.console import console, run, tell_fault
from training.words import __main__ as words


class Fault(CaptionerError):
    """Something that a configuration lacks."""

    code = "fault"


def test_brackets_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    message = "Texts are told by their tags: add [tags] to my[/x].toml, or leave [bold]texts out."
    tell_fault(message)
    console.print(message, soft_wrap=True)
    told = capsys.readouterr()
    assert (told.err, told.out) == (f"{message}\n", f"{message}\n")


def test_a_fault_is_told_in_one_line_with_exit_status_1(capsys: pytest.CaptureFixture[str]) -> None:
    def app() -> None:
        raise Fault("A stage needs [tags] " + "and more words " * 20 + "here.")

    with pytest.raises(SystemExit) as ended:
        run(app)
    assert ended.value.code == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("A stage needs [tags] and more")


@pytest.mark.parametrize(
    ("app", "arguments", "told"),
    [
        (cli.app, ("train", "--data", ".", "--config", "[/tags].toml"),
         "There is no configuration [/tags].toml."),
        (words.app, ("[tags].tsv",), "[tags].tsv"),
    ],
)  # fmt: skip
def test_commands_tell_paths_as_they_are(
    app: Callable[[], object],
    arguments: tuple[str, ...],
    told: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.argv", ["training", *arguments])
    with pytest.raises(SystemExit):
        run(app)
    assert told in capsys.readouterr().err
