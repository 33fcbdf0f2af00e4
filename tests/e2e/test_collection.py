"""Images are dropped, listed as people ask for them, and counted as people decide on them."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import pytest
import requests

from captioner.collection import ImagePage, Quality
from captioner.records import AltText, Judged, now
from tests.support.app import App, running_app
from tests.support.azurite import Azurite
from tests.support.bundles import make_bundle
from tests.support.pictures import image_bytes, plain
from tests.support.waiting import wait_for

TIMEOUT_S = 60
HOSTILE = "wall/<img src=x onerror=alert(1)> & \u202eünïc%6Fde #?+'\".jpg"
NAMES = ("attic/blue.jpg", "attic/red.jpg", "cellar/corrupt.jpg", HOSTILE)


def ask(app: App, headers: Mapping[str, str] | None = None, **query: Any) -> requests.Response:
    answer = requests.get(
        f"{app.host.url}/api/images", params=query, headers=headers, timeout=TIMEOUT_S
    )
    assert answer.status_code in {200, 304}, answer.text
    return answer


def page(app: App, **query: Any) -> ImagePage:
    return msgspec.json.decode(ask(app, **query).content, type=ImagePage)


def names(app: App, **query: Any) -> list[str]:
    return [each.name for each in page(app, **query).images]


@pytest.fixture(scope="module")
def app(azurite: Azurite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The app with images in three folders, one of which cannot be read."""
    settings = {
        "MODEL_DIR": str(make_bundle(tmp_path_factory.mktemp("bundle"))),
        "SEARCH_DIR": str(tmp_path_factory.mktemp("search")),
    }
    with running_app(azurite, settings) as app:
        for name, colour in zip(NAMES, ("blue", "red", None, "green"), strict=True):
            data = image_bytes(plain(100, 80, colour)) if colour else b"\xff\xd8\xff\xe0 cut"
            app.record(name, app.drop(name, data))
        wait_for(lambda: page(app).total == len(NAMES), "all images to be listed")
        yield app


def test_images_are_listed_in_every_order(app: App) -> None:
    assert names(app, sort="name") == sorted(NAMES)
    for sort in ("newest", "updated", "review"):
        assert sorted(names(app, sort=sort)) == sorted(NAMES)
    assert names(app, sort="review")[-1] == "cellar/corrupt.jpg"
    assert names(app, sort="name", limit=2, offset=1) == sorted(NAMES)[1:3]


def test_images_are_listed_by_what_they_are_like(app: App) -> None:
    assert names(app, prefix="attic/", sort="name") == ["attic/blue.jpg", "attic/red.jpg"]
    assert names(app, prefix=HOSTILE) == [HOSTILE]
    assert names(app, status="none") == names(app, problem="any") == ["cellar/corrupt.jpg"]
    (code,) = page(app).counts.problems
    assert names(app, problem=code.value) == ["cellar/corrupt.jpg"]
    assert set(names(app, source="onnx")) == set(NAMES) - {"cellar/corrupt.jpg"}
    assert page(app, source="azure-vision").counts.all == len(NAMES)


def test_an_entry_tells_what_a_wall_needs(app: App) -> None:
    (entry,) = page(app, prefix="attic/red.jpg").images

    assert (entry.width, entry.height, entry.content_type) == (100, 80, "image/jpeg")
    assert entry.version
    assert entry.created
    assert entry.alt_text
    assert entry.alt_text.text == entry.captions[0].text


def test_polling_hears_of_a_decision_and_so_do_the_figures(app: App) -> None:
    first = ask(app, prefix="attic/")
    known = {"If-None-Match": first.headers["ETag"]}
    same = ask(app, known, prefix="attic/")
    assert (same.status_code, same.content) == (304, b"")

    record, etag = app.store.get_record("attic/blue.jpg")
    (caption,) = record.captions
    judged = Judged(
        source=caption.source,
        model=caption.model,
        text=caption.text,
        confidence=caption.confidence,
        proposed=True,
    )
    decided = AltText(caption.text, "onnx", "approved", None, now(), judged=(judged,))
    app.store.put_record(msgspec.structs.replace(record, alt_text=decided), etag)

    changed = wait_for(
        lambda: answer if (answer := ask(app, known, prefix="attic/")).content else None,
        "the decision to be listed",
    )
    counts = msgspec.json.decode(changed.content, type=ImagePage).counts
    assert (counts.all, counts.pending) == (2, 1)
    assert names(app, prefix="attic/", review="pending") == ["attic/red.jpg"]
    answer = requests.get(f"{app.host.url}/api/quality", timeout=TIMEOUT_S)
    quality = msgspec.json.decode(answer.content, type=Quality)
    (figures,) = quality.captioners
    assert (quality.reviewed, figures.source, figures.model) == (1, "onnx", caption.model)
    assert (figures.judged, figures.approved, figures.mean_distance) == (1, 1, 0)
    again = requests.get(
        f"{app.host.url}/api/quality",
        headers={"If-None-Match": answer.headers["ETag"]},
        timeout=TIMEOUT_S,
    )
    assert again.status_code == 304


def test_an_image_that_is_gone_is_listed_no_more(app: App) -> None:
    app.record("gone.jpg", app.drop("gone.jpg", image_bytes(plain(100, 80, "white"))))
    wait_for(lambda: names(app, prefix="gone"), "the image to be listed")

    _, etag = app.store.get_record("gone.jpg")
    app.store.delete_record("gone.jpg", etag)

    wait_for(lambda: not names(app, prefix="gone"), "the image to vanish")


@pytest.mark.parametrize("prefix", ["%00", "%ED%A0%80", "%FF", "'%20OR%201=1--", "%25", "%C2"])
def test_odd_prefixes_find_nothing(app: App, prefix: str) -> None:
    answer = requests.get(f"{app.host.url}/api/images?prefix={prefix}", timeout=TIMEOUT_S)

    assert answer.status_code == 200, answer.text
    assert answer.json()["total"] == 0
