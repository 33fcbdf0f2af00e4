"""What people decide: the text of an image, and whether it is there at all."""

from collections.abc import Callable

import azure.functions as func
import msgspec

from captioner.api.answers import json_answer
from captioner.api.preconditions import expected_by
from captioner.api.problems import answering_problems
from captioner.api.requests import read_alt_text
from captioner.api.uploads import is_json
from captioner.composition import Services
from captioner.curation import cleaned
from captioner.errors import UnsupportedMediaType
from captioner.records import CaptionRecord, to_json
from captioner.settings import people_sign_in

_SIGNED_IN_AS = "x-ms-client-principal-name"


class AltTextApi:
    """The HTTP side of curation; `services` is asked for with each request."""

    def __init__(self, services: Callable[[], Services]) -> None:
        self._services = services

    @answering_problems
    def publish(self, request: func.HttpRequest) -> func.HttpResponse:
        """Publish the text in the request with the image that the route names."""
        expected = expected_by(request, required=True)
        if not is_json(request):
            raise UnsupportedMediaType("Send the text as JSON, with its Content-Type.")
        text = read_alt_text(request.get_body())
        edited = self._services().curation.publish(
            _name(request), text, expected=expected, by=_person(request)
        )
        return _edited(*edited)

    @answering_problems
    def hand_back(self, request: func.HttpRequest) -> func.HttpResponse:
        """Let the captioners have the text of the image that the route names."""
        expected = expected_by(request, required=True)
        return _edited(*self._services().curation.hand_back(_name(request), expected=expected))

    @answering_problems
    def history(self, request: func.HttpRequest) -> func.HttpResponse:
        """Give the texts of an image, or those kept of one that was deleted."""
        history = self._services().curation.history(_name(request))
        return json_answer(msgspec.json.encode(history), headers={"Cache-Control": "no-cache"})

    @answering_problems
    def delete_image(self, request: func.HttpRequest) -> func.HttpResponse:
        """Delete an image with all that was made of it, less what people wrote."""
        expected = expected_by(request, required=False)
        self._services().curation.delete(_name(request), expected=expected)
        return func.HttpResponse(status_code=204)


def _name(request: func.HttpRequest) -> str:
    return str(request.route_params.get("name", ""))


def _person(request: func.HttpRequest) -> str | None:
    """Give who is signed in, as the platform tells it; None where it does not look after that."""
    if not people_sign_in():
        return None
    return cleaned(request.headers.get(_SIGNED_IN_AS, "")) or None


def _edited(record: CaptionRecord, etag: str) -> func.HttpResponse:
    return json_answer(to_json(record), headers={"ETag": etag, "Cache-Control": "no-cache"})
