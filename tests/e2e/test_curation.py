"""What people decide stays decided: over HTTP, while images land and captioners work."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import jsonschema
import pytest
import requests

from captioner.errors import ImageNotFound, RecordNotFound
from captioner.records import json_schema
from tests.support.app import App, running_app
from tests.support.azurite import Azurite
from tests.support.bundles import make_bundle
from tests.support.pictures import image_bytes, plain
from tests.support.vision_server import KEY, VisionServer, throttled
from tests.support.waiting import wait_for

TIMEOUT_S = 60
RED, BLUE, GREEN = (image_bytes(plain(100, 80, each)) for each in ("red", "blue", "green"))


@pytest.fixture(scope="module")
def vision() -> Iterator[VisionServer]:
    with VisionServer() as server:
        yield server


@pytest.fixture(scope="module")
def app(
    azurite: Azurite, vision: VisionServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[App]:
    settings = {
        "MODEL_DIR": str(make_bundle(tmp_path_factory.mktemp("bundle"))),
        "VISION_ENDPOINT": vision.url,
        "VISION_KEY": KEY,
        "WEBSITE_AUTH_ENABLED": "True",
    }
    with running_app(azurite, settings) as app:
        yield app


class Editor:
    """Somebody at the gallery, who has one image before them."""

    def __init__(self, app: App, name: str, person: str = "ada@example.org") -> None:
        self.url = f"{app.host.url}/api/{{}}/{quote(name)}"
        self.person = person
        self.etag = ""

    def ask(self, method: str, route: str, **options: Any) -> requests.Response:
        return requests.request(method, self.url.format(route), timeout=TIMEOUT_S, **options)

    def look(self) -> dict[str, Any]:
        """Open the image, and give its record."""
        answer = self.ask("GET", "captions")
        assert answer.status_code == 200, answer.text
        self.etag = answer.headers["ETag"]
        record: dict[str, Any] = answer.json()
        return record

    def publish(self, text: str) -> requests.Response:
        """Send a text for the version that was last seen."""
        headers = {"If-Match": self.etag, "X-MS-CLIENT-PRINCIPAL-NAME": self.person}
        answer = self.ask("PUT", "alt-text", json={"text": text}, headers=headers)
        if answer.status_code == 200:
            self.etag = answer.headers["ETag"]
            jsonschema.validate(answer.json(), json_schema())
        else:
            assert answer.status_code == 412, answer.text
            assert answer.json()["code"] == "edit_conflict"
        return answer

    def insist(self, text: str) -> None:
        """Send a text until it is published, looking at what others did each time."""
        while (answer := self.publish(text)).status_code != 200:
            self.etag = answer.json()["current"]["etag"]

    def history(self) -> dict[str, Any]:
        answer = self.ask("GET", "history")
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def texts(self) -> list[str]:
        return [each["text"] for each in self.history()["versions"]]


def captioned(app: App, name: str, image: bytes) -> Editor:
    """Let an image land, and give somebody who looks at it."""
    app.record(name, app.drop(name, image))
    editor = Editor(app, name)
    editor.look()
    return editor


def test_of_two_editors_one_wins_and_the_other_merges(app: App) -> None:
    name = "attic/two editors #1 é.jpg"
    ada = captioned(app, name, RED)
    machines = ada.look()["alt_text"]["text"]
    eve = Editor(app, name, "eve@example.org")
    eve.look()
    said = {ada: "A red square.", eve: "A red field."}

    with ThreadPoolExecutor(2) as people:
        answers = dict(zip(said, people.map(lambda who: who.publish(said[who]), said), strict=True))

    winner, loser = sorted(said, key=lambda who: answers[who].status_code)
    assert [answers[winner].status_code, answers[loser].status_code] == [200, 412]
    problem = answers[loser].json()
    assert problem["current"]["etag"] == winner.etag
    assert problem["current"]["alt_text"]["text"] == said[winner]
    assert problem["current"]["alt_text"]["by"] == winner.person

    loser.etag = problem["current"]["etag"]
    merged = f"{said[winner]} {said[loser]}"
    assert loser.publish(merged).status_code == 200
    assert ada.texts() == [merged, said[winner], machines]
    assert loser.look()["alt_text"]["status"] == "edited"


def test_no_edit_is_lost_while_captions_come_and_images_are_replaced(
    app: App, vision: VisionServer
) -> None:
    """Three people write, the image is overwritten twice, and Vision comes late, all at once."""
    name = "busy.jpg"
    vision.script(*[throttled(Retry_After="1")] * 2)
    captioned(app, name, RED)
    wanted = {f"{who} wrote {count}" for who in "abc" for count in range(6)}

    def write(who: str) -> None:
        editor = Editor(app, name, who)
        editor.look()
        for count in range(6):
            editor.insist(f"{who} wrote {count}")

    with ThreadPoolExecutor(4) as pool:
        people = [pool.submit(write, who) for who in "abc"]
        overwriting = pool.submit(lambda: [app.drop(name, each) for each in (BLUE, GREEN)])
        etag = overwriting.result()[-1]
        for each in people:
            each.result()

    record = app.record(name, etag, lambda record: record.caption_by("azure-vision") is not None)
    assert record.alt_text is not None
    assert record.alt_text.status == "edited"
    assert wanted <= set(Editor(app, name).texts())
    assert record.caption_by("azure-vision").text == "a green picture"


def test_an_edit_outlives_the_image_and_is_stale_until_it_is_approved(app: App) -> None:
    editor = captioned(app, "over.jpg", RED)
    assert editor.publish("Our red square.").status_code == 200

    app.record("over.jpg", app.drop("over.jpg", BLUE))

    record = editor.look()
    assert record["alt_text"]["text"] == "Our red square."
    assert record["alt_text"]["stale"] is True
    assert record["needs_review"] is True
    assert "a blue picture" in {each["text"] for each in record["captions"]}

    approved = editor.publish("Our red square.").json()
    assert "stale" not in approved["alt_text"]
    assert approved["needs_review"] is False


def test_a_caption_is_approved_and_handed_back(app: App) -> None:
    editor = captioned(app, "back.jpg", RED)
    before = editor.look()

    approved = editor.publish("a red picture").json()["alt_text"]
    assert (approved["source"], approved["status"]) == ("azure-vision", "approved")
    assert approved["by"] == "ada@example.org"
    assert [each["source"] for each in approved["judged"]] == ["onnx", "azure-vision"]

    answer = editor.ask("DELETE", "alt-text", headers={"If-Match": editor.etag})
    assert answer.status_code == 200
    back = answer.json()
    assert {**back["alt_text"], "updated": None} == {**before["alt_text"], "updated": None}
    assert back.get("needs_review") == before.get("needs_review")
    assert editor.texts()[1] == "a red picture"


def test_what_was_written_outlives_a_deletion(app: App) -> None:
    name = "attic/gone #2.jpg"
    editor = captioned(app, name, RED)
    editor.insist("Our red square.")
    told = editor.history()

    gone = editor.ask("DELETE", "images", headers={"If-Match": editor.etag})

    assert (gone.status_code, gone.content) == (204, b"")
    assert editor.ask("GET", "captions").status_code == 404
    with pytest.raises(ImageNotFound):
        app.store.find_image(name)
    assert editor.history() == {**told, "deleted": True}
    again = editor.ask("DELETE", "images")
    assert (again.status_code, again.json()["code"]) == (404, "image_not_found")

    app.record(name, app.drop(name, RED))
    same = editor.look()["alt_text"]
    assert same["text"] == "Our red square."
    assert "stale" not in same
    assert editor.history() == told

    assert editor.ask("DELETE", "images").status_code == 204
    app.record(name, app.drop(name, BLUE))
    assert editor.look()["alt_text"]["stale"] is True


def test_a_deleted_image_is_found_no_more(app: App) -> None:
    editor = captioned(app, "lost.jpg", RED)
    editor.insist("A zeppelin.")

    def count() -> int:
        answer = requests.get(
            f"{app.host.url}/api/search", params={"q": "zeppelin"}, timeout=TIMEOUT_S
        )
        total: int = answer.json()["total"]
        return total

    wait_for(lambda: count() == 1, "the edit to be found")
    assert editor.ask("DELETE", "images").status_code == 204
    wait_for(lambda: count() == 0, "the deleted image to be found no more")


def test_an_image_deleted_while_it_is_captioned_leaves_no_record(app: App) -> None:
    names = [f"brief/{each}.jpg" for each in range(6)]
    for name in names:
        app.drop(name, RED)
        assert Editor(app, name).ask("DELETE", "images").status_code == 204
    last = captioned(app, "brief/last.jpg", RED)

    assert last.etag
    for name in names:
        with pytest.raises(RecordNotFound):
            app.store.get_record(name)
