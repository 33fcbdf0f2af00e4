"""A running app whose model is replaced, under load, by good versions and by bad ones."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec
import pytest
import requests
from azure.storage.blob import BlobServiceClient

from captioner.records import AltText, now
from tests.support.app import App, running_app
from tests.support.azurite import Azurite
from tests.support.pictures import image_bytes, plain
from tests.support.published import Shop
from tests.support.waiting import wait_for

RED = image_bytes(plain(100, 80, "red"), "PNG")
TIMEOUT_S = 60
CLIENTS = 4


@pytest.fixture
def shop(blobs: BlobServiceClient, unique_name: Callable[[str], str], tmp_path: Path) -> Shop:
    shop = Shop(blobs.get_container_client(unique_name("models")), tmp_path / "made")
    shop.register("1")
    return shop


@pytest.fixture
def settings(shop: Shop, tmp_path: Path) -> dict[str, str]:
    return {
        "MODEL_URI": shop.uri(),
        "MODEL_CACHE_DIR": str(tmp_path / "kept"),
        "MODEL_CHECK_SECONDS": "1",
    }


@pytest.fixture
def app(azurite: Azurite, settings: dict[str, str]) -> Iterator[App]:
    with running_app(azurite, settings) as app:
        yield app


def health(app: App) -> Any:
    return requests.get(f"{app.host.url}/api/health", timeout=TIMEOUT_S).json()


def wait_for_version(app: App, version: str) -> None:
    wait_for(lambda: health(app)["bundle"]["version"] == version, f"version {version}")


def caption(session: requests.Session, app: App) -> tuple[int, str]:
    """Give the status of an answer, and by which version it was captioned."""
    answer = session.post(f"{app.host.url}/api/caption", data=RED, timeout=TIMEOUT_S)
    said = answer.json().get("captions") or [{"model": {"version": answer.text}}]
    return answer.status_code, said[0]["model"]["version"]


def test_no_request_fails_while_versions_come_and_go(app: App, shop: Shop) -> None:
    wait_for_version(app, "1")
    done = threading.Event()

    def client() -> list[tuple[int, str]]:
        with requests.Session() as session:
            answers = []
            while not done.is_set():
                answers.append(caption(session, app))
            return answers

    with ThreadPoolExecutor(CLIENTS) as pool:
        at_work = [pool.submit(client) for _ in range(CLIENTS)]
        try:
            shop.register("2", seed=2)
            wait_for_version(app, "2")
            shop.promote("1")
            wait_for_version(app, "1")
        finally:
            done.set()
        answers = [each.result() for each in at_work]
    assert {status for each in answers for status, _ in each} == {200}
    for each in answers:  # one version after the other, and never a mixture
        assert [version for version, _ in groupby(version for _, version in each)] == [
            "1",
            "2",
            "1",
        ]


def test_a_bad_version_is_refused_and_the_old_one_goes_on(app: App, shop: Shop) -> None:
    wait_for_version(app, "1")
    shop.register("2", seed=2)
    cut = shop.blob("2", "encoder.onnx")
    cut.upload_blob(cut.download_blob().readall()[:-100], overwrite=True)
    told = wait_for(lambda: health(app)["model"].get("refused"), "the refusal")
    assert told == {"version": "2", "code": "bundle_invalid"}
    assert health(app)["status"] == "ok"
    with requests.Session() as session:
        assert caption(session, app) == (200, "1")
    app.host.wait_for_log("Version 2 of the model is refused (bundle_invalid)")
    shop.promote("1")
    wait_for(lambda: "refused" not in health(app)["model"], "the refusal's end")


def test_what_lands_later_is_captioned_by_the_version_of_that_time(app: App, shop: Shop) -> None:
    etag = app.drop("before.png", RED)
    assert app.record("before.png", etag).captions[0].model.version == "1"
    shop.register("2", seed=2)
    wait_for_version(app, "2")
    etag = app.drop("after.png", RED)
    assert app.record("after.png", etag).captions[0].model.version == "2"


def test_an_app_that_starts_anew_uses_what_another_kept(
    azurite: Azurite, settings: dict[str, str], shop: Shop
) -> None:
    with running_app(azurite, settings) as app:
        wait_for_version(app, "1")
    for name in ("tiny/current.json", "tiny/1/encoder.onnx", "tiny/1/model.json"):
        shop.container.delete_blob(name)
    with running_app(azurite, settings) as one, running_app(azurite, settings) as other:
        for app in (one, other):
            told = health(app)
            assert (told["status"], told["bundle"]["version"]) == ("ok", "1")
            assert told["model"]["problem"] == "bundle_missing"


def test_what_older_versions_captioned_is_captioned_anew(app: App, shop: Shop) -> None:
    etags = {name: app.drop(name, RED) for name in ("edited.png", "plain.png")}
    for name, etag in etags.items():
        assert app.record(name, etag).captions[0].model.version == "1"
    record, etag = app.store.get_record("edited.png")
    human = AltText("Ours", "person", "edited", by=None, updated=now())
    app.store.put_record(msgspec.structs.replace(record, alt_text=human), etag)
    shop.register("2", seed=2)
    wait_for_version(app, "2")
    etag = app.drop("later.png", RED)
    app.record("later.png", etag)

    command = [sys.executable, "-m", "captioner", "backfill", "--url", app.host.url]

    def backfilled(version: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, "--model-older-than", version],
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )

    done = backfilled("2")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("done: 2 captioned, 1 skipped\n")
    records = {name: app.store.get_record(name)[0] for name in (*etags, "later.png")}
    assert {each.captions[0].model.version for each in records.values()} == {"2"}
    assert records["edited.png"].alt_text == human
    assert backfilled("2").stdout.endswith("done: 3 skipped\n")
    unknown = backfilled("3")
    assert unknown.returncode == 1
    assert "No such version of tiny is registered" in unknown.stderr
