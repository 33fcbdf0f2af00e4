"""What Microsoft's own exporter sends while the app works: whole stories, and nothing personal."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from captioner.telemetry import Stage, names
from captioner.telemetry.images import pseudonym
from captioner.telemetry.names import Attribute
from scripts.azurite import ACCOUNT_KEY
from tests.support.app import App, running_app
from tests.support.azurite import Azurite
from tests.support.bundles import make_bundle
from tests.support.directories import picture, sas_uri, signature_of
from tests.support.insights import Insights
from tests.support.pictures import image_bytes, plain
from tests.support.vision_server import KEY, VisionServer, description, throttled
from tests.support.waiting import wait_for

TIMEOUT_S = 60
DEADLINE_S = 180.0
LANDED, SENT, THROTTLED, LISTED = (
    "people/Ada-landed-canary.png",
    "Ada-sent-canary.png",
    "people/Ada-throttled-canary.png",
    "Ada-listed-canary.png",
)
BROKEN, UNREADABLE = "people/Ada-broken-canary.png", "people/Ada-unreadable-canary.png"
CAPTION, ALT_TEXT, PERSON = "a canary sings of Ada", "Ada and her canary", "ada.canary@example.org"
CALLER = f"00-{'c' * 32}-{'d' * 16}-01"


@dataclass(frozen=True, slots=True)
class Told:
    """What was sent, and the secrets that must not be in it."""

    insights: Insights
    secrets: tuple[str, ...]

    @property
    def spans(self) -> list[dict[str, Any]]:
        return self.insights.of("RemoteDependency")

    def images(self, name: str) -> list[dict[str, Any]]:
        """Give the spans of one image, in the order in which they ended."""
        return [
            each
            for each in self.spans
            if each["name"] == names.IMAGE_SPAN
            and each["properties"][Attribute.IMAGE] == pseudonym(name)
        ]

    def below(self, span: dict[str, Any]) -> list[str]:
        return sorted(
            each["name"]
            for each in self.spans
            if each["tags"].get("ai.operation.parentId") == span["id"]
        )

    def metric(self, metric: names.Metric) -> list[dict[str, Any]]:
        """Give the points of a metric, as its dimensions with `value` and `count`."""
        return [
            {**each["properties"], "value": point["value"], "count": point.get("count")}
            for each in self.insights.of("Metric")
            for point in each["metrics"]
            if point["name"] == metric.name
        ]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """Have the app do all that it does, and end; an account apart, so that no other app helps."""
    folder = tmp_path_factory.mktemp("telemetry")
    with Insights() as insights, VisionServer() as vision, Azurite() as azurite:
        settings = {
            **insights.settings,
            "MODEL_DIR": str(make_bundle(folder / "bundle")),
            "VISION_ENDPOINT": vision.url,
            "VISION_KEY": KEY,
            "VISION_TIMEOUT_SECONDS": "2",
            "TMPDIR": str(folder),
        }
        with azurite.blobs() as blobs, running_app(azurite, settings) as app:
            container = blobs.create_container("canary-container")
            container.upload_blob(LISTED, picture(1))
            directory = sas_uri(container)
            sidecars = blobs.get_container_client(app.settings["CAPTIONS_CONTAINER"])
            sidecars.upload_blob(f"{UNREADABLE}.json", b"no record of a canary")
            _work(app, vision, directory)
            assert app.host.stop(deadline_s=DEADLINE_S) == 0
        yield Told(insights, (KEY, ACCOUNT_KEY, signature_of(directory), "canary-container"))


def _work(app: App, vision: VisionServer, directory: str) -> None:
    url = app.host.url
    vision.script(description((CAPTION, 0.9)))
    app.record(LANDED, app.drop(LANDED, image_bytes(plain(100, 80, "red"))))
    vision.script(throttled(Retry_After="2"), description((CAPTION, 0.8)))
    app.record(
        THROTTLED,
        app.drop(THROTTLED, image_bytes(plain(100, 80, "blue"))),
        lambda record: len(record.captions) == 2,
    )
    vision.script(description((CAPTION, 0.7)))
    answer = requests.post(
        f"{url}/api/caption",
        files={"file": (SENT, picture(2))},
        headers={"traceparent": CALLER},
        timeout=TIMEOUT_S,
    )
    assert answer.status_code == 200, answer.text
    vision.script(description((CAPTION, 0.6)))
    job = requests.post(f"{url}/api/jobs", json={"directory": directory}, timeout=TIMEOUT_S)
    assert job.status_code == 202, job.text
    where = f"{url}{job.headers['Location']}"
    wait_for(
        lambda: requests.get(where, timeout=TIMEOUT_S).json()["state"] == "done",
        "the end of the job",
        deadline_s=DEADLINE_S,
    )
    _publish(app)
    app.record(BROKEN, app.drop(BROKEN, b"no picture"))
    app.drop(UNREADABLE, picture(3))
    app.host.wait_for_log("Executed 'Functions.image_landed' (Failed")


def _publish(app: App) -> None:
    """Let a person write an alt text, and look for it."""
    known = requests.get(f"{app.host.url}/api/captions/{LANDED}", timeout=TIMEOUT_S)
    answer = requests.put(
        f"{app.host.url}/api/alt-text/{LANDED}",
        json={"text": ALT_TEXT},
        headers={"If-Match": known.headers["ETag"], "X-MS-CLIENT-PRINCIPAL-NAME": PERSON},
        timeout=TIMEOUT_S,
    )
    assert answer.status_code == 200, answer.text
    query = {"q": ALT_TEXT}
    found = requests.get(f"{app.host.url}/api/search", params=query, timeout=TIMEOUT_S)
    assert found.status_code == 200, found.text


def stages(*which: Stage) -> list[str]:
    return sorted(each.span for each in which)


def test_an_image_that_lands_is_one_span_with_all_its_stages(told: Told) -> None:
    (image,) = [
        each for each in told.images(LANDED) if each["properties"][Attribute.ORIGIN] == "event"
    ]

    assert image["properties"][Attribute.OUTCOME] == names.CAPTIONED
    assert image["success"] is True
    assert told.below(image) == stages(*Stage)
    assert image["tags"]["ai.operation.parentId"]  # the host's


def test_an_image_sent_over_http_is_in_its_callers_trace(told: Told) -> None:
    (image,) = told.images(SENT)

    assert image["tags"]["ai.operation.id"] == "c" * 32
    assert image["tags"]["ai.operation.parentId"] != "d" * 16  # the host's call is in between
    assert image["properties"][Attribute.ORIGIN] == "request"
    assert told.below(image) == stages(
        Stage.FETCH, Stage.DECODE, Stage.ENCODE, Stage.BEAM_SEARCH, Stage.VISION
    )


def test_a_retry_goes_on_in_the_trace_that_it_began_in(told: Told) -> None:
    first, *_, last = told.images(THROTTLED)

    assert (first["properties"][Attribute.ORIGIN], last["properties"][Attribute.ORIGIN]) == (
        "event",
        "retry",
    )
    assert first["properties"][Attribute.OUTCOME] == "vision_throttled"
    assert last["properties"][Attribute.OUTCOME] == names.CAPTIONED
    assert last["tags"]["ai.operation.id"] == first["tags"]["ai.operation.id"]
    assert last["tags"]["ai.operation.parentId"] == first["id"]
    assert "operation_Id" in last["properties"]["_MS.links"]
    # The own caption was kept, so that neither encoder nor decoder ran again.
    assert told.below(last) == stages(Stage.FETCH, Stage.DECODE, Stage.VISION, Stage.STORE)


def test_images_of_a_job_are_below_its_step_which_is_linked_to_who_sent_it(told: Told) -> None:
    (image,) = told.images(LISTED)
    steps = [each for each in told.spans if each["name"] == names.STEP_SPAN]

    (chunk,) = [each for each in steps if each["properties"][Attribute.STEP] == "chunk"]
    assert image["tags"]["ai.operation.parentId"] == chunk["id"]
    (sweep,) = [each for each in steps if each["properties"][Attribute.STEP] == "sweep"]
    assert sweep["id"] in chunk["properties"]["_MS.links"]
    assert len({each["properties"][Attribute.JOB] for each in steps}) == 1


def test_images_that_cannot_be_captioned_say_why(told: Told) -> None:
    (broken,) = told.images(BROKEN)
    unreadable = told.images(UNREADABLE)

    assert broken["properties"][Attribute.OUTCOME] == "unsupported_image"
    assert {each["properties"][Attribute.OUTCOME] for each in unreadable} == {"record_unreadable"}
    assert not any(each["success"] for each in unreadable)


def test_outcomes_confidences_retries_and_requests_are_counted(told: Told) -> None:
    outcomes = {
        (each[Attribute.ORIGIN], each[Attribute.OUTCOME]): each["value"]
        for each in told.metric(names.IMAGES)
    }
    assert outcomes["event", "vision_throttled"] == 1
    assert outcomes["event", "unsupported_image"] == 1
    assert outcomes["retry", names.CAPTIONED] == 1
    (vision,) = [
        each
        for each in told.metric(names.CONFIDENCE)
        if each[Attribute.CAPTIONER] == "azure-vision"
    ]
    assert vision["count"] == 4
    assert vision["value"] == pytest.approx(0.9 + 0.8 + 0.7 + 0.6)
    (retry,) = told.metric(names.RETRIES)
    assert (retry[Attribute.CODE], retry[Attribute.ATTEMPT], retry["value"]) == (
        "vision_throttled",
        "0",
        1,
    )
    asked = {each[Attribute.OUTCOME]: each["value"] for each in told.metric(names.VISION_REQUESTS)}
    assert asked == {names.OK: 4, "vision_throttled": 1}
    waits = {each[Attribute.QUEUE] for each in told.metric(names.QUEUE_WAIT)}
    assert waits == {"captioner-retry", "captioner-jobs", "captioner-job-lists"}


def test_everything_of_ours_is_told_with_the_model(told: Told) -> None:
    ours = [each for each in told.spans if each["name"].startswith(names.PREFIX)]
    points = [point for metric in names.METRICS for point in told.metric(metric)]

    assert ours
    assert all(each["properties"][Attribute.MODEL_VERSION] for each in ours)
    assert points
    assert all(point[Attribute.MODEL_VERSION] for point in points)


def test_logs_are_sent_within_the_traces_of_their_images(told: Told) -> None:
    (landed, *_) = told.images(LANDED)
    lines = [
        each
        for each in told.insights.of("Message")
        if each["properties"].get(Attribute.IMAGE) == pseudonym(LANDED)
    ]

    captioned = [each for each in lines if each["message"].startswith("Captioned ")]
    assert captioned[0]["message"] == f"Captioned {pseudonym(LANDED)}: …"
    assert landed["tags"]["ai.operation.id"] in {
        each["tags"]["ai.operation.id"] for each in captioned
    }


def test_an_exception_is_sent_by_its_code_and_place(told: Told) -> None:
    (fault, *_) = told.insights.of("Exception")

    (exception,) = fault["exceptions"]
    assert exception["typeName"] == "RecordUnreadable"
    assert exception["message"].endswith("record_unreadable")
    assert "get_record" in exception["stack"]


def test_no_library_tells_of_its_requests(told: Told) -> None:
    """Storage and HTTP clients would be told with whole URLs."""
    assert {each["name"] for each in told.spans} <= {*names.SPANS}
    assert not told.insights.of("Request")


def test_nothing_secret_or_personal_is_sent(told: Told) -> None:
    everything = "\n".join(told.insights.raw)

    assert "/QuickPulseService.svc/" in everything  # live metrics too
    canaries = (*told.secrets, CAPTION, ALT_TEXT, PERSON, "Ada", "canary", "a red picture")
    assert [each for each in canaries if each in everything] == []
