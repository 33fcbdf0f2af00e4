"""What a request's query asks for."""

import re

import azure.functions as func

from captioner.errors import InvalidRequest


def choice_in(request: func.HttpRequest, name: str) -> bool | None:
    """Give what the query says of a choice: true, false, or None where it does not say.

    Raises `InvalidRequest` for anything else.
    """
    told = request.params.get(name, "").lower()
    if told not in {"", "true", "false"}:
        raise InvalidRequest(f"The query's '{name}' must be true or false.")
    return told == "true" if told else None


def number_in(request: func.HttpRequest, name: str, *, default: int, most: int) -> int:
    """Give the whole number from 1 to `most` that the query says; raises `InvalidRequest`."""
    told = request.params.get(name, "") or str(default)
    if not re.fullmatch("[0-9]{1,9}", told) or not 1 <= int(told) <= most:
        raise InvalidRequest(f"The query's '{name}' must be a whole number from 1 to {most:,}.")
    return int(told)
