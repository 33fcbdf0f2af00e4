"""The Event Grid webhook of blob triggers: `/runtime/webhooks/blobs?functionName=…&code=…`.

Follows the host's controller of webhooks and HttpRequestProcessor and BlobsExtensionConfigProvider
of its extensions. Both of Event Grid's schemas are taken, with the handshake of each.
"""

import logging
import re
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
# Any other method is a path that the host does not have.
METHODS = frozenset({"GET", "POST", "DELETE", "OPTIONS"})

_EVENT_TYPE = "aeg-event-type"
_PUBLIC_CLOUD = "eventgrid.azure.net"
_CLOUDS = frozenset(
    {
        _PUBLIC_CLOUD,
        "eventgrid.azure.us",
        "eventgrid.azure.eaglex.ic.gov",
        "eventgrid.azure.microsoft.scloud",
        "eventgrid.azure.cn",
    }
)
_BLOB_TYPES = frozenset({"BlockBlob", "PageBlob", "AppendBlob"})
# Where emulators and Azure Stack listen: the account's name is in the path there.
_PATH_STYLE_PORTS = frozenset(
    first + offset for first in (10000, 10100, 11000, 11100) for offset in range(5)
)
# What reading an event raises that is none; msgspec's own errors are among them.
_UNREADABLE = (KeyError, IndexError, RecursionError, TypeError, ValueError)
_IPV4 = re.compile(r"\d{1,3}(\.\d{1,3}){3}")


class BlobWebhook:
    """Takes Event Grid's events and queues them; which function they name is looked at later."""

    def __init__(self, notices: NoticeQueue, keys: Keys | None) -> None:
        self._notices = notices
        self._keys = keys

    async def answer(self, request: web.Request) -> web.Response:
        """Answer 202 to events, whoever they are for and whatever happened, as the real host does.

        What cannot be read is a fault of the host there, too: 500, which Event Grid tries again.
        """
        if self._keys and not self._keys.open_webhook(key_of(request)):
            return web.Response(status=401)
        if request.method == "OPTIONS":
            return _open_to(request.headers.get("WebHook-Request-Origin"))
        kind = request.headers.get(_EVENT_TYPE, "").lower()
        body = await request.read()
        try:
            if kind == "subscriptionvalidation":
                return web.json_response({"validationResponse": _validation_code(body)})
            if kind == "notification":
                function = _function_name(request)
                return await self._queue([_notice(each, function) for each in _events(body)])
        except _UNREADABLE as fault:
            _log.error("What came to %s is no event of a blob: %r", BLOBS_PATH, fault)
            return web.Response(status=500)
        return web.Response(status=202 if kind == "unsubscribe" else 400)

    async def _queue(self, notices: list[Notice]) -> web.Response:
        try:
            for notice in notices:
                await self._notices.add(notice)
        except AzureError as error:
            self._notices.account.failed("Queueing events", error)
            return web.Response(status=500)  # Event Grid will try again
        return web.Response(status=202)


def _open_to(origin: str | None) -> web.Response:
    """Take part in the handshake of CloudEvents, which asks who may send events here."""
    allowed = origin if origin in _CLOUDS else _PUBLIC_CLOUD
    return web.Response(headers={"Webhook-Allowed-Origin": allowed})


def _function_name(request: web.Request) -> str | None:
    """Give the function that the subscription names; the parameter's own name has any case."""
    for name, value in query_values(split_target(request)[1]).items():
        if name.lower() == "functionname":
            return value
    return None


def _validation_code(body: bytes) -> str:
    """Give the code of the handshake in Event Grid's schema, or in that of CloudEvents.

    In the latter, the data is JSON within a string.
    """
    event = msgspec.json.decode(body)
    data = event[0]["data"] if isinstance(event, list) else event["data"]
    data = msgspec.json.decode(data) if isinstance(data, str) else data
    return str(data["validationCode"])


def _events(body: bytes) -> list[Any]:
    events = msgspec.json.decode(body)
    return events if isinstance(events, list) else [events]


def _notice(event: Any, function: str | None) -> Notice:
    """Make a notice of an event in either schema: what they say of a blob is the same."""
    data = event["data"]
    container, name = _blob_of(data["url"])
    blob_type = str(data["blobType"])
    if blob_type not in _BLOB_TYPES:
        raise ValueError(blob_type)
    return Notice(
        function_id=function,
        container_name=container,
        blob_name=name,
        e_tag=f'"{data.get("eTag", "")}"',
        blob_type=blob_type,
    )


def _blob_of(url: str) -> tuple[str, str]:
    """Give container and name of a blob's URL; an emulator's path begins with the account."""
    parts = urlsplit(url)
    if not parts.hostname:
        raise ValueError(url)
    path = parts.path.lstrip("/")
    if _IPV4.fullmatch(parts.hostname) or parts.port in _PATH_STYLE_PORTS:
        path = path.partition("/")[2]
    container, _, name = path.partition("/")
    return unquote(container), unquote(name)
