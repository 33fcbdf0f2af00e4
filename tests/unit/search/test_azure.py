"""Search by Azure AI Search, through its SDK, against a local server that speaks its protocol."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from captioner.composition import build_search
from captioner.errors import SearchRefused, SearchUnavailable
from captioner.records import CaptionRecord, now
from captioner.search import SearchAnswer, azure, parse
from captioner.search.azure import AzureSearch
from captioner.settings import Settings, StorageConnection
from captioner.store import CatalogueBlobs, ImageStore
from tests.support.azurite import Azurite
from tests.support.records import record_of
from tests.support.search_server import KEY, SearchServer


class Collection:
    """Sidecars in storage, and the service that follows them at every search."""

    def __init__(self, store: ImageStore, blobs: CatalogueBlobs, settings: Settings) -> None:
        self.store, self.blobs, self.settings = store, blobs, settings
        search = build_search(settings, blobs, store)
        assert isinstance(search, AzureSearch)
        self.search = search

    def put(self, *records: CaptionRecord) -> None:
        for record in records:
            self.store.put_record(record, None)

    def ask(self, text: str, **options: object) -> SearchAnswer:
        return self.search.search(parse(text), **{"limit": 10, **options})

    def names(self, text: str, **options: object) -> list[str]:
        return [hit.image.name for hit in self.ask(text, **options).results]


@pytest.fixture
def server() -> Iterator[SearchServer]:
    with SearchServer() as server:
        yield server


@pytest.fixture
def collection(
    azurite: Azurite,
    server: SearchServer,
    unique_name: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Collection]:
    monkeypatch.setattr(azure, "MAX_AGE", timedelta(0))
    settings = Settings(
        captions_container=unique_name("captions"),
        azure_search_endpoint=server.url,
        azure_search_key=KEY,
    )
    connection = StorageConnection(connection_string=azurite.connection_string)
    with (
        ImageStore.connect(connection, settings) as store,
        CatalogueBlobs.connect(connection, settings) as blobs,
    ):
        collection = Collection(store, blobs, settings)
        collection.put(
            record_of("street.jpg", {"onnx": "a red car on a street"}, status="approved"),
            record_of("car.jpg", {"onnx": "a car that is red", "azure-vision": "a car"}),
            record_of("it's.jpg", {"azure-vision": "two guitars"}, tags=["guitar"]),
        )
        yield collection


def test_the_index_is_made_and_filled_at_the_first_search(
    collection: Collection, server: SearchServer
) -> None:
    answer = collection.ask("guitar")

    (hit,) = answer.results
    assert hit.image.name == "it's.jpg"
    assert hit.image.captions[0].text == "two guitars"
    assert (answer.total, answer.offset, answer.limit) == (1, 0, 10)
    (definition,) = server.indexes.values()
    assert definition["name"] == "captioner"
    assert [each["name"] for each in definition["fields"] if each.get("key")] == ["id"]
    assert len(server.documents["captioner"]) == 3
    assert now() - answer.as_of < timedelta(minutes=1)


def test_only_what_has_changed_is_sent_again(collection: Collection, server: SearchServer) -> None:
    collection.ask("car")
    before = dict(server.documents["captioner"])
    _, etag = collection.store.get_record("car.jpg")
    collection.store.put_record(record_of("car.jpg", {"onnx": "a truck"}, updated=now()), etag)
    _, etag = collection.store.get_record("street.jpg")
    collection.store.delete_record("street.jpg", etag)
    server.requests.clear()

    assert collection.names("car truck street") == ["car.jpg"]

    after = server.documents["captioner"]
    assert len(after) == 2
    assert sum(after[key] is before[key] for key in after) == 1
    assert len([each for each in server.requests if each.endswith("search.index")]) == 1
    server.requests.clear()
    collection.ask("truck")
    assert not [each for each in server.requests if each.endswith("search.index")]


def test_another_instance_goes_on_where_the_last_one_was(
    collection: Collection, server: SearchServer
) -> None:
    collection.ask("car")
    server.requests.clear()

    another = Collection(collection.store, collection.blobs, collection.settings)

    assert set(another.names("car")) == {"street.jpg", "car.jpg"}
    assert len(server.requests) == 1


def test_an_index_that_was_deleted_is_made_anew(
    collection: Collection, server: SearchServer
) -> None:
    collection.ask("car")
    server.indexes.clear()
    server.documents.clear()

    assert set(collection.names("car")) == {"street.jpg", "car.jpg"}


def test_a_complete_upload_leaves_nothing_old(collection: Collection, server: SearchServer) -> None:
    collection.ask("car")
    server.documents["captioner"]["old"] = {"id": "old", "lot": "before", "captions": ["a car"]}

    collection.search.follow(anew=True)

    assert "old" not in server.documents["captioner"]
    assert len(server.documents["captioner"]) == 3


def test_phrases_beginnings_and_slips(collection: Collection) -> None:
    assert collection.names('"red car"') == ["street.jpg"]
    assert collection.names('"red car" guitar') == ["street.jpg"]
    assert collection.names("guit*") == ["it's.jpg"]
    assert collection.names("guitr") == ["it's.jpg"]
    assert collection.names("OR AND guitars NOT") == ["it's.jpg"]


@pytest.mark.parametrize(
    ("text", "marked"),
    [("guitar", ["guitars"]), ("guitr", ["guitar"]), ('"two guitars"', ["two guitars"])],
)
def test_matches_are_segments_of_plain_text(
    collection: Collection, text: str, marked: list[str]
) -> None:
    (hit,) = collection.ask(text).results

    segments = [segment for match in hit.matches for segment in match.segments]
    assert {each.text for each in segments if each.match} >= set(marked)
    assert not any("\ue000" in each.text for each in segments)


def test_filters_and_facets(collection: Collection) -> None:
    answer = collection.ask("car guitars", source="onnx", status="machine")

    assert [hit.image.name for hit in answer.results] == ["car.jpg"]
    assert answer.total == 1
    assert {each.value: each.count for each in answer.facets.status} == {
        "machine": 1,
        "approved": 1,
    }
    assert {each.value: each.count for each in answer.facets.source} == {
        "onnx": 1,
        "azure-vision": 2,
    }
    assert collection.names("car", source="o' or 1 eq 1") == []


def test_pages(collection: Collection) -> None:
    first = collection.ask("car", limit=1)
    second = collection.ask("car", limit=1, offset=1)

    assert first.total == second.total == 2
    assert {first.results[0].image.name, second.results[0].image.name} == {"street.jpg", "car.jpg"}


def test_a_key_that_is_refused_is_told(collection: Collection, server: SearchServer) -> None:
    settings = Settings(
        captions_container=collection.settings.captions_container,
        azure_search_endpoint=server.url,
        azure_search_key="wrong",
    )

    with pytest.raises(SearchRefused, match="AZURE_SEARCH_KEY") as refused:
        Collection(collection.store, collection.blobs, settings).ask("car")
    assert "wrong" not in str(refused.value)


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_service_is_asked_again_and_then_told(
    collection: Collection, server: SearchServer, status: int
) -> None:
    collection.ask("car")
    server.refusals = [(status, {"Retry-After": "0"})]
    assert collection.ask("car").results

    server.refusals = [(status, {"Retry-After": "0"})] * 6
    with pytest.raises(SearchUnavailable, match=str(status)) as busy:
        collection.ask("car")
    assert busy.value.retry_after == timedelta(0)


def test_a_service_that_is_not_there_is_told(collection: Collection) -> None:
    with SearchServer() as gone:
        url = gone.url
    settings = Settings(
        captions_container=collection.settings.captions_container,
        azure_search_endpoint=url,
        azure_search_key=KEY,
    )

    with pytest.raises(SearchUnavailable, match="AZURE_SEARCH_ENDPOINT"):
        Collection(collection.store, collection.blobs, settings).ask("car")


def test_while_the_index_cannot_be_brought_up_to_date_it_is_searched_as_it_is(
    collection: Collection, server: SearchServer
) -> None:
    first = collection.ask("car")
    collection.put(record_of("new.jpg", {"onnx": "a car"}))
    server.refusals = [(503, {"Retry-After": "0"})] * 3  # as often as uploading is tried

    second = collection.ask("car")

    assert second.as_of == first.as_of
    assert set(collection.names("car")) == {"street.jpg", "car.jpg", "new.jpg"}
