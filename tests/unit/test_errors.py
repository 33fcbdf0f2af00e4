"""The tree of errors: drawn as it is, with codes that tell each apart."""

import inspect
import re

import pytest

from captioner import errors
from captioner.errors import CaptionerError

CLASSES = [
    each
    for _, each in inspect.getmembers(errors, inspect.isclass)
    if issubclass(each, CaptionerError)
]
LEAVES = [each for each in CLASSES if not each.__subclasses__()]


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    drawn: dict[str, str] = {}
    branch: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        if found := re.match(r"    ((?:│   |├── |└── |    )*)([A-Z]\w+)(?:\s|$)", line):
            depth = len(found[1]) // 4
            branch[depth:] = [found[2]]
            if depth:
                drawn[found[2]] = branch[depth - 1]

    assert drawn == {
        each.__name__: each.__base__.__name__ for each in CLASSES if each is not CaptionerError
    }


@pytest.mark.parametrize("error", LEAVES)
def test_every_leaf_is_drawn_with_its_code(error: type[CaptionerError]) -> None:
    assert re.search(rf"{error.__name__}\s+{error.code}\b", errors.__doc__ or "")


def test_codes_are_unique() -> None:
    codes = [each.code for each in LEAVES]

    assert sorted(set(codes)) == sorted(codes)


@pytest.mark.parametrize("error", CLASSES)
def test_statuses_are_those_of_errors(error: type[CaptionerError]) -> None:
    assert 400 <= error.status < 600
