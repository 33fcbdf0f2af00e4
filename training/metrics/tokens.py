"""Captions as the metrics compare them: lower-case tokens of the Penn Treebank tokenizer."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from pycocoevalcap.tokenizer import ptbtokenizer

from training.metrics.java import MetricsError, java, last_line

_JAR = Path(ptbtokenizer.__file__).with_name(ptbtokenizer.STANFORD_CORENLP_3_4_1_JAR)

# An image's captions by its name, each a line of tokens between single spaces.
type Tokens = dict[str, list[str]]


def tokenized(
    references: Mapping[str, Sequence[str]], hypotheses: Mapping[str, str]
) -> tuple[Tokens, Tokens]:
    """Tokenize references and hypotheses in one run; keys in the order of `references`.

    Raises `MetricsError` where the images are not the same or none, an image has no reference, or
    Java is not there or fails.
    """
    if references.keys() != hypotheses.keys():
        odd = sorted(references.keys() ^ hypotheses.keys())
        raise MetricsError(f"These images have references or a caption, not both: {odd[:5]}.")
    if not references:
        raise MetricsError("There is no image to measure on.")
    bare = [image for image, captions in references.items() if not captions]
    if bare:
        raise MetricsError(f"These images have no reference caption: {bare[:5]}.")
    lines = [caption for image in references for caption in (hypotheses[image], *references[image])]
    tokens = iter(tokenize(lines))
    given, wanted = {}, {}
    for image, captions in references.items():
        given[image] = [next(tokens)]
        wanted[image] = [next(tokens) for _ in captions]
    return wanted, given


def tokenize(captions: Sequence[str]) -> list[str]:
    """Run the Penn Treebank tokenizer, lower-casing; punctuation goes, as in the COCO metrics."""
    # One caption a line, whatever it holds: every kind of white space becomes one blank.
    lines = "\n".join(" ".join(caption.split()) for caption in captions)
    command = [java(), "-Dfile.encoding=UTF-8", "-cp", str(_JAR)]
    command += ["edu.stanford.nlp.process.PTBTokenizer", "-preserveLines", "-lowerCase"]
    # The command is all our own; captions go in through a pipe.
    done = subprocess.run(command, input=lines.encode(), capture_output=True, check=False)  # noqa: S603
    found = done.stdout.decode().removesuffix("\n").split("\n")
    if done.returncode or len(found) != len(captions):
        raise MetricsError(f"The tokenizer failed: {last_line(done.stderr)}.")
    punctuation = ptbtokenizer.PUNCTUATIONS
    return [" ".join(word for word in line.split() if word not in punctuation) for line in found]
