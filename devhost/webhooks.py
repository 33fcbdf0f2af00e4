"""The Event Grid webhook of blob triggers: `POST /runtime/webhooks/blobs?functionName=…&code=…`."""

import logging
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec
from aiohttp import web
from azure.core.exceptions import AzureError

from devhost.http import key_of, query_values, split_target
from devhost.keys import Keys
from devhost.notices import Notice, NoticeQueue

_log = logging.getLogger(__name__)

BLOBS_PATH = "/runtime/webhooks/blobs"
_EVENT_TYPE = "aeg-event-type"


class BlobWebhook:
    """Takes Event Grid's events and queues them; which function they name is looked at later."""

    def __init__(self, notices: NoticeQueue, keys: Keys | None) -> None:
        self._notices = notices
        self._keys = keys

    async def answer(self, request: web.Request) -> web.Response:
        """Answer 202 to events, whoever they are for, as the real host does."""
        if self._keys and not self._keys.open_webhook(key_of(request)):
            return web.Response(status=401)
        kind = request.headers.get(_EVENT_TYPE, "").lower()
        body = await request.read()
        try:
            if kind == "subscriptionvalidation":
                code = _events(body)[0]["data"]["validationCode"]
                return web.json_response({"validationResponse": code})
            if kind == "notification":
                function = query_values(split_target(request)[1]).get("functionName", "")
                return await self._queue([_notice(each, function) for each in _events(body)])
        except (msgspec.DecodeError, KeyError, IndexError, TypeError, ValueError):
            return web.Response(status=400, text="Send events in Event Grid's schema.")
        return web.Response(status=202 if kind == "unsubscribe" else 400)

    async def _queue(self, notices: list[Notice]) -> web.Response:
        try:
            for notice in notices:
                await self._notices.add(notice)
        except AzureError as error:
            self._notices.account.failed("Queueing events", error)
            return web.Response(status=500)  # Event Grid will try again
        return web.Response(status=202)


def _events(body: bytes) -> list[Any]:
    events = msgspec.json.decode(body)
    return events if isinstance(events, list) else [events]


def _notice(event: Any, function: str) -> Notice:
    data = event["data"]
    container, name = _blob_of(data["url"])
    return Notice(
        function_id=function,
        container_name=container,
        blob_name=name,
        e_tag=str(data.get("eTag", "")),
        blob_type=str(data.get("blobType", "BlockBlob")),
    )


def _blob_of(url: str) -> tuple[str, str]:
    """Give container and name of a blob's URL; an emulator's path begins with the account."""
    parts = urlsplit(url)
    path = parts.path.lstrip("/")
    if ".blob." not in (parts.hostname or ""):
        path = path.partition("/")[2]
    container, _, name = path.partition("/")
    if not name:
        raise ValueError(url)
    return unquote(container), unquote(name)
