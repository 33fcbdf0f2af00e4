"""A Dockerfile taken apart, and what of a folder its build sees.

Reads what ours uses: comments, lines that go on after a backslash, and stages.
"""

import json
import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pathspec

_INSTRUCTION = re.compile(r"([A-Z]+)\s+(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction of one stage, its lines joined."""

    name: str
    text: str
    stage: int

    @property
    def words(self) -> list[str]:
        return shlex.split(self.text)

    @property
    def command(self) -> list[str]:
        """The command of an instruction in exec form, whatever stands before it."""
        found: list[str] = json.loads(self.text[self.text.index("[") :])
        return found


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """All instructions in their order."""

    instructions: tuple[Instruction, ...]

    @classmethod
    def parse(cls, text: str) -> "Dockerfile":
        lines = [line for line in text.splitlines() if line.strip() and line[0] != "#"]
        joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
        found: list[Instruction] = []
        stage = -1
        for line in joined.splitlines():
            match = _INSTRUCTION.fullmatch(line)
            if match is None:
                raise ValueError(f"No instruction: {line}")
            stage += match[1] == "FROM"
            found.append(Instruction(match[1], match[2], stage))
        return cls(tuple(found))

    def all(self, name: str, stage: int | None = None) -> list[Instruction]:
        """Give the instructions of this name, of all stages or one; -1 is the last."""
        wanted = self.instructions[-1].stage if stage == -1 else stage
        return [
            each for each in self.instructions if each.name == name and wanted in {None, each.stage}
        ]

    def one(self, name: str, stage: int | None = None) -> Instruction:
        (found,) = self.all(name, stage)
        return found

    @property
    def environment(self) -> dict[str, str]:
        """The variables that the last stage sets."""
        pairs = [word.partition("=") for each in self.all("ENV", -1) for word in each.words]
        return {name: value for name, _, value in pairs}

    @property
    def copied(self) -> dict[str, str]:
        """What is copied from the folder of the build, and to where."""
        copies = [each.words for each in self.all("COPY") if not each.text.startswith("--from=")]
        return {source: words[-1] for words in copies for source in words[:-1]}


def context(folder: Path) -> Iterator[Path]:
    """Give the files of a folder that its `.dockerignore` lets a build see."""
    ignored = pathspec.GitIgnoreSpec.from_lines((folder / ".dockerignore").read_text().splitlines())
    for entry in folder.iterdir():
        # Git and Docker both keep out what lies in a folder that is kept out.
        if ignored.match_file(f"{entry.name}/" if entry.is_dir() else entry.name):
            continue
        for path in entry.rglob("*") if entry.is_dir() else (entry,):
            if path.is_file() and not ignored.match_file(path.relative_to(folder)):
                yield path


def copy_as_built(folder: Path, dockerfile: Dockerfile, to: Path) -> None:
    """Copy into a folder what the Dockerfile copies into its working folder."""
    seen = list(context(folder))
    for source, target in dockerfile.copied.items():
        origin = folder / source
        for path in [each for each in seen if each == origin or origin in each.parents]:
            # A folder's content lands in the target, a file in the folder that the target is.
            below = path.relative_to(origin) if origin.is_dir() else path.name
            place = to / target / below
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, place)
