"""METEOR 1.5 from its own Java program: the statistics of each sentence, and their score.

The program tells of each sentence how its words were matched. Those counts add up, over a test set
or over any resample of it, and the score is a function of the sums (Denkowski and Lavie 2014,
section 3, with the parameters for English).
"""

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray
from pycocoevalcap.meteor import meteor

from training.metrics.java import MetricsError, java, last_line
from training.metrics.tokens import Tokens

_JAR = Path(meteor.__file__).with_name(meteor.METEOR_JAR)

# Recall against precision, weight and form of the penalty for scattered matches, and the weight of
# content words against function words.
_ALPHA, _BETA, _GAMMA, _DELTA = 0.85, 0.2, 0.6, 0.75
# A match of the same word, of the same stem, of synonyms, of paraphrases.
_MATCHERS = np.array([1.0, 0.6, 0.8, 0.6])
COLUMNS = 23
"""Numbers that the program tells of a sentence: the lengths of caption and reference, the function
words of each; for each matcher, content words of both and function words of both that it matched;
chunks, and words matched in each."""


def statistics(wanted: Tokens, given: Tokens) -> NDArray[np.float64]:
    """Run METEOR; [images, `COLUMNS`], of the reference that each image's caption is closest to.

    Raises `MetricsError` where Java is not there or fails.
    """
    command = [java(), "-Xmx2G", "-jar", str(_JAR), "-", "-", "-stdio", "-l", "en", "-norm"]
    with tempfile.TemporaryFile() as complaints:
        try:
            with subprocess.Popen(  # noqa: S603 - the command is all our own
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=complaints,
                text=True,
                encoding="utf-8",
            ) as program:
                assert program.stdin
                assert program.stdout
                try:
                    rows = []
                    for image, hypothesis in given.items():
                        _ask(program.stdin, ["SCORE", *wanted[image], *hypothesis])
                        rows.append([float(each) for each in program.stdout.readline().split()])
                    return _without_chunks_of_wholes(np.array(rows).reshape(len(given), COLUMNS))
                finally:
                    program.kill()  # it would wait for more to score
        except (OSError, ValueError):
            complaints.seek(0)
            raise MetricsError(f"METEOR failed: {last_line(complaints.read())}.") from None


def _ask(questions: IO[str], fields: Sequence[str]) -> None:
    questions.write(" ||| ".join(field.replace("|||", "") for field in fields) + "\n")
    questions.flush()


def _without_chunks_of_wholes(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Count no chunk where a caption matches as a whole, in one piece: nothing is scattered."""
    whole = (rows[:, 21:23] == rows[:, 0:2]).all(axis=1) & (rows[:, 20] == 1)
    rows[whole, 20] = 0
    return rows


def scores(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give METEOR, 0 to 1, of statistics added up: [..., `COLUMNS`] -> [...]."""
    lengths, function_words = sums[..., 0:2], sums[..., 2:4]
    by_matcher = sums[..., 4:20].reshape(*sums.shape[:-1], 4, 2, 2)  # matcher, kind, side
    content_matches, function_matches = by_matcher[..., 0, :], by_matcher[..., 1, :]
    chunks, matched = sums[..., 20], sums[..., 21:23]
    weighted = _DELTA * (lengths - function_words) + (1 - _DELTA) * function_words
    matches = np.einsum(
        "...ms,m->...s",
        _DELTA * content_matches + (1 - _DELTA) * function_matches,
        _MATCHERS,
    )
    precision, recall = np.moveaxis(_ratio(matches, weighted), -1, 0)
    f_mean = _ratio(precision * recall, _ALPHA * precision + (1 - _ALPHA) * recall)
    scatter = _ratio(chunks, matched.mean(axis=-1))
    return f_mean * (1 - _GAMMA * scatter**_BETA)


def _ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
