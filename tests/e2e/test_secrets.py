"""No secret comes out again: all that opens something is planted, and all outputs are searched.

The app works for a while, well and badly, with its log at the most talkative level, exporting its
telemetry. Then every answer, line, blob, message and file is looked through for what was planted.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote, unquote

import pytest
import requests
from azure.storage.blob import BlobServiceClient, ContainerClient
from azure.storage.queue import QueueServiceClient
from PIL import Image

from scripts.azurite import ACCOUNT_KEY
from tests.support import search_server
from tests.support.app import App, running_app
from tests.support.azurite import Azurite
from tests.support.bundles import make_bundle
from tests.support.directories import FULL, READ, sas_uri, signature_of
from tests.support.host import REPOSITORY
from tests.support.insights import Insights
from tests.support.pictures import image_bytes, plain
from tests.support.search_server import SearchServer
from tests.support.vision_server import VisionServer, flat_refusal, throttled
from tests.support.waiting import wait_for

TIMEOUT_S = 120
VISION_KEY = "canary-vision-0123456789abcdef"
SEARCH_KEY = "canary-search-0123456789abcdef"
FUNCTION_KEY = "canary-function-0123456789abcdef"
WRONG_KEY = "canary-wrong-0123456789abcdef"
FAKE_SIGNATURE = "canary%2Fsignature%3D"
TOKEN, COOKIE, PASSWORD, PERSON = "canary-token", "canary-cookie", "canary-pass", "canary-artist"
PLANTED = (VISION_KEY, SEARCH_KEY, FUNCTION_KEY, WRONG_KEY, TOKEN, COOKIE, PASSWORD, PERSON)
RED = image_bytes(plain(100, 80, "red"))
AS_TALKATIVE_AS_CAN_BE = """
import logging
logging.getLogger().setLevel(logging.DEBUG)
for _logger in ("azure", "msrest", "urllib3", "requests", "asyncio", "opentelemetry"):
    logging.getLogger(_logger).setLevel(logging.DEBUG)
"""


@dataclass
class Ran:
    """What was planted, and what came out: each output by what it is called."""

    secrets: list[str]
    outputs: dict[str, bytes] = field(default_factory=dict)

    def add(self, name: str, *outputs: bytes | str) -> None:
        data = b"\n".join(each.encode() if isinstance(each, str) else each for each in outputs)
        self.outputs[f"{len(self.outputs)} {name}"] = data


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    """Have the app and the terminal do all that they do; an account apart, to be searched whole."""
    folder = tmp_path_factory.mktemp("secrets")
    app_dir, own = folder / "app", folder / "own"
    own.mkdir()
    with (
        pytest.MonkeyPatch.context() as patch,
        Insights() as insights,
        VisionServer(key=VISION_KEY) as vision,
        SearchServer() as search,
        Azurite(folder / "storage") as azurite,
        azurite.blobs() as blobs,
        azurite.queues() as queues,
    ):
        patch.setattr(search_server, "KEY", SEARCH_KEY)
        settings = {
            **insights.settings,
            "MODEL_DIR": str(make_bundle(folder / "bundle")),
            "VISION_ENDPOINT": vision.url,
            "VISION_KEY": VISION_KEY,
            "VISION_TIMEOUT_SECONDS": "2",
            "AZURE_SEARCH_ENDPOINT": search.url,
            "AZURE_SEARCH_KEY": SEARCH_KEY,
            "SEARCH_DIR": str(own),
            "SOURCE_HTTP": "true",
            "SOURCE_TIMEOUT_SECONDS": "5",
            "TMPDIR": str(own),
        }
        pictures = blobs.create_container("pictures")
        pictures.upload_blob("attic/a.jpg", RED)
        pictures.upload_blob("attic/broken.jpg", b"\xff\xd8\xff")
        uris = signed(pictures)
        secrets = [*PLANTED, ACCOUNT_KEY, *(signature_of(each) for each in uris.values())]
        ran = Ran(secrets)
        arguments = ["--enforce-keys", "--keys", str(keys_file(folder))]
        talkative(app_dir)
        with running_app(azurite, settings, app_dir=app_dir, arguments=arguments) as app:
            images_that_land(app, vision)
            requests_that_are_sent(ran, app, vision, uris)
            commands_that_are_run(ran, app, uris, folder)
            jobs_have_ended(app)
            one_more_that_must_wait(app, vision)
            ran.add("messages", *messages(queues))
            app.host.stop()
            log = app.host.log
        assert " DEBUG" in log or "Request method" in log or "Response status" in log
        ran.add("log", log)
        ran.add("records and the like", *stored(blobs, except_for=("pictures", app)))
        ran.add("telemetry", json.dumps([insights.of(kind) for kind in KINDS]))
        ran.add("files", *(path.read_bytes() for path in own.rglob("*") if path.is_file()))
        yield ran


KINDS = ("Message", "Exception", "RemoteDependency", "Request", "Metric", "Event")


def signed(pictures: ContainerClient) -> dict[str, str]:
    gone = datetime.now(UTC) - timedelta(hours=1)
    return {
        "read": sas_uri(pictures, READ),
        "write": sas_uri(pictures, FULL, path="/attic"),
        "expired": sas_uri(pictures, READ, expiry=gone),
        "narrow": sas_uri(pictures, "r"),
        "image": sas_uri(pictures, path="/attic/a.jpg"),
        "missing": sas_uri(pictures, path="/none.jpg"),
        "forged": f"{pictures.url}?sv=2024-11-04&sr=c&sp=rl&se=2099-01-01&sig={FAKE_SIGNATURE}",
    }


def talkative(app_dir: Path) -> None:
    app_dir.mkdir()
    shutil.copy(REPOSITORY / "host.json", app_dir)
    code = (REPOSITORY / "function_app.py").read_text()
    (app_dir / "function_app.py").write_text(code + AS_TALKATIVE_AS_CAN_BE)


def keys_file(folder: Path) -> Path:
    path = folder / "keys.json"
    keys = {
        "masterKey": f"{FUNCTION_KEY}-master",
        "functionKeys": {"default": FUNCTION_KEY},
        "systemKeys": {"blobs_extension": f"{FUNCTION_KEY}-system"},
        "functions": {},
    }
    path.write_text(json.dumps(keys))
    return path


def images_that_land(app: App, vision: VisionServer) -> None:
    exif = Image.Exif()
    exif[0x013B] = PERSON
    landed = image_bytes(plain(90, 80, "green"), exif=exif)
    app.record("landed.jpg", app.drop("landed.jpg", landed))
    app.record("broken.jpg", app.drop("broken.jpg", b"\xff\xd8\xff"))
    # What a service says may quote the key that it got.
    vision.script(flat_refusal(401, "401", f"Access denied: {VISION_KEY}"))
    app.record("refused.jpg", app.drop("refused.jpg", image_bytes(plain(80, 80, "blue"))))


def one_more_that_must_wait(app: App, vision: VisionServer) -> None:
    vision.script(throttled(f"Too many requests by {VISION_KEY}", Retry_After="900"))
    app.record("busy.jpg", app.drop("busy.jpg", image_bytes(plain(70, 80, "navy"))))


def requests_that_are_sent(
    ran: Ran, app: App, vision: VisionServer, uris: Mapping[str, str]
) -> None:
    url = app.host.url
    with requests.Session() as client:
        client.headers = {
            "x-functions-key": FUNCTION_KEY,
            "Authorization": f"Bearer {TOKEN}",
            "Cookie": f"session={COOKIE}",
        }

        def send(method: str, path: str, **options: object) -> requests.Response:
            answer = client.request(method, f"{url}/{path}", timeout=TIMEOUT_S, **options)
            ran.add(f"{method} {path}", str(answer.headers), answer.content)
            return answer

        def ask(**asked: object) -> requests.Response:
            return send("POST", "api/caption", json=asked)

        answers = [ask(directory=uri) for uri in uris.values()]
        assert {each.status_code for each in answers} >= {200, 422}
        assert ask(directory=uris["write"], save=True).status_code == 200
        assert ask(urls=[*uris.values()]).status_code == 200
        for each in uris.values():
            ask(url=f"{each}&unknown=1", language="xx", name=each)
            ask(**{each[:60]: each})
            send("POST", "api/caption", data=each, headers={"content-type": "text/plain"})
            send("GET", f"api/captions/{quote(each, safe='')}")
            send("POST", "api/caption", files={"url": (each, RED)})
        send("POST", "api/jobs", json={"directory": uris["write"], "save": True})
        send("POST", "api/jobs", json={"directory": uris["read"], "save": uris["read"]})
        send("POST", "api/jobs", json={"directory": uris["forged"]})
        ask(directory=f"https://a.example/c?sr=c&sp=rl&sig={FAKE_SIGNATURE}")
        ask(url=f"https://user:{PASSWORD}@images.example/a.jpg")
        ask(url=f"http://127.0.0.1:1/a.jpg?token={TOKEN}")
        ask(url=f"https://nowhere.invalid/a.jpg?access_token={TOKEN}&key={WRONG_KEY}")
        send("POST", "api/caption", data=RED, params={"code": FUNCTION_KEY, "sig": WRONG_KEY})
        send("POST", "api/caption", data=b'{"url": "' + FAKE_SIGNATURE.encode())
        send("GET", "api/images", headers={"x-functions-key": WRONG_KEY})
        vision.script(flat_refusal(401, "401", f"Access denied: {VISION_KEY}"))
        send("POST", "api/caption", data=image_bytes(plain(60, 60, "lime")))
        send("PUT", "api/images/put.jpg", data=RED)
        for path in (
            *("api/images", "api/captions/landed.jpg", "api/thumbnails/landed.jpg"),
            *("api/health", "api/schema", "api/openapi.json", "api/docs", "api/jobs"),
            *(
                "api/search?q=red",
                "api/quality",
                "api/export?format=jsonl",
                "api/export?format=csv",
            ),
            *("", "api/captions/none.jpg", "api/jobs/none", f"api/images?code={FUNCTION_KEY}"),
        ):
            send("GET", path)


def commands_that_are_run(ran: Ran, app: App, uris: Mapping[str, str], folder: Path) -> None:
    (folder / "red.jpg").write_bytes(RED)
    (folder / "list.txt").write_text("\n".join(uris.values()))
    wrong = {"AzureWebJobsStorage": f"AccountKey={WRONG_KEY}"}
    where = ("--url", app.host.url, "--key", FUNCTION_KEY)
    results = str(folder / "own" / "results.ndjson")
    for arguments, settings in (
        (("caption", "--json", "red.jpg"), {}),
        (("caption", "none.jpg", uris["image"]), {}),
        (("upload", "red.jpg"), {}),
        (("search", "red"), wrong),
        (("search", "red"), {"AZURE_SEARCH_KEY": WRONG_KEY}),
        (("caption", "red.jpg"), {"VISION_KEY": f"{WRONG_KEY} and more"}),
        (("job", uris["read"], *where, "--output", results), {}),
        (("job", "list.txt", *where, "--follow"), {}),
        (("job", uris["read"], "--url", app.host.url, "--key", WRONG_KEY), {}),
        (("job", uris["read"], "--url", "http://127.0.0.1:1"), {}),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "captioner", *arguments],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY), **app.settings, **settings},
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        assert b"Traceback" not in done.stderr, done.stderr.decode()
        ran.add(" ".join(arguments[:1]), done.stdout, done.stderr)


def jobs_have_ended(app: App) -> None:
    headers = {"x-functions-key": FUNCTION_KEY}
    jobs = f"{app.host.url}/api/jobs"

    def ended() -> bool:
        told = requests.get(jobs, headers=headers, params={"limit": 100}, timeout=TIMEOUT_S).json()
        return all(each["state"] not in {"queued", "listing", "running"} for each in told["jobs"])

    wait_for(ended, "the end of all jobs", deadline_s=TIMEOUT_S)


def messages(queues: QueueServiceClient) -> Iterator[str]:
    for queue in queues.list_queues():
        for message in queues.get_queue_client(queue.name).peek_messages(max_messages=32):
            yield str(message.content)


def stored(blobs: BlobServiceClient, except_for: tuple[str, App]) -> Iterator[bytes]:
    """Give all that lies in storage but the images that people put there."""
    theirs, app = except_for
    for container in blobs.list_containers():
        client = blobs.get_container_client(container.name)
        for blob in client.list_blobs(include=["metadata"]):
            yield f"{blob.name} {blob.metadata}".encode()
            is_image = container.name in {theirs, app.settings["IMAGES_CONTAINER"]}
            if not is_image or blob.name.endswith(".json"):
                yield client.download_blob(blob.name).readall()


def forms_of(secret: str) -> set[bytes]:
    """Give a secret as it may be written: as it is, unquoted, quoted, and in JSON."""
    forms = {secret, unquote(secret), quote(secret, safe=""), quote(quote(secret, safe=""))}
    return {each.encode() for each in forms}


def test_what_was_planted_comes_out_nowhere(ran: Ran) -> None:
    found = [
        f"{name}: …{data[max(data.find(form) - 200, 0) : data.find(form) + 80]!r}"
        for name, data in ran.outputs.items()
        for secret in [*ran.secrets, FAKE_SIGNATURE]
        for form in forms_of(secret)
        if form in data
    ]
    assert found == [], "\n".join(found)


def test_the_search_would_find_something(ran: Ran) -> None:
    everything = b"".join(ran.outputs.values())
    assert len(ran.outputs) > 80
    for expected in (b"attic/a.jpg", b"landed.jpg", b"sas_expired", b"invalid_url", b"health"):
        assert expected in everything
