"""`POST /api/caption`: images in every form that they may be asked for, to their records."""

from collections.abc import Callable, Sequence
from functools import partial

import azure.functions as func
import msgspec
from msgspec import Struct

from captioner.api.answers import json_answer
from captioner.api.requests import Asked, ManyUrls, OneDirectory, OneUrl, read_json, read_query
from captioner.api.uploads import images_in, media_type_of
from captioner.captioning import Captioned
from captioner.composition import Services
from captioner.errors import ListTooLong, SaveRefused
from captioner.ondemand import MOST_INLINE, Kept, Linked, Listed, Wanted
from captioner.ondemand import images_in as images_in_directory
from captioner.records import CaptionRecord, to_json


class Results(Struct, frozen=True):
    """The records of several images, in the order asked; one without captions tells why."""

    results: tuple[CaptionRecord, ...]


class Captions:
    """Answers requests for captions; `services` is asked for with each of them."""

    def __init__(self, services: Callable[[], Services]) -> None:
        self._services = services

    def answer(self, request: func.HttpRequest) -> func.HttpResponse:
        """Caption the images of a request; raises `CaptionerError`."""
        if _is_json(media_type_of(request)):
            return self._found(read_json(request.get_body(), request.params))
        query = read_query(request.params)
        with images_in(request, query.name) as images:
            captioned = self._services().on_demand.caption(images, query)
        return _record(captioned[0]) if len(images) == 1 else _results(captioned)

    def _found(self, asked: Asked) -> func.HttpResponse:
        """Caption images that have yet to be fetched."""
        services = self._services()
        if isinstance(asked, OneUrl):
            image = Linked(services.sources(), asked.url)
            return _record(services.on_demand.caption([image], asked)[0])
        wanted = self._links(asked) if isinstance(asked, ManyUrls) else self._directory(asked)
        if wanted is None:
            return self._later(asked)
        force = isinstance(asked, OneDirectory) and asked.force
        return _results(services.on_demand.caption(wanted, asked, force=force))

    def _links(self, asked: ManyUrls) -> Sequence[Wanted] | None:
        """Give the images of a list; None where there are too many to wait for."""
        if len(asked.urls) > MOST_INLINE:
            return None
        sources = self._services().sources()
        return [Linked(sources, url, f"urls[{at}]") for at, url in enumerate(asked.urls)]

    def _directory(self, asked: OneDirectory) -> Sequence[Wanted] | None:
        """Give the images of a directory; None where there are too many to wait for."""
        services = self._services()
        directory = services.sources().directory(asked.directory)
        place = directory.place
        if asked.save and services.store.owns(place.account, place.container):
            raise SaveRefused(
                f"The records of '{place.container}' have a container of their own; "
                "leave 'save' out, or name another directory."
            )
        entries = images_in_directory(directory, MOST_INLINE)
        if entries is None:
            return None
        if not asked.save:
            return [Listed(directory, entry) for entry in entries]
        is_complete = partial(services.captioning.is_complete, retrying=False, options=asked)
        return [Kept(directory, entry, is_complete, asked.force) for entry in entries]

    def _later(self, asked: ManyUrls | OneDirectory) -> func.HttpResponse:
        """Answer a request for more images than can be waited for."""
        what = "directory" if isinstance(asked, OneDirectory) else "list"
        raise ListTooLong(
            f"The {what} holds more than the {MOST_INLINE} images that are captioned at once; "
            "ask for fewer."
        )


def _is_json(media_type: str) -> bool:
    return media_type == "application/json" or media_type.endswith("+json")


def _record(captioned: Captioned) -> func.HttpResponse:
    """Answer with one record; without any caption it is none, but the first fault behind that."""
    if not captioned.record.captions:
        raise next(iter(captioned.faults.values()))
    return json_answer(to_json(captioned.record))


def _results(captioned: Sequence[Captioned]) -> func.HttpResponse:
    results = Results(tuple(each.record for each in captioned))
    return json_answer(msgspec.json.encode(results))
