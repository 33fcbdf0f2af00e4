"""Fuzzes one target for a while, and tells what that covered.

New input that reaches more of the code is kept in a temporary folder, reduced by libFuzzer;
`--keep` copies it into the corpus, the smallest first, as far as there is room. What breaks it
is kept there as `broken-…` in any case.
"""

import hashlib
import logging
import sys
import tempfile
from argparse import ArgumentParser
from importlib import import_module
from pathlib import Path

import atheris

CORPUS = Path(__file__).parent / "corpus"
_ROOM = 50_000  # bytes of the corpus of one target
_LONGEST = 8_192  # bytes of one input
_MEMORY_MIB = 4_096
_SECONDS_EACH = 20  # that one input may take


def main() -> None:
    parser = ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("target", help="images, metadata, requests, urls, sidecars or names")
    parser.add_argument("--seconds", type=int, default=60, help="how long (default: 60)")
    parser.add_argument(
        "--keep", action="store_true", help="copy what was found before into the corpus"
    )
    options = parser.parse_args()
    with atheris.instrument_imports(include=["captioner", "PIL", "werkzeug", "defusedxml"]):
        targets = import_module("fuzz.targets").TARGETS
        for each in import_module("captioner.images.formats").FORMATS:
            import_module(each.module)
    if options.target not in targets:
        parser.error(f"there is no target '{options.target}'; there are {', '.join(targets)}")
    corpus = CORPUS / options.target
    corpus.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.gettempdir(), f"captioner-fuzz-{options.target}")
    work.mkdir(exist_ok=True)
    if options.keep:
        keep(work, corpus)
        return
    logging.disable()  # else each message that is dropped would be told
    arguments = [
        f"-max_len={_LONGEST}",
        f"-rss_limit_mb={_MEMORY_MIB}",
        f"-timeout={_SECONDS_EACH}",
    ]
    arguments += ["-print_final_stats=1", f"-artifact_prefix={corpus}/broken-"]
    arguments += [f"-max_total_time={options.seconds}", str(work), str(corpus)]
    atheris.Setup([sys.argv[0], *arguments], targets[options.target])
    atheris.Fuzz()


def keep(found: Path, corpus: Path) -> None:
    """Copy what was found into the corpus, the smallest first, as far as there is room."""
    kept = {path.read_bytes() for path in corpus.iterdir()}
    room = _ROOM - sum(map(len, kept))
    for data in sorted({path.read_bytes() for path in found.iterdir()} - kept, key=len):
        room -= len(data)
        if room < 0:
            break
        (corpus / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)


if __name__ == "__main__":
    main()
