"""What a request's query asks for."""

import azure.functions as func
import pytest

from captioner.api.queries import choice_in
from captioner.errors import InvalidRequest


def asking(**params: str) -> func.HttpRequest:
    return func.HttpRequest("POST", "http://localhost/api/caption", params=params, body=b"")


@pytest.mark.parametrize(
    ("params", "choice"),
    [
        ({"neutral": "true"}, True),
        ({"neutral": "False"}, False),
        ({"neutral": ""}, None),
        ({"other": "true"}, None),
    ],
)
def test_a_choice(params: dict[str, str], choice: bool | None) -> None:
    assert choice_in(asking(**params), "neutral") is choice


@pytest.mark.parametrize("told", ["1", "yes", "true,false"])
def test_what_is_no_choice_is_refused(told: str) -> None:
    with pytest.raises(InvalidRequest, match="'neutral' must be true or false"):
        choice_in(asking(neutral=told), "neutral")
