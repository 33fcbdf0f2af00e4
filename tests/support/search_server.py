"""A local stand-in for Azure AI Search that speaks as much of its protocol as the app uses.

It holds indexes and documents, refuses what the service refuses, and finds documents by the
clauses that the app writes: any word, required phrases, beginnings, words with a slip.
"""

import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from rapidfuzz.distance import OSA

KEY = "search-key"

_CLAUSE = re.compile(
    r'(?P<must>\+)?"(?P<phrase>[^"]+)"|\((?P<word>\w+) OR (?P=word)~(?P<slips>\d)\^[\d.]+\)'
    r"|(?P<begin>\w+)\*|(?P<plain>\w+)"
)
_FILTER = re.compile(r"(\w+)(?:/any\(each: each eq '((?:[^']|'')*)'\)| (eq|ne) '((?:[^']|'')*)')")
_KEY_FORM = re.compile(r"[A-Za-z0-9_=-]{1,1024}")

type Refusal = tuple[int, dict[str, str]]
type Spans = list[tuple[int, int]]


class SearchServer:
    """Serves on a free port of this machine for a block of code.

    `refusals` are given, one for each request, before anything else is answered; `requests` holds
    method and path of all requests, `queries` the bodies of all searches.
    """

    def __init__(self) -> None:
        self.indexes: dict[str, dict[str, Any]] = {}
        self.documents: dict[str, dict[str, dict[str, Any]]] = {}
        self.refusals: list[Refusal] = []
        self.requests: list[str] = []
        self.queries: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, method: str, path: str, key: str | None, body: Any) -> tuple[int, Any, dict]:
        with self._lock:
            self.requests.append(f"{method} {path}")
            if self.refusals:
                status, headers = self.refusals.pop(0)
                return status, _error(str(status)), headers
            if key != KEY:
                return 403, _error("Forbidden"), {}
            found = re.fullmatch(r"/indexes\('([^']+)'\)(.*)", path)
            assert found, path
            return (*self._route(method, found[1], found[2], body), {})

    def _route(self, method: str, index: str, rest: str, body: Any) -> tuple[int, Any]:
        if (method, rest) == ("PUT", ""):
            self.indexes[index] = body
            self.documents.setdefault(index, {})
            return 201, body
        if index not in self.indexes:
            return 404, _error(f"The index '{index}' was not found.")
        if rest == "/docs/search.index":
            return self._store(index, body["value"])
        assert rest == "/docs/search.post.search", rest
        self.queries.append(body)
        return 200, self._search(index, body)

    def _store(self, index: str, actions: list[dict[str, Any]]) -> tuple[int, Any]:
        fields = {each["name"] for each in self.indexes[index]["fields"]}
        results = []
        for action in actions:
            kind = action.pop("@search.action")
            key = action.get("id", "")
            right = bool(_KEY_FORM.fullmatch(key)) and action.keys() <= fields
            if right and kind == "upload":
                self.documents[index][key] = action
            elif right and kind == "delete":
                self.documents[index].pop(key, None)
            else:
                right = False
            results.append({"key": key, "status": right, "statusCode": 200 if right else 400})
        return (200 if all(each["status"] for each in results) else 207), {"value": results}

    def _search(self, index: str, body: dict[str, Any]) -> dict[str, Any]:
        fields = {each["name"]: each for each in self.indexes[index]["fields"]}
        texts = [name for name, field in fields.items() if field.get("searchable")]
        hits = []
        for document in self.documents[index].values():
            if not _passes(document, body.get("filter"), fields):
                continue
            spans = {name: _found(document.get(name), body["search"]) for name in texts}
            score = 1.0 if body["search"] == "*" else _score(spans, body["search"])
            if score:
                hits.append((score, document, spans))
        hits.sort(key=lambda hit: (-hit[0], hit[1]["id"]))
        start, top = body.get("skip", 0), body.get("top", 50)
        select = (body.get("select") or ",".join(fields)).split(",")
        answer: dict[str, Any] = {
            "value": [
                {
                    "@search.score": score,
                    **_highlights(document, spans, body),
                    **{name: document.get(name) for name in select},
                }
                for score, document, spans in hits[start : start + top]
            ]
        }
        if body.get("count"):
            answer["@odata.count"] = len(hits)
        if facets := body.get("facets"):
            assert all(fields[name].get("facetable") for name in facets)
            answer["@search.facets"] = {name: _facet(name, hits) for name in facets}
        return answer


def _facet(name: str, hits: list[Any]) -> list[dict[str, Any]]:
    counts = Counter(value for _, document, _ in hits for value in _many(document.get(name)))
    return [{"value": value, "count": count} for value, count in counts.most_common(10)]


def _passes(document: dict[str, Any], condition: str | None, fields: dict[str, Any]) -> bool:
    for name, any_value, comparison, value in _FILTER.findall(condition or ""):
        assert fields[name].get("filterable"), name
        wanted = (any_value or value).replace("''", "'")
        if (wanted in _many(document.get(name))) == (comparison == "ne"):
            return False
    return True


def _many(value: Any) -> list[str]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _found(value: Any, query: str) -> dict[str, list[tuple[str, Spans]]]:
    """Give where each clause is found: by clause, the texts and the places in them."""
    found: dict[str, list[tuple[str, Spans]]] = {}
    for clause in _CLAUSE.finditer(query):
        for text in _many(value):
            if spans := list(_spans(clause, text)):
                found.setdefault(clause[0], []).append((text, spans))
    return found


def _spans(clause: re.Match[str], text: str) -> Iterator[tuple[int, int]]:
    words = list(re.finditer(r"[^\W_]+", text.lower()))
    if clause["phrase"]:
        wanted = [_stem(word) for word in clause["phrase"].split()]
        for place in range(len(words) - len(wanted) + 1):
            there = words[place : place + len(wanted)]
            if [_stem(word[0]) for word in there] == wanted:
                yield from (word.span() for word in there)  # each is marked by itself
        return
    test: Callable[[str], bool]
    if clause["begin"]:
        test = lambda word: word.startswith(clause["begin"])  # noqa: E731
    else:
        plain, slips = clause["word"] or clause["plain"], int(clause["slips"] or 0)
        test = lambda word: _stem(word) == _stem(plain) or OSA.distance(word, plain) <= slips  # noqa: E731
    yield from (word.span() for word in words if test(word[0]))


def _stem(word: str) -> str:
    return word.removesuffix("s")


def _score(spans: dict[str, dict[str, Any]], query: str) -> float:
    clauses = list(_CLAUSE.finditer(query))
    found = {clause[0] for clause in clauses for each in spans.values() if clause[0] in each}
    if any(clause["must"] and clause[0] not in found for clause in clauses):
        return 0.0
    return float(len(found))


def _highlights(
    document: dict[str, Any], spans: dict[str, Any], body: dict[str, Any]
) -> dict[str, Any]:
    before, after = body.get("highlightPreTag", "<em>"), body.get("highlightPostTag", "</em>")
    marked: dict[str, list[str]] = {}
    for name in filter(None, (body.get("highlight") or "").split(",")):
        places: dict[str, set[tuple[int, int]]] = {}
        for found in spans[name].values():
            for text, where in found:
                places.setdefault(text, set()).update(where)
        for text, where in places.items():
            for start, end in sorted(where, reverse=True):
                text = text[:start] + before + text[start:end] + after + text[end:]  # noqa: PLW2901
            marked.setdefault(name, []).append(text)
    return {"@search.highlights": marked} if marked else {}


def _error(message: str) -> dict[str, Any]:
    return {"error": {"code": "", "message": message}}


def _handler(server: SearchServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path, _, query = self.path.partition("?")
            assert "api-version=" in query
            status, answer, headers = server.answer(
                self.command, path, self.headers.get("api-key"), json.loads(body or "null")
            )
            data = json.dumps(answer).encode()
            self.send_response(status)
            for name, value in {
                "Content-Type": "application/json",
                "Content-Length": str(len(data)),
                **headers,
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = _serve  # noqa: N815 - as the server calls them

        def log_message(self, *_: object) -> None:
            pass

    return Handler
