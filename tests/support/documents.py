"""The documents that people read, taken apart: code, links, headings, tables, commands."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parent.parent.parent
README = ROOT / "README.md"
DOCUMENTS = (
    README,
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "models" / "MODEL_CARD.md",
    ROOT / "training" / "README.md",
)

_PARSER = MarkdownIt("commonmark").enable("table")
_SHELLS = {"", "sh"}
_PYTHONS = {"python", ".venv/bin/python"}


@dataclass(frozen=True)
class Command:
    """A program of this repository as a document tells people to start it: `make start PORT=1`."""

    program: str
    arguments: tuple[str, ...]

    def __str__(self) -> str:
        return " ".join((self.program, *self.arguments))

    @property
    def options(self) -> set[str]:
        return {each.partition("=")[0] for each in self.arguments if each.startswith("--")}


def code(document: Path, language: str) -> list[str]:
    """Give the fenced blocks of one language, in order."""
    return [
        token.content
        for token in _tokens(document)
        if token.type == "fence" and token.info == language
    ]


def examples(document: Path, section: str) -> dict[str, list[tuple[str, str]]]:
    """Give language and content of a section's fenced blocks, by the headings below its own."""
    found: dict[str, list[tuple[str, str]]] = {}
    within, heading = False, ""
    for token, after in pairwise(_tokens(document)):
        if token.type == "heading_open":
            heading = after.content
            within = heading == section or (within and token.tag > "h2")
        elif within and token.type == "fence":
            found.setdefault(heading, []).append((token.info, token.content))
    return found


def links(document: Path) -> list[str]:
    """Give where links and pictures lead, as it is written."""
    found = [
        str(part.attrs.get("href") or part.attrs.get("src"))
        for token in _tokens(document)
        for part in token.children or ()
        if part.type in {"link_open", "image"}
    ]
    return found + re.findall(r'<img[^>]* src="([^"]+)"', document.read_text())


def anchors(document: Path) -> set[str]:
    """Give the names by which a page's headings can be linked to, as GitHub makes them."""
    tokens = list(_tokens(document))
    titles = (after.content for token, after in pairwise(tokens) if token.type == "heading_open")
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def tables(document: Path) -> Iterator[list[list[str]]]:
    """Give each table as rows of cells, its head first, cells as they are written."""
    for token in _tokens(document):
        if token.type == "table_open":
            rows: list[list[str]] = []
        elif token.type == "tr_open":
            rows.append([])
        elif token.type == "inline" and token.level >= 4:
            rows[-1].append(token.content)
        elif token.type == "table_close":
            yield rows


def table(document: Path, *head: str) -> list[list[str]]:
    """Give the rows below the head of the one table that has it."""
    (found,) = (rows for rows in tables(document) if rows[0] == list(head))
    return found[1:]


def code_texts(document: Path) -> list[str]:
    """Give all code that is for the shell or stands between words, in order."""
    found: list[str] = []
    for token in _tokens(document):
        if token.type == "fence" and token.info in _SHELLS:
            found += token.content.replace("\\\n", " ").splitlines()
        found += [part.content for part in token.children or () if part.type == "code_inline"]
    return found


def commands(document: Path) -> list[Command]:
    """Give every command of this repository in blocks for the shell and in code between words."""
    parts = (part for text in code_texts(document) for part in re.split(r"&&|;", text))
    return [command for part in parts if (command := _command(part))]


def _command(line: str) -> Command | None:
    try:
        words = shlex.split(line, comments=True)
    except ValueError:  # not for a shell
        return None
    match words:
        case ["make", *rest] if rest:
            return Command("make", tuple(rest))
        case ["captioner" | ".venv/bin/captioner", *rest] if rest:
            return Command("captioner", tuple(rest))
        case [python, "-m", module, *rest] if python in _PYTHONS and _is_ours(module):
            return Command(module, tuple(rest))
    return None


def _is_ours(module: str) -> bool:
    return (ROOT / module.partition(".")[0]).is_dir()


def _tokens(document: Path) -> list[Token]:
    return _PARSER.parse(document.read_text())
