"""Search by Azure AI Search, through its SDK.

The service's index follows the change log: whoever holds the lease for it uploads what the
sidecars say that the log names since the position that is kept beside the log. As sidecars are
read when they are uploaded, words of the log that come late or twice do no harm.
"""

import logging
import re
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from hashlib import sha256
from itertools import batched
from threading import Lock
from typing import Any, Self

import msgspec
from azure.core.credentials import AzureKeyCredential, TokenCredential
from azure.core.exceptions import AzureError, HttpResponseError, ResourceNotFoundError
from azure.core.pipeline.policies import RetryPolicy
from azure.search.documents import SearchClient
from azure.search.documents.indexes import SearchIndexClient
from azure.search.documents.indexes.models import (
    ScoringProfile,
    SearchableField,
    SearchField,
    SearchFieldDataType,
    SearchIndex,
    SimpleField,
    TextWeights,
)
from msgspec import UNSET, Struct

from captioner.catalogue import Catalogue, Position
from captioner.catalogue.catalogue import retrying
from captioner.entries import Change, Entry, latest
from captioner.errors import RecordUnreadable, SearchRefused, SearchUnavailable
from captioner.records import Moment, now
from captioner.search.answers import Facet, Facets, Field, Hit, Match, SearchAnswer, Segment
from captioner.search.query import Query, Term
from captioner.settings import Settings
from captioner.store import CatalogueBlobs, ImageStore, Lease, sidecar_name

MAX_AGE = timedelta(seconds=60)
"""How far the service's index may be behind the change log, its own delay apart."""

_NOTE = "azure-search.json"  # the position, beside the log
_LEASE = "azure-search"
_BATCH = 500  # documents; the service takes 1,000
_READ_AT_ONCE = 8
_BEFORE, _AFTER = "\ue000", "\ue001"  # for private use: no text of ours needs them
_PASSING_STATUS = frozenset({408, 429, 500, 502, 503, 504})
_SPECIAL = re.compile(r'[+\-&|!(){}\[\]^"~*?:\\/]')
_TYPO_FROM, _TYPOS_FROM = 4, 7  # letters from which on one slip, or two, are forgiven

_log = logging.getLogger(__name__)


class _Followed(Struct, frozen=True):
    """How far the service's index is, and which complete upload its documents are of."""

    index: str
    lot: str
    position: Position


class AzureSearch:
    """Searches the service's index; safe to share between threads."""

    def __init__(
        self,
        indexes: SearchIndexClient,
        documents: SearchClient,
        catalogue: Catalogue,
        blobs: CatalogueBlobs,
        store: ImageStore,
    ) -> None:
        self._indexes = indexes
        self._documents = documents
        self._catalogue = catalogue
        self._blobs = blobs
        self._store = store
        self._as_of: Moment | None = None
        self._lock = Lock()

    @classmethod
    def connect(
        cls, settings: Settings, catalogue: Catalogue, blobs: CatalogueBlobs, store: ImageStore
    ) -> Self:
        """Prepare the clients; nothing is sent yet."""
        credential: AzureKeyCredential | TokenCredential
        if settings.azure_search_key is not None:
            credential = AzureKeyCredential(settings.azure_search_key)
        else:
            from azure.identity import DefaultAzureCredential  # noqa: PLC0415 - as for storage

            credential = DefaultAzureCredential()
        endpoint = settings.azure_search_endpoint or ""
        # At most some seconds: somebody is waiting, and what is not uploaded now is later.
        options: dict[str, Any] = {
            "retry_policy": RetryPolicy(retry_total=2, retry_backoff_factor=0.5, timeout=20),
            "connection_timeout": 5,
            "read_timeout": 30,
        }
        return cls(
            SearchIndexClient(endpoint, credential, **options),
            SearchClient(endpoint, settings.azure_search_index, credential, **options),
            catalogue,
            blobs,
            store,
        )

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
        if self._as_of is None or now() - self._as_of > MAX_AGE:
            self.follow()
        filters = {"sources": source, "status": status}
        with _translated():
            found = self._documents.search(
                _lucene(query),
                query_type="full",
                search_mode="any",
                scoring_profile="texts",
                include_total_count=True,
                top=limit,
                skip=offset,
                filter=_filter(filters),
                facets=["sources,count:50", "status"],
                highlight_fields="alt_text,captions,tags,name",
                highlight_pre_tag=_BEFORE,
                highlight_post_tag=_AFTER,
                select=["entry"],
            )
            results = tuple(_hit(document) for document in found)
            facets: Mapping[str, Any] = found.get_facets() or {}
            total = found.get_count() or 0
            own = {name: self._facet(query, name, filters) for name in filters if filters[name]}
        return SearchAnswer(
            total=total,
            offset=offset,
            limit=limit,
            as_of=self._as_of or now(),
            corrections=(),  # the service forgives slips without a word
            results=results,
            facets=Facets(
                source=_counted(own.get("sources", facets.get("sources", ()))),
                status=_counted(own.get("status", facets.get("status", ()))),
            ),
        )

    def follow(self) -> None:
        """Bring the service's index up to date, unless another process is at it."""
        with self._lock, self._blobs.lease(_LEASE) as lease:
            followed = self._followed()
            if lease is not None:
                followed = retrying(lambda: self._follow(followed, lease))
            self._as_of = followed.position.looked if followed else None

    def _facet(self, query: Query, name: str, filters: Mapping[str, str | None]) -> Any:
        """Count one facet without its own filter."""
        others = {other: value for other, value in filters.items() if other != name}
        found = self._documents.search(
            _lucene(query), query_type="full", filter=_filter(others), facets=[name], top=0
        )
        return (found.get_facets() or {}).get(name, ())

    def _followed(self) -> _Followed | None:
        data, _ = self._blobs.read_note(_NOTE)
        try:
            found = msgspec.json.decode(data, type=_Followed) if data else None
        except msgspec.DecodeError:
            return None
        return found if found and found.index == self._index else None

    @property
    def _index(self) -> str:
        return f"{self._documents._endpoint}/{self._documents._index_name}"  # noqa: SLF001

    def _follow(self, followed: _Followed | None, lease: Lease) -> _Followed:
        with _translated():
            if followed is None:
                self._indexes.create_or_update_index(_definition(self._documents._index_name))  # noqa: SLF001
            reading = self._catalogue.read(followed.position if followed else None)
            if followed is None or reading.anew:
                lot = f"{reading.position.looked:%Y%m%dT%H%M%S}"
                self._upload(latest(reading.changes).values(), lot, lease)
                self._delete_other_lots(lot)
            else:
                lot = followed.lot
                names = {change.name: change for change in reading.changes}
                self._upload(self._truth(names.values()), lot, lease)
        followed = _Followed(self._index, lot, reading.position)
        self._blobs.write_note(_NOTE, msgspec.json.encode(followed))
        return followed

    def _truth(self, changes: Any) -> Iterator[Change]:
        """Give what the sidecars say now, of the images that these changes are of."""

        def read(change: Change) -> Change:
            try:
                found = self._store.read_change(sidecar_name(change.name))
            except RecordUnreadable:
                return change
            return found or msgspec.structs.replace(change, entry=None)

        with ThreadPoolExecutor(_READ_AT_ONCE) as pool:
            yield from pool.map(read, changes)

    def _upload(self, changes: Any, lot: str, lease: Lease) -> None:
        for batch in batched(changes, _BATCH, strict=False):
            lease.renew()
            actions = [
                {"@search.action": "upload", **_document(change.name, change.entry, lot)}
                if change.entry
                else {"@search.action": "delete", "id": _key_of(change.name)}
                for change in batch
            ]
            self._send(actions)

    def _send(self, actions: Sequence[dict[str, Any]]) -> None:
        uploads = [{k: v for k, v in each.items() if not k.startswith("@")} for each in actions]
        kept = [each for each, action in zip(uploads, actions, strict=True) if _is_upload(action)]
        gone = [each for each, action in zip(uploads, actions, strict=True) if not _is_upload(action)]
        for send, documents in (
            (self._documents.upload_documents, kept),
            (self._documents.delete_documents, gone),
        ):
            if documents and not all(each.succeeded for each in send(documents)):
                raise SearchUnavailable(
                    "Azure AI Search did not take all documents; they are sent again later."
                )

    def _delete_other_lots(self, lot: str) -> None:
        """Delete what an earlier index of ours held and the catalogue does not."""
        while old := list(
            self._documents.search("*", filter=f"lot ne '{lot}'", select=["id"], top=_BATCH)
        ):
            self._send([{"@search.action": "delete", "id": each["id"]} for each in old])
