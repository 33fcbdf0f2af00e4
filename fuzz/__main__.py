"""Fuzzes one target for a while, and tells what that covered.

New input that reaches more of the code is kept in a temporary folder; `--keep` merges the smallest
set that reaches as much into the corpus. What breaks a target is kept as `broken-…` in any case.
"""

import logging
import sys
import tempfile
from argparse import ArgumentParser
from importlib import import_module
from pathlib import Path

import atheris

CORPUS = Path(__file__).parent / "corpus"
_LONGEST = 8_192  # bytes of one input
_MEMORY_MIB = 4_096
_SECONDS_EACH = 20  # that one input may take


def main() -> None:
    parser = ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("target", help="images, metadata, requests, urls, sidecars or names")
    parser.add_argument("--seconds", type=int, default=60, help="how long (default: 60)")
    parser.add_argument("--keep", action="store_true", help="merge what is found into the corpus")
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
    logging.disable()  # else each message that is dropped would be told
    arguments = [
        f"-max_len={_LONGEST}",
        f"-rss_limit_mb={_MEMORY_MIB}",
        f"-timeout={_SECONDS_EACH}",
    ]
    arguments += ["-print_final_stats=1", f"-artifact_prefix={corpus}/broken-"]
    if options.keep:
        arguments += ["-merge=1", str(corpus), str(work)]
    else:
        arguments += [f"-max_total_time={options.seconds}", str(work), str(corpus)]
    atheris.Setup([sys.argv[0], *arguments], targets[options.target])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
