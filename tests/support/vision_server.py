"""A local stand-in for Azure AI Vision: the `describe` operation of Computer Vision 3.2 over HTTP.

It holds requests to what the service publishes (path, key, content type, language, format, size)
and answers with a description of what it really sees, which is a colour. A test may put answers
of its own before that: errors, garbage, silence. By hand:

    python -m tests.support.vision_server --port 8089
    VISION_ENDPOINT=http://127.0.0.1:8089 VISION_KEY=not-a-real-key make start
"""

import argparse
import json
import threading
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from PIL import Image, ImageColor, UnidentifiedImageError

KEY = "not-a-real-key"
MODEL_VERSION = "2021-05-01"

_PATH = "/vision/v3.2/describe"
_LANGUAGES = {"en", "es", "ja", "pt", "zh"}
_FORMATS = ("JPEG", "PNG", "GIF", "BMP")
_MAX_BYTES = 4 * 2**20
_COLOURS = ("black", "white", "grey", "red", "green", "blue", "yellow", "orange", "pink")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server sends back.

    `silent` keeps the client waiting until the server closes; `cut` breaks the connection after
    that many bytes of the body, or before the status line if it is 0.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    silent: bool = False
    cut: int | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as it arrived."""

    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    client_port: int

    @property
    def image(self) -> Image.Image:
        return Image.open(BytesIO(self.body))


def answer(status: int, document: Any, **headers: str) -> Answer:
    """Give a JSON answer; underscores in header names stand for hyphens."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, json.dumps(document).encode(), names)


def description(
    *captions: tuple[str, float], tags: tuple[str, ...] = (), size: tuple[int, int] = (640, 480)
) -> Answer:
    """Give a successful answer with these captions and confidences."""
    document = {
        "description": {
            "tags": list(tags),
            "captions": [{"text": text, "confidence": told} for text, told in captions],
        },
        "requestId": str(uuid4()),
        "metadata": {"width": size[0], "height": size[1], "format": "Jpeg"},
        "modelVersion": MODEL_VERSION,
    }
    return answer(200, document)


def refusal(status: int, code: str, inner: str | None = None, message: str = "No.") -> Answer:
    """Give an error in the service's own shape."""
    error: dict[str, Any] = {"code": code, "message": message}
    if inner is not None:
        error["innererror"] = {"code": inner, "message": message}
    return answer(status, {"error": error})


def flat_refusal(status: int, code: str, message: str = "No.") -> Answer:
    """Give an error in the older, flat shape."""
    return answer(status, {"code": code, "requestId": str(uuid4()), "message": message})


def throttled(message: str = "Rate limit is exceeded.", **headers: str) -> Answer:
    """Give a 429, with `Retry_After="7"` if the header is wanted."""
    return answer(429, {"error": {"code": "429", "message": message}}, **headers)


class VisionServer:
    """Serves on a free port of the loopback from `with` until its end; any thread may script it."""

    def __init__(self, *, port: int = 0, key: str = KEY) -> None:
        self.key = key
        self.requests: list[Seen] = []
        self._answers: deque[Answer] = deque()
        self._closing = threading.Event()
        server = self

        class Handler(_Handler):
            vision = server

        self._http = _HTTPServer(("127.0.0.1", port), Handler)
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    def script(self, *answers: Answer) -> None:
        """Answer the next requests so, one after the other; then as usual again."""
        self._answers.extend(answers)

    def reset(self) -> None:
        """Forget what was scripted and what was seen."""
        self._answers.clear()
        self.requests.clear()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_fault: object) -> None:
        self._closing.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def wait(self) -> None:
        """Wait until the server closes."""
        self._closing.wait()

    def respond(self, seen: Seen) -> Answer:
        """Note a request and give its answer."""
        self.requests.append(seen)
        try:
            return self._answers.popleft()
        except IndexError:
            return self._judge(seen)

    def _judge(self, seen: Seen) -> Answer:
        """Answer as the service would."""
        if seen.headers.get("Ocp-Apim-Subscription-Key") != self.key:
            return refusal(
                401,
                "401",
                message="Access denied due to invalid subscription key or wrong API endpoint.",
            )
        if seen.path != _PATH:
            return refusal(404, "404", message="Resource not found")
        if seen.headers.get("Content-Type") != "application/octet-stream":
            return refusal(415, "InvalidRequest", "UnsupportedMediaType")
        if seen.query.get("language", "en") not in _LANGUAGES:
            return refusal(400, "InvalidArgument", "NotSupportedLanguage")
        return _describe(seen.body, candidates=int(seen.query.get("maxCandidates", "1")))


class _HTTPServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # kept-alive connections end with their client
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing when a client has left before its answer."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    vision: VisionServer

    def do_POST(self) -> None:  # the name is the base class's
        url = urlsplit(self.path)
        seen = Seen(
            path=url.path,
            query={name: values[-1] for name, values in parse_qs(url.query).items()},
            headers=self.headers,
            body=self._body(),
            client_port=self.client_address[1],
        )
        self._send(self.vision.respond(seen))

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", "0")))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _send(self, answer: Answer) -> None:
        if answer.silent:
            self.vision.wait()
        if answer.silent or answer.cut == 0:
            self.close_connection = True
            return
        self.send_response(answer.status)
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Content-Length": str(len(answer.body)),
            "apim-request-id": str(uuid4()),
            **answer.headers,
        }
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body[: answer.cut])
        self.close_connection = self.close_connection or answer.cut is not None

    def log_message(self, *_message: Any) -> None:
        """Keep the test's output clean."""


def _describe(data: bytes, candidates: int) -> Answer:
    """Describe an image within the service's limits; refuse any other."""
    try:
        image = Image.open(BytesIO(data), formats=_FORMATS)
    except UnidentifiedImageError:
        return refusal(400, "InvalidRequest", "InvalidImageFormat")
    if len(data) >= _MAX_BYTES or min(image.size) <= 50 or max(image.size) >= 16_000:
        return refusal(400, "InvalidRequest", "InvalidImageSize")
    colour = _colour_of(image)
    captions = [(f"a {colour} picture", 0.5), (f"something {colour}", 0.25)]
    return description(*captions[:candidates], tags=(colour,), size=image.size)


def _colour_of(image: Image.Image) -> str:
    """Name the colour that comes nearest to the mean of all pixels."""
    mean = image.convert("RGB").resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))

    def distance(name: str) -> int:
        named = ImageColor.getrgb(name)
        return sum((ours - theirs) ** 2 for ours, theirs in zip(mean, named, strict=True))

    return min(_COLOURS, key=distance)


def main() -> None:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(description="A local stand-in for Azure AI Vision.")
    parser.add_argument("--port", type=int, default=8089)
    parser.add_argument("--key", default=KEY, help="the key that requests must bring")
    options = parser.parse_args()
    with VisionServer(port=options.port, key=options.key) as server:
        print(f"VISION_ENDPOINT={server.url} VISION_KEY={server.key}", flush=True)  # noqa: T201
        with suppress(KeyboardInterrupt):
            server.wait()


if __name__ == "__main__":
    main()
