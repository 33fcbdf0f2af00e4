"""What a request's query asks for."""

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
