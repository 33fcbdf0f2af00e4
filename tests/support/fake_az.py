"""An `az` that writes down how it is called and says what a test wants it to say."""

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path

_PROGRAM = f"""#!{sys.executable}
import json, pathlib, sys

folder = pathlib.Path(__file__).parent
with (folder / "calls").open("a") as calls:
    calls.write(json.dumps(sys.argv[1:]) + "\\n")
for number, (begin, failures, says) in enumerate(json.loads((folder / "replies").read_text())):
    if sys.argv[1 : 1 + len(begin)] == begin:
        asked = folder / f"asked-{{number}}"
        times = int(asked.read_text()) if asked.exists() else 0
        asked.write_text(str(times + 1))
        if times < failures:
            sys.exit("ERROR: not there yet")
        print(says)
        sys.exit()
sys.exit(f"ERROR: no reply to {{sys.argv[1:]}}")
"""


@dataclass
class FakeAz:
    """Put its folder first on PATH. A call that no reply is for fails."""

    folder: Path
    _replies: list[tuple[list[str], int, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir()
        program = self.folder / "az"
        program.write_text(_PROGRAM)
        program.chmod(0o755)

    def reply(self, begin: str, says: str = "", *, failures: int = 0) -> None:
        """Have calls that begin so print something, once they failed so often."""
        self._replies.append((begin.split(), failures, says))
        (self.folder / "replies").write_text(json.dumps(self._replies))

    @property
    def calls(self) -> list[list[str]]:
        written = self.folder / "calls"
        return [json.loads(line) for line in written.read_text().splitlines()]
