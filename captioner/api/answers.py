"""Answers that are put together in one way only."""

import azure.functions as func


def json_answer(
    body: bytes,
    *,
    status_code: int = 200,
    headers: dict[str, str] | None = None,
    mimetype: str = "application/json",
) -> func.HttpResponse:
    return func.HttpResponse(body, status_code=status_code, headers=headers, mimetype=mimetype)
