"""A local stand-in for Application Insights: what Microsoft's exporter sends, it keeps.

It answers as the ingestion endpoint does, and has live metrics subscribed, so that their documents
are sent too.
"""

import gzip
import json
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

_TRACK = "/track"


class Insights:
    """Listens on loopback; `items` are the envelopes that arrived, `raw` all that was sent."""

    def __init__(self) -> None:
        self.raw: list[str] = []
        self._items: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        insights = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:  # the name is the base class's
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                answer = insights.take(self.path, str(self.headers), body.decode())
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.send_header("x-ms-qps-subscribed", "true")
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_message: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def settings(self) -> dict[str, str]:
        """Give the app settings that have an app tell everything to this server, and nobody else.

        Beside those of a deployment: what the SDK tells its maker is off, nothing is sampled away,
        and metrics are sent when the app ends.
        """
        url = f"http://127.0.0.1:{self._server.server_port}/"
        return {
            "APPLICATIONINSIGHTS_CONNECTION_STRING": (
                f"InstrumentationKey={uuid.uuid4()};IngestionEndpoint={url};LiveEndpoint={url}"
            ),
            "PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY": "true",
            "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL": "true",
            "APPLICATIONINSIGHTS_CONTROLPLANE_DISABLED": "true",
            "OTEL_TRACES_SAMPLER": "always_on",
            "OTEL_METRIC_EXPORT_INTERVAL": "3600000",
        }

    def take(self, path: str, headers: str, body: str) -> bytes:
        with self._lock:
            self.raw += [path, headers, body]
            if not path.endswith(_TRACK):
                return b"[]"
            items = json.loads(body)
            self._items += items
        told = {"itemsReceived": len(items), "itemsAccepted": len(items), "errors": []}
        return json.dumps(told).encode()

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Give what came of one kind (`RemoteDependency`, `Metric`, …), with its `tags`."""
        with self._lock:
            return [
                {**each["data"]["baseData"], "tags": each["tags"]}
                for each in self._items
                if each["data"]["baseType"] == f"{kind}Data"
            ]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_fault: object) -> None:
        self._server.shutdown()
        self._server.server_close()
