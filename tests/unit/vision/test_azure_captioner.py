"""The captioner with the real SDK, over HTTP, against a server that speaks the 3.2 protocol."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from msgspec import UNSET

from captioner.errors import (
    CaptionerError,
    LanguageUnsupported,
    VisionBadResponse,
    VisionRejected,
    VisionThrottled,
    VisionUnauthorized,
    VisionUnavailable,
)
from captioner.records import Alternative, Caption, ModelName, Tag
from captioner.vision.azure_captioner import AzureVisionCaptioner
from captioner.vision.throttle import Throttle
from tests.support.pictures import left_and_right, picture_of, plain
from tests.support.vision_server import (
    KEY,
    MODEL_VERSION,
    Answer,
    VisionServer,
    answer,
    description,
    flat_refusal,
    refusal,
    throttled,
)

BUDGET_S = 20.0


@pytest.fixture
def captioner_of(server, clock):
    """Make captioners of the server; by default time passes only when one of them waits."""

    def make(endpoint=server.url, key=KEY, *, real_time=False, **options):
        passing = {} if real_time else {"clock": clock, "sleep": clock.sleep}
        options = {"timeout_s": BUDGET_S, "language": "en", **options}
        throttle = options.pop("throttle", None) or Throttle(1000, **passing)
        return AzureVisionCaptioner(endpoint, key, throttle=throttle, **passing, **options)

    return make


@pytest.fixture
def captioner(captioner_of) -> AzureVisionCaptioner:
    return captioner_of()


@pytest.fixture
def picture():
    return picture_of(plain(200, 100, "red"))


def caption_of(captioner, picture) -> Caption:
    (caption,) = captioner.caption([picture])
    return caption


class TestAnswers:
    def test_a_caption_holds_what_the_service_said(self, captioner, server, picture):
        server.script(description(("a red wall", 0.83), tags=("red", "wall")))
        before = datetime.now(UTC) - timedelta(milliseconds=1)
        caption = caption_of(captioner, picture)
        assert caption.source == AzureVisionCaptioner.source == "azure-vision"
        assert (caption.text, caption.confidence) == ("a red wall", 0.83)
        assert caption.language == "en"
        assert caption.model == ModelName("computer-vision-3.2", MODEL_VERSION)
        assert caption.tags == (Tag("red", None), Tag("wall", None))
        assert caption.alternatives == ()
        assert len(caption.request_id) == 36
        assert before <= caption.created <= datetime.now(UTC)

    def test_pictures_are_captioned_in_order(self, captioner):
        colours = ["red", "blue", "green"]
        captions = captioner.caption([picture_of(plain(60, 60, colour)) for colour in colours])
        assert [caption.text for caption in captions] == [f"a {each} picture" for each in colours]

    def test_no_pictures_are_no_requests(self, captioner, server):
        assert captioner.caption([]) == []
        assert server.requests == []

    def test_the_request_is_the_published_one(self, captioner_of, server, picture):
        caption = caption_of(captioner_of(language="es"), picture)
        (seen,) = server.requests
        assert seen.path == "/vision/v3.2/describe"
        assert seen.query == {"maxCandidates": "1", "language": "es", "model-version": "latest"}
        assert seen.headers["Ocp-Apim-Subscription-Key"] == KEY
        assert seen.headers["Content-Type"] == "application/octet-stream"
        assert seen.body == picture.data
        assert caption.language == "es"

    def test_further_candidates_become_alternatives(self, captioner_of, server, picture):
        caption = caption_of(captioner_of(max_candidates=2), picture)
        assert caption.text == "a red picture"
        assert caption.alternatives == (Alternative("something red", 0.25),)
        assert server.requests[0].query["maxCandidates"] == "2"

    def test_a_call_has_its_own_language_and_alternatives(self, captioner_of, server, picture):
        captioner = captioner_of(language="en")
        (caption,) = captioner.caption([picture], language="zh", alternatives=1)
        assert caption.language == server.requests[0].query["language"] == "zh"
        assert server.requests[0].query["maxCandidates"] == "2"
        assert len(caption.alternatives) == 1

    def test_candidates_that_are_always_asked_for_are_not_fewer(
        self, captioner_of, server, picture
    ):
        captioner_of(max_candidates=3).caption([picture], alternatives=0)
        assert server.requests[0].query["maxCandidates"] == "3"

    @pytest.mark.parametrize("language", ["fr", "en-GB", "zh-Hant"])
    def test_a_language_that_it_lacks_is_not_asked_for(self, captioner, server, picture, language):
        with pytest.raises(LanguageUnsupported, match=f"'{language}'; ask for one of en, es"):
            captioner.caption([picture], language=language)
        assert server.requests == []

    def test_a_picture_beyond_the_limits_is_re_encoded(self, captioner, server):
        caption = caption_of(captioner, picture_of(left_and_right(30, 20, "red", "red"), "WEBP"))
        assert caption.text == "a red picture"
        assert server.requests[0].image.size == (76, 51)

    @pytest.mark.parametrize("confidence", ["null", "NaN", "-0.1", "87"])
    def test_a_confidence_that_is_none_stays_unknown(self, captioner, server, picture, confidence):
        caption = f'{{"text": "a", "confidence": {confidence}}}'
        server.script(Answer(body=f'{{"description": {{"captions": [{caption}]}}}}'.encode()))
        caption = caption_of(captioner, picture)
        assert caption.confidence is None
        assert msgspec.json.decode(msgspec.json.encode(caption), type=Caption) == caption

    def test_what_the_service_did_not_tell_stays_absent(self, captioner, server, picture):
        server.script(answer(200, {"description": {"captions": [{"text": "a wall"}]}}))
        caption = caption_of(captioner, picture)
        assert caption.confidence is None
        assert caption.tags is UNSET
        assert caption.request_id is UNSET
        assert caption.model.version == "latest"

    def test_other_scripts_arrive_intact(self, captioner, server, picture):
        server.script(description(("赤い壁", 0.5)))
        assert caption_of(captioner, picture).text == "赤い壁"

    @pytest.mark.parametrize("captions", [[], [{"text": ""}], [{"confidence": 0.5}]])
    def test_a_picture_the_service_has_no_words_for_is_not_tried_again(
        self, captioner, server, picture, captions
    ):
        server.script(answer(200, {"description": {"tags": [], "captions": captions}}))
        with pytest.raises(VisionRejected, match="nothing to describe"):
            captioner.caption([picture])
        assert len(server.requests) == 1

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"null",
            b"{}",
            b"[]",
            b"42",
            b'{"description": null}',
            b'{"description": {"tags": []}}',
            b'{"description": {"captions": "none"}}',
            b'{"description": {"captions": [17]}}',
            b'{"description":' * 50_000,
            b'{"description": {"capt',
            b"<html>Welcome to the hotel's network</html>",
            b"\xff\xfe\x00\x01",
        ],
    )
    @pytest.mark.parametrize("content_type", ["application/json", "text/html"])
    def test_garbage_is_a_bad_response(self, captioner, server, picture, body, content_type):
        server.script(Answer(body=body, headers={"Content-Type": content_type}))
        with pytest.raises(VisionBadResponse, match="VISION_ENDPOINT"):
            captioner.caption([picture])
        assert len(server.requests) == 1


class TestFaults:
    def test_a_wrong_key_is_unauthorized_and_not_tried_again(self, captioner_of, server, picture):
        with pytest.raises(VisionUnauthorized) as raised:
            captioner_of(key="another-key").caption([picture])
        assert "another-key" not in str(raised.value)
        assert len(server.requests) == 1

    def test_a_wrong_path_is_a_bad_response(self, captioner_of, server, picture):
        with pytest.raises(VisionBadResponse, match="VISION_ENDPOINT"):
            captioner_of(f"{server.url}/elsewhere").caption([picture])

    @pytest.mark.parametrize(
        "refused",
        [
            refusal(400, "InvalidRequest", "InvalidImageFormat"),
            refusal(400, "InvalidImageSize"),
            flat_refusal(415, "UnsupportedMediaType"),
        ],
    )
    def test_a_rejection_is_permanent_and_not_tried_again(
        self, captioner, server, picture, refused
    ):
        server.script(refused)
        with pytest.raises(VisionRejected):
            captioner.caption([picture])
        assert len(server.requests) == 1

    def test_an_unsupported_language_says_what_to_set(self, captioner_of, picture):
        with pytest.raises(VisionRejected, match="CAPTION_LANGUAGE"):
            captioner_of(language="fr").caption([picture])

    def test_a_redirect_never_carries_the_key_away(self, captioner, server, picture):
        with VisionServer() as elsewhere:
            server.script(
                answer(307, {}, Location=f"{elsewhere.url}/vision/v3.2/describe"),
                answer(302, {}, Location=f"{elsewhere.url}/vision/v3.2/describe"),
            )
            for _ in range(2):
                with pytest.raises(VisionBadResponse, match="HTTP 30"):
                    captioner.caption([picture])
            assert elsewhere.requests == []

    def test_an_error_echoing_the_key_does_not_leak_it(self, captioner, server, picture, caplog):
        caplog.set_level("INFO")
        server.script(*[flat_refusal(500, KEY, f"key {KEY} is bad")] * 20)
        with pytest.raises(CaptionerError) as raised:
            captioner.caption([picture])
        assert KEY not in str(raised.value)
        assert KEY not in caplog.text


class TestRetries:
    @pytest.mark.parametrize(
        "failed",
        [
            answer(500, {}),
            Answer(502, b"<html>"),
            Answer(503),
            Answer(429),
            refusal(400, "InvalidRequest", "Timeout"),
            throttled(),
            Answer(cut=0),
            Answer(body=b'{"description": {}}', cut=5),
        ],
        ids=["500", "502", "503", "429 empty", "timeout", "429", "closed", "cut short"],
    )
    def test_what_passes_is_tried_again(self, captioner, server, clock, picture, failed):
        server.script(failed, failed)
        assert caption_of(captioner, picture).text == "a red picture"
        assert len(server.requests) == 3
        first, second = clock.slept
        assert 0.25 <= first <= 0.5 <= second <= 1.0

    def test_every_try_sends_the_whole_picture(self, captioner, server, picture):
        server.script(answer(500, {}))
        captioner.caption([picture])
        assert [seen.body for seen in server.requests] == [picture.data] * 2

    @pytest.mark.parametrize(
        "busy",
        [
            throttled("Please retry after 7 seconds."),
            throttled(Retry_After="7"),
            answer(503, {}, Retry_After="7"),
        ],
        ids=["429 message", "429 header", "503 header"],
    )
    def test_the_service_decides_how_long_to_wait(self, captioner, server, clock, picture, busy):
        server.script(busy)
        captioner.caption([picture])
        assert clock.slept == [7]

    def test_an_invitation_to_hurry_is_declined(self, captioner, server, clock, picture):
        server.script(throttled(Retry_After="0"))
        captioner.caption([picture])
        assert clock.slept[0] >= 0.25

    def test_a_wait_beyond_the_budget_raises_at_once(self, captioner, server, clock, picture):
        server.script(throttled("Please retry after 55 seconds."))
        with pytest.raises(VisionThrottled) as raised:
            captioner.caption([picture])
        assert raised.value.retry_after == timedelta(seconds=55)
        assert clock.slept == []

    def test_a_busy_service_is_left_alone_by_all_that_share_the_throttle(
        self, captioner_of, server, clock, picture
    ):
        throttle = Throttle(1000, clock=clock, sleep=clock.sleep)
        server.script(throttled(Retry_After="55"))
        for _ in range(3):
            with pytest.raises(VisionThrottled) as raised:
                captioner_of(throttle=throttle).caption([picture])
            assert raised.value.retry_after == timedelta(seconds=55)
        assert len(server.requests) == 1
        clock.sleep(55)
        assert caption_of(captioner_of(throttle=throttle), picture).text == "a red picture"

    def test_tries_end_with_the_budget(self, captioner, server, clock, picture):
        server.script(*[answer(500, {})] * 100)
        with pytest.raises(VisionUnavailable) as raised:
            captioner.caption([picture])
        assert sum(clock.slept) <= BUDGET_S - 1
        assert raised.value.retry_after > timedelta(seconds=BUDGET_S - 1 - sum(clock.slept))
        assert 5 <= len(server.requests) <= 8

    def test_a_spent_request_budget_raises_without_a_request(
        self, captioner_of, server, clock, picture
    ):
        captioner = captioner_of(throttle=Throttle(1, clock=clock, sleep=clock.sleep))
        captioner.caption([picture])
        with pytest.raises(VisionThrottled) as raised:
            captioner.caption([picture])
        assert raised.value.retry_after == timedelta(seconds=60)
        assert len(server.requests) == 1

    def test_the_sdk_tries_nothing_by_itself(self, captioner_of, server, picture):
        captioner = captioner_of(timeout_s=0.5)
        for failed in (answer(503, {}, Retry_After="0"), answer(500, {}), Answer(cut=0)):
            server.script(failed)
            with pytest.raises(VisionUnavailable):
                captioner.caption([picture])
        assert len(server.requests) == 3

    def test_a_silent_service_is_waited_for_only_as_long_as_the_budget(
        self, captioner_of, server, picture
    ):
        server.script(Answer(silent=True))
        captioner = captioner_of(real_time=True, timeout_s=0.3)
        with ThreadPoolExecutor(1) as pool:
            fault = pool.submit(captioner.caption, [picture]).exception(timeout=30)
        assert type(fault) is VisionUnavailable
        assert "did not answer" in fault.message
        assert fault.retry_after is not None
        assert len(server.requests) == 1

    def test_a_service_that_is_not_there_is_unavailable(self, captioner_of, picture):
        with VisionServer() as gone:
            endpoint = gone.url
        with pytest.raises(VisionUnavailable, match="cannot be reached"):
            captioner_of(endpoint).caption([picture])


class TestSharing:
    def test_threads_share_captioner_and_connections(self, captioner, server):
        pictures = [picture_of(plain(60, 60, colour)) for colour in ("red", "blue") * 20]
        with ThreadPoolExecutor(4) as pool:
            captions = list(pool.map(lambda each: caption_of(captioner, each), pictures))
        assert [caption.text for caption in captions] == ["a red picture", "a blue picture"] * 20
        assert len({seen.client_port for seen in server.requests}) <= 4

    def test_a_new_thread_needs_no_new_connection(self, captioner, server, picture):
        for _ in range(3):
            with ThreadPoolExecutor(1) as pool:
                pool.submit(captioner.caption, [picture]).result()
        assert len({seen.client_port for seen in server.requests}) == 1

    def test_the_sdk_is_imported_only_by_a_captioner_that_is_made(self):
        code = (
            "import sys, captioner.vision.azure_captioner\n"
            "heavy = {'azure.cognitiveservices', 'azure.core', 'msrest', 'requests', 'urllib3'}\n"
            "sys.exit(', '.join(heavy & sys.modules.keys()) or 0)"
        )
        result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
        assert result.returncode == 0, result.stderr.decode()
