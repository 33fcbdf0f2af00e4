"""What a request's query asks for."""

import azure.functions as func

from captioner.errors import InvalidRequest

_LONGEST_NUMBER = 9  # digits


def choice_in(request: func.HttpRequest, name: str) -> bool | None:
    """Give what the query says of a choice: true, false, or None where it does not say.

    Raises `InvalidRequest` for anything else.
    """
    told = request.params.get(name, "").lower()
    if told not in {"", "true", "false"}:
        raise InvalidRequest(f"The query's '{name}' must be true or false.")
    return told == "true" if told else None


def number_in(request: func.HttpRequest, name: str, *, default: int, low: int, high: int) -> int:
    """Give what the query says of a whole number, `default` where it does not say.

    Raises `InvalidRequest` for anything that is not from `low` to `high`.
    """
    told = request.params.get(name, "")
    if not told:
        return default
    right = told.isascii() and told.isdigit() and len(told) <= _LONGEST_NUMBER
    if not right or not low <= int(told) <= high:
        raise InvalidRequest(f"The query's '{name}' must be a whole number from {low} to {high:,}.")
    return int(told)
