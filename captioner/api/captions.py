"""`POST /api/caption`: images in every form that they may be asked for, to their records."""

from collections.abc import Callable, Sequence
from functools import partial

import azure.functions as func
import msgspec

from captioner.api.answers import job_accepted, json_answer
from captioner.api.documents import Results
from captioner.api.requests import Asked, Query, read_asked, read_query
from captioner.api.uploads import images_in, is_json
from captioner.captioning import Captioned
from captioner.composition import Services
from captioner.ondemand import (
    MOST_INLINE,
    Kept,
    Linked,
    Listed,
    ManyUrls,
    OneDirectory,
    OneUrl,
    Wanted,
    opened,
)
from captioner.ondemand import images_in as images_in_directory
from captioner.records import now, to_json


class Captions:
    """Answers requests for captions; `services` is asked for with each of them."""

    def __init__(self, services: Callable[[], Services]) -> None:
        self._services = services

    def answer(self, request: func.HttpRequest) -> func.HttpResponse:
        """Caption the images of a request; raises `CaptionerError`."""
        if is_json(request):
            return self._found(read_asked(request.get_body(), request.params))
        query = read_query(request.params, Query)
        with images_in(request, query.name) as images:
            captioned = self._services().on_demand.caption(images, query)
        return _record(captioned[0]) if len(images) == 1 else _results(captioned)

    def _found(self, asked: Asked) -> func.HttpResponse:
        """Caption images that have yet to be fetched, or have a job do it where they are many."""
        match asked:
            case OneUrl():
                return self._one(asked)
            case ManyUrls():
                return self._list(asked)
            case OneDirectory():
                return self._directory(asked)

    def _one(self, asked: OneUrl) -> func.HttpResponse:
        services = self._services()
        image = Linked(services.sources(), asked.url)
        return _record(services.on_demand.caption([image], asked)[0])

    def _list(self, asked: ManyUrls) -> func.HttpResponse:
        services = self._services()
        if len(asked.urls) > MOST_INLINE:
            return job_accepted(services.jobs.start(asked))
        sources = services.sources()
        wanted = [Linked.at(place, url, sources) for place, url in enumerate(asked.urls)]
        return _results(services.on_demand.caption(wanted, asked))

    def _directory(self, asked: OneDirectory) -> func.HttpResponse:
        services = self._services()
        directory = opened(asked, services.sources(), services.store)
        entries = images_in_directory(directory, MOST_INLINE)
        if entries is None:
            return job_accepted(services.jobs.start(asked))
        made_since = now() if asked.force else None
        wanted: list[Wanted] = [Listed(directory, entry) for entry in entries]
        if asked.save:
            is_complete = partial(
                services.captioning.is_complete,
                retrying=False,
                options=asked,
                made_since=made_since,
            )
            wanted = [Kept(directory, entry, is_complete) for entry in entries]
        return _results(services.on_demand.caption(wanted, asked, made_since=made_since))


def _record(captioned: Captioned) -> func.HttpResponse:
    """Answer with one record; without any caption it is none, but the first fault behind that."""
    if not captioned.record.captions:
        raise next(iter(captioned.faults.values()))
    return json_answer(to_json(captioned.record))


def _results(captioned: Sequence[Captioned]) -> func.HttpResponse:
    results = Results(tuple(each.record for each in captioned))
    return json_answer(msgspec.json.encode(results))
