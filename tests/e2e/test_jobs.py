"""Jobs through the real worker, queues and storage: killed hosts, expired access, no secrets."""

import json
import re
import signal
import subprocess
import sys
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import BlobServiceClient, ContainerClient
from azure.storage.queue import QueueServiceClient, TextBase64EncodePolicy

from captioner.jobs import JOBS_QUEUE, LISTS_QUEUE
from tests.support.app import App, running_app
from tests.support.azurite import Azurite
from tests.support.bundles import make_bundle
from tests.support.directories import FULL, fill, picture, sas_uri, signature_of
from tests.support.host import REPOSITORY
from tests.support.vision_server import KEY, Answer, VisionServer
from tests.support.waiting import wait_for

DEADLINE_S = 180.0
ENDED = {"done", "cancelled", "failed"}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bundle(tmp_path_factory.mktemp("bundle"))


@pytest.fixture(scope="module")
def app(azurite: Azurite, bundle: Path) -> Iterator[App]:
    with running_app(azurite, {"MODEL_DIR": str(bundle)}) as app:
        yield app


@pytest.fixture
def container(blobs: BlobServiceClient, unique_name: Callable[[str], str]) -> ContainerClient:
    return blobs.create_container(unique_name("pictures"))


@pytest.fixture
def apart() -> Iterator[Azurite]:
    """Storage for an app of the test's own: two on one account would take each other's steps."""
    with Azurite() as storage:
        yield storage


@pytest.fixture
def container_apart(apart: Azurite) -> Iterator[ContainerClient]:
    with apart.blobs() as blobs:
        yield blobs.create_container("pictures")


def start(app: App, body: Any) -> str:
    """Start a job and give its URL."""
    answer = requests.post(f"{app.host.url}/api/jobs", json=body, timeout=60)
    assert answer.status_code == 202, answer.text
    assert answer.headers["Location"] == f"/api/jobs/{answer.json()['id']}"
    return answer.headers["Location"]


def status(app: App, job: str) -> dict[str, Any]:
    return requests.get(f"{app.host.url}{job}", timeout=60).json()


def ended(app: App, job: str, *states: str) -> dict[str, Any]:
    """Wait for a job's end, or for one of these states; give how it stands then."""

    def found() -> dict[str, Any] | None:
        told = status(app, job)
        return told if told["state"] in (states or ENDED) else None

    try:
        return wait_for(found, f"the end of {job}", deadline_s=DEADLINE_S)
    except AssertionError as fault:
        raise AssertionError(f"{fault}\n{status(app, job)}\n{app.host.log}") from None


def results(app: App, job: str, limit: int = 7) -> list[dict[str, Any]]:
    """Read results page by page, as far as there are any."""
    found: list[dict[str, Any]] = []
    path = f"{job}/results?limit={limit}"
    while True:
        answer = requests.get(f"{app.host.url}{path}", timeout=60)
        assert answer.headers["Content-Type"] == "application/x-ndjson"
        lines = [json.loads(line) for line in answer.text.splitlines()]
        found += lines
        if "next" not in answer.links or not lines:
            return found
        path = answer.links["next"]["url"]


def test_a_directory_with_broken_images(app: App, container: ContainerClient) -> None:
    names = fill(container, 20, corrupt=2)
    job = start(app, {"directory": sas_uri(container)})

    told = ended(app, job)
    assert told["state"] == "done"
    assert told["counts"] == {"found": 22, "done": 20, "skipped": 0, "failed": 2, "waiting": 0}
    found = results(app, job)
    assert [each["image"] for each in found] == names
    assert [each["problem"]["code"] for each in found[20:]] == ["corrupt_image"] * 2
    assert requests.get(f"{app.host.url}/api/jobs", timeout=60).json()["jobs"][0] == told


def test_a_text_of_urls(app: App, container: ContainerClient) -> None:
    fill(container, 3)
    sas = sas_uri(container).partition("?")[2]
    urls = [f"{container.url}/{number:04}.png?{sas}" for number in range(4)]
    answer = requests.post(
        f"{app.host.url}/api/jobs?neutral=true",
        data="\n".join([*urls, "", "http://127.0.0.1/a.jpg"]),
        headers={"Content-Type": "text/plain; charset=utf-8"},
        timeout=60,
    )
    job = answer.headers["Location"]
    assert answer.json()["options"] == {"neutral": True}
    ended(app, job)
    found = results(app, job)
    assert [each["status"] for each in found] == ["done"] * 3 + ["failed"] * 2
    assert [each["problem"]["code"] for each in found[3:]] == ["nothing_there", "url_not_allowed"]
    assert found[0]["image"] == urls[0].partition("?")[0]


def test_a_backfill_skips_what_has_a_record(app: App) -> None:
    etags = {name: app.drop(name, picture(n)) for n, name in enumerate(("a.png", "b.png"))}
    for name, etag in etags.items():
        app.record(name, etag)
    before = [app.store.get_record(name) for name in etags]

    told = ended(app, start(app, {"backfill": True}))
    assert told["counts"]["skipped"] == told["counts"]["found"] == 2
    assert [app.store.get_record(name) for name in etags] == before

    told = ended(app, start(app, {"backfill": True, "force": True}))
    assert told["counts"]["done"] == 2
    assert [app.store.get_record(name) for name in etags] != before


def test_a_job_may_be_cancelled(
    apart: Azurite, bundle: Path, container_apart: ContainerClient
) -> None:
    fill(container_apart, 40)
    with VisionServer() as vision:
        vision.script(*[Answer(silent=True)] * 40)
        settings = {
            "MODEL_DIR": str(bundle),
            "VISION_ENDPOINT": vision.url,
            "VISION_KEY": KEY,
            "VISION_TIMEOUT_SECONDS": "3",
        }
        with running_app(apart, settings) as app:
            job = start(app, {"directory": sas_uri(container_apart)})
            wait_for(lambda: vision.requests, "an image at work")
            answer = requests.delete(f"{app.host.url}{job}", timeout=60)
            assert answer.json()["state"] == "cancelled"
            app.host.wait_for_log("Executed 'Functions.job_step' (Succeeded", times=4)
            assert status(app, job)["counts"]["done"] == len(results(app, job)) == 0


def test_an_expired_signature_pauses_and_a_new_one_resumes(
    apart: Azurite, bundle: Path, container_apart: ContainerClient
) -> None:
    names = fill(container_apart, 20)
    with running_app(apart, {"MODEL_DIR": str(bundle)}, message_lease_s=1) as app:
        expiry = datetime.now(UTC) + timedelta(seconds=20)
        job = start(app, {"directory": sas_uri(container_apart, expiry=expiry)})
        app.host.kill()
        wait_for(lambda: datetime.now(UTC) > expiry, "the signature to expire")
        app.host.start()

        told = ended(app, job, "paused")
        assert [each["code"] for each in told["problems"]] == ["sas_expired"]
        renewed = {"directory": sas_uri(container_apart)}
        answer = requests.patch(f"{app.host.url}{job}", json=renewed, timeout=60)
        assert (answer.status_code, answer.json()["problems"]) == (200, [])
        assert ended(app, job)["state"] == "done"
        assert [each["image"] for each in results(app, job)] == names


def test_killed_twice_it_has_one_result_for_each_image(
    apart: Azurite, bundle: Path, container_apart: ContainerClient
) -> None:
    names = fill(container_apart, 58, corrupt=2)
    with running_app(apart, {"MODEL_DIR": str(bundle)}, message_lease_s=2) as app:
        job = start(app, {"directory": sas_uri(container_apart)})
        for kill in (1, 2):
            app.host.wait_for_log("Executing 'Functions.job_step'", times=2 * kill)
            app.host.kill()
            app.host.start()

        told = ended(app, job)
        assert told["counts"] == {"found": 60, "done": 58, "skipped": 0, "failed": 2, "waiting": 0}
        assert [each["image"] for each in results(app, job)] == names
        with apart.blobs() as blobs:
            documents = blobs.get_container_client(app.settings["JOBS_CONTAINER"])
            stored = [
                json.loads(line)["image"]
                for blob in documents.list_blob_names(name_starts_with="results/")
                for line in documents.download_blob(blob).readall().splitlines()
            ]
        assert sorted(stored) == names


def test_a_message_that_comes_again_changes_nothing(
    app: App, container: ContainerClient, queues: QueueServiceClient
) -> None:
    fill(container, 3)
    job = start(app, {"directory": sas_uri(container)})
    ended(app, job)
    before = results(app, job)
    done = app.host.log.count("Executed 'Functions.job_step' (Succeeded")
    queue = queues.get_queue_client(JOBS_QUEUE, message_encode_policy=TextBase64EncodePolicy())
    step = {"type": "chunk", "job": job.rpartition("/")[2], "opened": 1, "page": 0, "chunk": 0}
    for _ in range(3):
        queue.send_message(json.dumps({"step": step}))
    app.host.wait_for_log("Executed 'Functions.job_step' (Succeeded", times=done + 3)
    assert results(app, job) == before


def test_what_the_platform_gave_up_on_ends_with_problems(
    apart: Azurite, bundle: Path, container_apart: ContainerClient
) -> None:
    names = fill(container_apart, 2)
    # Nobody does the steps, so that they can be put where those go that keep failing.
    off = {"AzureWebJobs_job_step_Disabled": "true"}
    settings = {"MODEL_DIR": str(bundle), **off}
    with apart.queues() as queues, running_app(apart, settings) as app:
        job = start(app, {"directory": sas_uri(container_apart)})
        wait_for(lambda: status(app, job)["counts"]["found"], "the listing")
        queue = queues.get_queue_client(
            f"{JOBS_QUEUE}-poison", message_encode_policy=TextBase64EncodePolicy()
        )
        with suppress(ResourceExistsError):
            queue.create_queue()
        step = {"type": "chunk", "job": job.rpartition("/")[2], "opened": 1, "page": 0, "chunk": 0}
        queue.send_message(json.dumps({"step": step}))
        told = ended(app, job)
        assert (told["state"], told["counts"]["failed"]) == ("done", 2)
        found = results(app, job)
    assert [each["image"] for each in found] == names
    assert {each["problem"]["code"] for each in found} == {"captioning_failed"}


def test_no_secret_leaves_its_document(
    apart: Azurite,
    bundle: Path,
    container_apart: ContainerClient,
) -> None:
    fill(container_apart, 17, corrupt=1)
    uri = sas_uri(container_apart, FULL)
    messages: list[str] = []
    with (
        apart.blobs() as blobs,
        apart.queues() as queues,
        running_app(apart, {"MODEL_DIR": str(bundle)}) as app,
    ):
        job = start(app, {"directory": uri, "save": True})
        deadline = time.monotonic() + DEADLINE_S
        while status(app, job)["state"] not in ENDED and time.monotonic() < deadline:
            for name in (JOBS_QUEUE, LISTS_QUEUE):
                with suppress(ResourceNotFoundError):
                    waiting = queues.get_queue_client(name).peek_messages(max_messages=32)
                    messages += [b64decode(each.content).decode() for each in waiting]
        assert status(app, job)["state"] == "done"
        wrong = requests.post(
            f"{app.host.url}/api/jobs", json={"directory": uri, "save": "yes"}, timeout=60
        )
        assert wrong.status_code == 400
        told = [requests.get(f"{app.host.url}/api/jobs", timeout=60).text, wrong.text, *messages]
        told += [str(results(app, job)), app.host.log]
        for each in (blobs.get_container_client(app.settings["JOBS_CONTAINER"]), container_apart):
            told += [
                each.download_blob(blob).readall().decode(errors="replace")
                for blob in each.list_blob_names()
            ]
    assert re.search(r"/0000\.png", "".join(told))
    assert not [text for text in told if signature_of(uri) in text or "sig=" in text]


def captioner_job(app: App, *arguments: str) -> list[str]:
    """Give the command line of `captioner job`, asking this app."""
    return [sys.executable, "-m", "captioner", "job", "--url", app.host.url, *arguments]


def test_the_terminal_follows_a_job(app: App, container: ContainerClient, tmp_path: Path) -> None:
    names = fill(container, 17, corrupt=1)
    lines = tmp_path / "results.jsonl"
    done = subprocess.run(
        captioner_job(app, sas_uri(container), "--output", str(lines)),
        cwd=REPOSITORY,
        capture_output=True,
        check=False,
        text=True,
        timeout=DEADLINE_S,
    )
    assert done.returncode == 1, done.stderr  # as one has no caption
    assert done.stdout.endswith("  done: 17 captioned, 1 failed\n")
    assert [json.loads(line)["image"] for line in lines.read_bytes().splitlines()] == names


def test_ctrl_c_leaves_the_job_running(
    apart: Azurite, bundle: Path, container_apart: ContainerClient
) -> None:
    fill(container_apart, 1)
    settings = {"MODEL_DIR": str(bundle), "AzureWebJobs_job_step_Disabled": "true"}
    with running_app(apart, settings) as app:
        following = subprocess.Popen(
            captioner_job(app, sas_uri(container_apart), "--follow"),
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        app.host.wait_for_log("Executed 'Functions.job_status' (Succeeded")
        following.send_signal(signal.SIGINT)
        _, told = following.communicate(timeout=DEADLINE_S)
        (job,) = requests.get(f"{app.host.url}/api/jobs", timeout=60).json()["jobs"]
        assert following.returncode == 130
        assert f"captioner job {job['id']} --follow" in told
        assert job["state"] in {"listing", "running"}

        cancelled = subprocess.run(
            captioner_job(app, job["id"], "--cancel"),
            cwd=REPOSITORY,
            capture_output=True,
            check=True,
            text=True,
            timeout=DEADLINE_S,
        )
        assert cancelled.stdout.startswith(f"{job['id']}  cancelled")


@pytest.mark.parametrize(
    ("body", "content_type", "code", "answer"),
    [
        (b"{}", "application/json", "invalid_request", 400),
        (b'{"urls": []}', "application/json", "invalid_request", 400),
        (b'{"urls": "a"}', "application/json", "invalid_request", 400),
        (b'{"backfill": true, "save": true}', "application/json", "invalid_request", 400),
        (b'{"backfill": true, "sav": true}', "application/json", "invalid_request", 400),
        (b'{"backfill": true, "language": "es"}', "application/json", "invalid_request", 400),
        (b"{", "application/json", "invalid_request", 400),
        (b"\xff", "text/plain", "invalid_request", 400),
        (b"", "text/plain", "invalid_request", 400),
        (b"x", "image/jpeg", "unsupported_media_type", 415),
        (b'{"directory": "https://example.org/c"}', "application/json", "not_a_storage_host", 422),
    ],
    ids=str,
)
def test_what_is_no_job_is_refused(
    app: App, body: bytes, content_type: str, code: str, answer: int
) -> None:
    refused = requests.post(
        f"{app.host.url}/api/jobs", data=body, headers={"Content-Type": content_type}, timeout=60
    )
    assert (refused.status_code, refused.json()["code"]) == (answer, code)


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_job_that_is_not_there(app: App, method: str) -> None:
    answer = requests.request(method, f"{app.host.url}/api/jobs/none", timeout=60)
    assert (answer.status_code, answer.json()["code"]) == (404, "job_not_found")
