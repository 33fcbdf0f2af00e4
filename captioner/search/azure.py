"""Search by Azure AI Search, through its SDK.

The service's index follows the change log: whoever holds the lease for it uploads what the
sidecars say that the log names since the position that is kept beside the log. As sidecars are
read when they are uploaded, words of the log that come late or twice do no harm.
"""

import logging
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from hashlib import sha256
from itertools import batched
from threading import Lock
from typing import Any, Self

import msgspec
from azure.core.credentials import AzureKeyCredential, TokenCredential
from azure.core.exceptions import AzureError, HttpResponseError, ResourceNotFoundError
from azure.search.documents import IndexDocumentsBatch, SearchClient
from azure.search.documents.indexes import SearchIndexClient
from azure.search.documents.indexes.models import (
    ScoringProfile,
    SearchableField,
    SearchIndex,
    SimpleField,
    TextWeights,
)
from msgspec import Struct

from captioner.catalogue import Catalogue, Position
from captioner.catalogue.catalogue import retrying
from captioner.entries import Change, Entry, Facet, latest
from captioner.errors import CaptionerError, RecordUnreadable, SearchRefused, SearchUnavailable
from captioner.parsing import read
from captioner.records import Moment, now
from captioner.search.answers import Facets, Hit, SearchAnswer
from captioner.search.highlighting import matches_of
from captioner.search.index import WEIGHTS
from captioner.search.query import Query, Term
from captioner.search.words import words_of
from captioner.settings import Settings
from captioner.store import CatalogueBlobs, ImageStore, Lease, sidecar_name

MAX_AGE = timedelta(seconds=60)
"""How far the service's index may be behind the change log, its own delay apart."""

_NOTE = "azure-search.position"  # beside the log; as no sidecar, not in .json
_LEASE = "azure-search"
_BATCH = 500  # documents; the service takes 1,000
_READ_AT_ONCE = 8
_TEXTS = ("alt_text", "captions", "tags", "name")
_BEFORE, _AFTER = "\ue000", "\ue001"  # for private use: no text of ours needs them
_PASSING_STATUS = frozenset({408, 429, 500, 502, 503, 504})
_ONE_SLIP_FROM, _TWO_SLIPS_FROM = 4, 7  # letters
_SLIP_WEIGHT = 0.3  # of a word that is nearly the one asked for

_log = logging.getLogger(__name__)


class _Followed(Struct, frozen=True):
    """How far the service's index is, and of which complete upload its documents are."""

    index: str
    lot: str
    position: Position


class AzureSearch:
    """Searches the service's index; safe to share between threads."""

    def __init__(
        self, settings: Settings, credential: Any, blobs: CatalogueBlobs, store: ImageStore
    ) -> None:
        endpoint, self._index = settings.azure_search_endpoint or "", settings.azure_search_index
        # At most some seconds: somebody is waiting, and what is not uploaded now is later.
        options: dict[str, Any] = {"connection_timeout": 5, "read_timeout": 30}
        options |= {"retry_total": 2, "retry_backoff_factor": 0.4, "timeout": 20}
        self._indexes = SearchIndexClient(endpoint, credential, **options)
        self._documents = SearchClient(endpoint, self._index, credential, **options)
        self._place = f"{endpoint}/{self._index}"
        self._catalogue = Catalogue(blobs)
        self._blobs = blobs
        self._store = store
        self._as_of: Moment | None = None
        self._lock = Lock()

    @classmethod
    def connect(cls, settings: Settings, blobs: CatalogueBlobs, store: ImageStore) -> Self:
        """Prepare the clients; nothing is sent yet."""
        credential: AzureKeyCredential | TokenCredential
        if settings.azure_search_key is not None:
            credential = AzureKeyCredential(settings.azure_search_key)
        else:
            from azure.identity import DefaultAzureCredential  # noqa: PLC0415 - as for storage

            credential = DefaultAzureCredential()
        return cls(settings, credential, blobs, store)

    def search(
        self,
        query: Query,
        *,
        limit: int,
        offset: int = 0,
        source: str | None = None,
        status: str | None = None,
    ) -> SearchAnswer:
        """Give the images that the query finds; see `Search`."""
        self._follow_if_old()
        ask = partial(self._ask, query, limit, offset, {"sources": source, "status": status})
        with _translated():
            try:
                return ask()
            except ResourceNotFoundError:  # somebody deleted the index
                self.follow(anew=True)
                return ask()

    def follow(self, *, anew: bool = False) -> None:
        """Bring the service's index up to date, unless another process is at it."""
        with self._lock, self._blobs.lease(_LEASE) as lease:
            followed = None if anew else self._followed()
            if lease is not None:
                followed = retrying(partial(self._follow, followed, lease))
            if followed is not None:
                self._as_of = followed.position.looked

    def _follow_if_old(self) -> None:
        if self._as_of is not None and abs(now() - self._as_of) < MAX_AGE:
            return
        try:
            self.follow()
        except CaptionerError as fault:
            if self._as_of is None:
                raise
            _log.warning("The index of Azure AI Search stays as it was: %s", fault.message)

    def _ask(
        self, query: Query, limit: int, offset: int, filters: Mapping[str, str | None]
    ) -> SearchAnswer:
        text = _lucene(query)
        found = self._documents.search(
            text,
            query_type="full",
            search_mode="any",
            include_total_count=True,
            top=limit,
            skip=offset,
            filter=_filter(filters),
            facets=list(filters),
            highlight_fields=",".join(_TEXTS),
            highlight_pre_tag=_BEFORE,
            highlight_post_tag=_AFTER,
            select=["entry"],
        )
        results = tuple(_hit(document, query) for document in found)
        facets: dict[str, Any] = dict(found.get_facets() or {})
        for name in (each for each, value in filters.items() if value):
            # A facet is counted without its own filter.
            others = _filter({other: filters[other] for other in filters if other != name})
            again = self._documents.search(
                text, query_type="full", search_mode="any", filter=others, facets=[name], top=0
            )
            facets |= again.get_facets() or {}
        return SearchAnswer(
            total=found.get_count() or 0,
            offset=offset,
            limit=limit,
            as_of=self._as_of or now(),
            corrections=(),  # the service forgives slips without a word
            results=results,
            facets=Facets(
                source=_counted(facets.get("sources")), status=_counted(facets.get("status"))
            ),
        )

    def _followed(self) -> _Followed | None:
        data = self._blobs.read_note(_NOTE)
        try:
            found = read(data, msgspec.json.Decoder(_Followed)) if data else None
        except msgspec.DecodeError:
            return None
        return found if found and found.index == self._place else None

    def _follow(self, followed: _Followed | None, lease: Lease) -> _Followed:
        reading = self._catalogue.read(followed.position if followed else None)
        with _translated():
            if followed is None or reading.anew:
                self._indexes.create_or_update_index(_definition(self._index))
                lot = f"{reading.position.looked:%Y%m%dT%H%M%S%f}"
                self._send(latest(reading.changes).values(), lot, lease)
                self._delete_other_lots(lot)
            else:
                lot = followed.lot
                changed = {change.name: change for change in reading.changes}
                self._send(self._truth(changed.values()), lot, lease)
        followed = _Followed(self._place, lot, reading.position)
        self._blobs.write_note(_NOTE, msgspec.json.encode(followed))
        return followed

    def _truth(self, changes: Iterable[Change]) -> Iterator[Change]:
        """Give what the sidecars say now of the images that these changes are of."""

        def read(change: Change) -> Change:
            try:
                found = self._store.read_change(sidecar_name(change.name))
            except RecordUnreadable:
                return change
            return found or msgspec.structs.replace(change, entry=None)

        with ThreadPoolExecutor(_READ_AT_ONCE) as pool:
            yield from pool.map(read, changes)

    def _send(self, changes: Iterable[Change], lot: str, lease: Lease) -> None:
        for some in batched(changes, _BATCH, strict=False):
            lease.renew()
            batch = IndexDocumentsBatch()
            entries = [change.entry for change in some if change.entry]
            batch.add_upload_actions([_document(entry, lot) for entry in entries])
            batch.add_delete_actions([{"id": _key(each.name)} for each in some if not each.entry])
            self._index_documents(batch)

    def _delete_other_lots(self, lot: str) -> None:
        """Delete what the index held before and the catalogue does not."""
        old = self._documents.search("*", filter=f"lot ne '{lot}'", select=["id"])
        for some in batched([{"id": each["id"]} for each in old], _BATCH, strict=False):
            batch = IndexDocumentsBatch()
            batch.add_delete_actions(list(some))
            self._index_documents(batch)

    def _index_documents(self, batch: IndexDocumentsBatch) -> None:
        if not all(each.succeeded for each in self._documents.index_documents(batch)):
            raise SearchUnavailable(
                "Azure AI Search did not take all documents; they are sent again with the next "
                "search."
            )


@contextmanager
def _translated() -> Iterator[None]:
    """Turn whatever the SDK raises into a `SearchError`."""
    try:
        yield
    except HttpResponseError as fault:
        if fault.status_code in _PASSING_STATUS:
            raise SearchUnavailable(
                f"Azure AI Search is busy ({fault.status_code}); try again later.",
                retry_after=_hint(fault),
            ) from fault
        raise SearchRefused(
            f"Azure AI Search refused the request (status {fault.status_code}); check "
            "AZURE_SEARCH_ENDPOINT, AZURE_SEARCH_KEY and the roles of the app's identity."
        ) from fault
    except AzureError as fault:
        raise SearchUnavailable(
            "Azure AI Search cannot be reached; check AZURE_SEARCH_ENDPOINT, then try again."
        ) from fault


def _hint(fault: HttpResponseError) -> timedelta | None:
    headers: Mapping[str, str] = getattr(fault.response, "headers", {})
    told = headers.get("Retry-After", "")
    return timedelta(seconds=int(told)) if told.isascii() and told.isdigit() else None


def _definition(name: str) -> SearchIndex:
    text, strings = "Edm.String", "Collection(Edm.String)"
    english = "en.lucene"  # stems; the nearest to the words of the embedded search
    return SearchIndex(
        name=name,
        fields=[
            SimpleField(name="id", type=text, key=True),
            SearchableField(name="alt_text", type=text, analyzer_name=english),
            SearchableField(name="captions", type=strings, analyzer_name=english),
            SearchableField(name="tags", type=strings, analyzer_name=english),
            SearchableField(name="name", type=text, analyzer_name="pattern"),
            SimpleField(name="sources", type=strings, filterable=True, facetable=True),
            SimpleField(name="status", type=text, filterable=True, facetable=True),
            SimpleField(name="lot", type=text, filterable=True),
            SimpleField(name="entry", type=text),
        ],
        scoring_profiles=[
            ScoringProfile(
                name="texts",
                text_weights=TextWeights(weights=dict(zip(_TEXTS, WEIGHTS, strict=True))),
            )
        ],
        default_scoring_profile="texts",
    )


def _document(entry: Entry, lot: str) -> dict[str, Any]:
    return {
        "id": _key(entry.name),
        "name": entry.name,
        "alt_text": entry.alt_text.text if entry.alt_text else None,
        "captions": [caption.text for caption in entry.captions],
        "tags": list(entry.tags),
        "sources": list(entry.sources),
        "status": entry.status,
        "lot": lot,
        "entry": msgspec.json.encode(entry).decode(),
    }


def _key(name: str) -> str:
    """Give a document's key, which may hold few characters and has at most 1,024."""
    return urlsafe_b64encode(sha256(name.encode()).digest()).decode().rstrip("=")


def _lucene(query: Query) -> str:
    """Write a query in Lucene's syntax; of lower-case letters and digits only, which mean none."""
    return " ".join(map(_clause, query.terms))


def _clause(term: Term) -> str:
    words = [word.plain for word in words_of(term.shown)]
    if term.required or len(words) > 1:
        return f'{"+" if term.required else ""}"{" ".join(words)}"'
    (word,) = words
    if term.prefix:
        return f"{word}*"
    if len(word) < _ONE_SLIP_FROM or not word.isalpha():
        return word
    slips = 2 if len(word) >= _TWO_SLIPS_FROM else 1
    return f"({word} OR {word}~{slips}^{_SLIP_WEIGHT})"


def _filter(filters: Mapping[str, str | None]) -> str | None:
    parts = []
    for name, value in filters.items():
        if value is not None:
            text = value.replace("'", "''")
            many = name == "sources"
            parts.append(f"{name}/any(each: each eq '{text}')" if many else f"{name} eq '{text}'")
    return " and ".join(parts) or None


def _hit(document: Mapping[str, Any], query: Query) -> Hit:
    entry = msgspec.json.decode(document["entry"], type=Entry)
    highlights: Mapping[str, list[str]] = document.get("@search.highlights") or {}
    # What the service marks in its fragments, its forgiven slips included, is marked in the whole.
    marked = (
        part.partition(_AFTER)[0]
        for fragments in highlights.values()
        for fragment in fragments
        for part in fragment.split(_BEFORE)[1:]
    )
    also = (Term((word.stem,), text) for text in marked for word in words_of(text))
    # Of a phrase, the service marks each word by itself.
    phrases = {stem for term in query.terms if term.required for stem in term.stems}
    words = (term for term in also if term.stems[0] not in phrases)
    shown = Query(tuple(dict.fromkeys((*query.terms, *words))))
    return Hit(entry, round(document["@search.score"], 4), matches_of(entry, shown))


def _counted(facet: Any) -> tuple[Facet, ...]:
    counts = ((str(each["value"]), int(each["count"])) for each in facet or ())
    return tuple(Facet(value, count) for value, count in counts)
