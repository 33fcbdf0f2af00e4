"""Jobs from their start to their end, step by step."""

import logging
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from azure.storage.blob import ContainerClient

from captioner.captioning import Options
from captioner.errors import (
    CaptionerNotConfigured,
    ContradictoryRequest,
    InvalidRequest,
    JobEnded,
    JobNotFound,
    ModelUnknown,
    SasExpired,
    SasMissing,
    SasRefused,
    SasTooNarrow,
    SaveRefused,
    VisionRejected,
    VisionThrottled,
)
from captioner.jobs import JobMessage, JobWorker
from captioner.jobs.messages import Chunk, List, Sweep
from captioner.ondemand import ManyUrls, OnDemand, OneDirectory, OneUrl
from captioner.records import AltText, CaptionRecord, ModelName, from_json, now
from captioner.sources import Directory
from tests.support.directories import FULL, fill, picture, sas_uri, signature_of
from tests.unit.jobs.conftest import Bench

HOUR = timedelta(hours=1)
LATER = datetime.now(UTC) + 2 * HOUR


def names_of(results):
    return [each.image for each in results]


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """List and caption few images in one step, so that small jobs have pages and chunks."""
    monkeypatch.setattr("captioner.jobs.pages.CHUNK_SIZE", 2)
    for module in ("lists", "directories", "backfill"):
        monkeypatch.setattr(f"captioner.jobs.{module}.PAGE_SIZE", 5)


@pytest.fixture
def expired(monkeypatch: pytest.MonkeyPatch):
    """Let the shared access signatures that hold one of these texts be expired."""
    texts: list[str] = []

    def checked(method):
        def call(self: Directory, *arguments, **options):
            if any(text in self.place.sas.query for text in texts):
                raise SasExpired("The shared access signature expired; make a new one.")
            return method(self, *arguments, **options)

        return call

    for name in ("page", "fetch", "get_record", "put_record"):
        monkeypatch.setattr(Directory, name, checked(getattr(Directory, name)))
    return texts


class TestDirectories:
    def test_every_image_has_one_result(self, bench: Bench, container: ContainerClient):
        names = fill(container, 8, corrupt=3)
        job = bench.start(directory=sas_uri(container))
        bench.run()

        results = bench.results(job)
        assert names_of(results) == names
        assert [each.status for each in results] == ["done"] * 8 + ["failed"] * 3
        assert results[0].record.captions[0].text == "own words"
        assert results[-1].problem.code == "corrupt_image"
        assert bench.counts(job) == {"found": 11, "done": 8, "failed": 3}
        assert bench.status(job).state == "done"

    def test_before_it_is_listed_it_is_listing(self, bench: Bench, container: ContainerClient):
        fill(container, 1)
        uri = sas_uri(container)
        status = bench.jobs.status(bench.start(directory=uri))
        assert (status.state, status.counts.found, status.rate) == ("listing", 0, None)
        assert status.directory == uri.partition("?")[0] + "/"

    def test_a_directory_in_a_container(self, bench: Bench, container: ContainerClient):
        container.upload_blob("attic/a.png", picture(1))
        container.upload_blob("cellar/b.png", picture(2))
        job = bench.start(directory=sas_uri(container, path="/attic"))
        bench.run()
        assert names_of(bench.results(job)) == ["attic/a.png"]

    def test_an_empty_one_is_done_at_once(self, bench: Bench, container: ContainerClient):
        job = bench.start(directory=sas_uri(container))
        bench.run()
        assert (bench.status(job).state, bench.results(job)) == ("done", [])

    @pytest.mark.parametrize("twice", [False, True])
    def test_every_step_may_come_twice(self, bench: Bench, container: ContainerClient, twice):
        names = fill(container, 11)
        job = bench.start(directory=sas_uri(container))
        bench.run(twice=twice)

        assert names_of(bench.results(job)) == names
        assert sum(map(len, bench.own.batches)) == 11
        assert bench.counts(job) == {"found": 11, "done": 11}

    @pytest.mark.parametrize("call", range(1, 50, 6))
    def test_a_step_may_break_off_anywhere(self, bench: Bench, container: ContainerClient, call):
        names = fill(container, 6)
        job = bench.start(directory=sas_uri(container))
        bench.documents.fails_at = call
        bench.run()
        assert bench.documents.fails_at < 0

        assert names_of(bench.results(job)) == names
        assert bench.counts(job) == {"found": 6, "done": 6}
        assert (bench.status(job).state, bench.secrets(job)) == ("done", 0)

    def test_one_that_broke_off_while_it_began_is_begun_later(
        self, bench: Bench, container: ContainerClient
    ):
        fill(container, 1)
        job = bench.start(directory=sas_uri(container))
        del bench.queue.waiting[1:]
        bench.later()
        bench.run()
        assert bench.status(job).state == "done"

    def test_one_that_never_came_about_leaves_no_secret(
        self, bench: Bench, container: ContainerClient
    ):
        bench.documents.fails_at = 2
        with pytest.raises(Exception, match="busy"):
            bench.start(directory=sas_uri(container))
        assert bench.secrets("") == 1
        bench.later()
        bench.run()
        assert bench.secrets("") == 0

    def test_a_chunk_that_the_platform_gives_up_on_has_problems(
        self, bench: Bench, container: ContainerClient, monkeypatch
    ):
        names = fill(container, 4)
        caption = OnDemand.caption

        def broken(self: OnDemand, wanted, *asked, **options):
            if names[3] in {each.facts.name for each in wanted}:
                raise ZeroDivisionError
            return caption(self, wanted, *asked, **options)

        monkeypatch.setattr(OnDemand, "caption", broken)
        job = bench.start(directory=sas_uri(container))
        bench.run()

        results = bench.results(job)
        assert names_of(results) == names
        assert [each.status for each in results] == ["done", "done", "failed", "failed"]
        assert {each.problem.code for each in results[2:]} == {"captioning_failed"}
        assert bench.status(job).state == "done"

    def test_what_nobody_foresaw_of_one_image_costs_no_other(
        self, bench: Bench, container: ContainerClient, monkeypatch
    ):
        names = fill(container, 2)
        fetch = Directory.fetch

        def broken(self: Directory, name: str):
            return fetch(self, name) if name == names[0] else 1 / 0

        monkeypatch.setattr(Directory, "fetch", broken)
        job = bench.start(directory=sas_uri(container))
        for _ in range(4):
            bench.run()
            bench.later()
        results = bench.results(job)
        assert [each.status for each in results] == ["done", "failed"]
        assert results[1].problem.code == "internal_error"

    def test_listing_that_is_given_up_is_tried_later_and_ends_at_last(
        self, bench: Bench, container: ContainerClient, monkeypatch
    ):
        fill(container, 1)
        job = bench.start(directory=sas_uri(container))
        monkeypatch.setattr(Directory, "page", lambda *_, **__: 1 / 0)
        waits = []
        for _ in range(5):
            bench.run()
            waits += [delay for _, delay in bench.queue.waiting if delay < 3 * HOUR]
            bench.later()
        status = bench.status(job)
        assert len(set(waits)) >= 4
        assert (status.state, status.problems[0].code) == ("failed", "captioning_failed")
        assert bench.secrets(job) == 0

    def test_a_container_that_goes_away_ends_it(self, bench: Bench, container: ContainerClient):
        fill(container, 1)
        job = bench.start(directory=sas_uri(container))
        container.delete_container()
        bench.run()
        status = bench.status(job)
        assert (status.state, status.problems[0].code) == ("failed", "nothing_there")

    @pytest.mark.parametrize(
        ("uri", "fault"),
        [
            (lambda container: str(container.url), SasMissing),
            (lambda container: sas_uri(container, "r"), SasTooNarrow),
            (lambda container: sas_uri(container, expiry=LATER - 3 * HOUR), SasExpired),
            (lambda container: sas_uri(container).replace("pictures-", "none-"), Exception),
        ],
    )
    def test_what_cannot_be_opened_is_told_at_once(
        self, bench: Bench, container: ContainerClient, uri, fault
    ):
        with pytest.raises(fault):
            bench.start(directory=uri(container))
        assert bench.jobs.newest(None, 10).jobs == ()


class TestWaiting:
    def test_images_wait_while_vision_is_throttled(self, bench: Bench, container: ContainerClient):
        names = fill(container, 3, corrupt=1)
        bench.vision.fault = VisionThrottled("Too many.", retry_after=timedelta(seconds=40))
        job = bench.start(directory=sas_uri(container))
        bench.run()
        assert bench.counts(job) == {"found": 4, "failed": 1, "waiting": 3}
        assert names_of(bench.results(job)) == names[3:]

        bench.vision.fault = None
        assert timedelta(seconds=40) in bench.later()
        bench.run()
        results = bench.results(job)
        assert names_of(results) == [names[3], *names[:3]]
        assert all(len(each.record.captions) == 2 for each in results[1:])
        assert bench.status(job).state == "done"

    def test_they_do_not_wait_for_ever(self, bench: Bench, container: ContainerClient):
        names = fill(container, 2)
        bench.vision.fault = VisionThrottled("Too many.")
        job = bench.start(directory=sas_uri(container))
        for _ in range(4):
            assert bench.status(job).state != "done"
            bench.run()
            bench.later()
        results = bench.results(job)
        assert names_of(results) == names
        assert [each.record.problems[0].code for each in results] == ["vision_throttled"] * 2
        assert bench.counts(job) == {"found": 2, "done": 2}

    def test_a_second_round_may_come_twice(self, bench: Bench, container: ContainerClient):
        fill(container, 3)
        bench.vision.fault = VisionThrottled("Too many.")
        job = bench.start(directory=sas_uri(container))
        bench.run(twice=True)
        bench.vision.fault = None
        bench.later()
        bench.run(twice=True)
        assert len(bench.results(job)) == bench.status(job).counts.done == 3


class TestAccess:
    def test_an_expired_signature_pauses_it_and_a_new_one_resumes_it(
        self, bench: Bench, container: ContainerClient, expired
    ):
        names = fill(container, 11)
        uri = sas_uri(container)
        job = bench.start(directory=uri)
        while len(bench.results(job)) < 4:
            bench.do(bench.queue.waiting.pop(1)[0])
        expired.append(signature_of(uri))
        bench.run()
        paused = bench.status(job)
        assert paused.state == "paused"
        assert [each.code for each in paused.problems] == ["sas_expired"]
        assert 0 < paused.counts.done < 11
        assert bench.queue.waiting == bench.queue.waiting[:1]  # nothing keeps asking

        status = bench.jobs.renew(job, sas_uri(container, expiry=LATER))
        assert (status.state in {"listing", "running"}, status.problems) == (True, ())
        bench.run()
        assert bench.status(job).state == "done"
        assert names_of(bench.results(job)) == names
        assert sum(map(len, bench.own.batches)) == 11

    def test_it_may_be_renewed_in_time(self, bench: Bench, container: ContainerClient, expired):
        names = fill(container, 4)
        uri = sas_uri(container)
        job = bench.start(directory=uri)
        bench.do(bench.queue.waiting.pop(1)[0])
        bench.jobs.renew(job, sas_uri(container, expiry=LATER))
        expired.append(signature_of(uri))
        bench.run()
        assert (bench.status(job).state, names_of(bench.results(job))) == ("done", names)

    def test_whether_records_are_saved_is_told_anew(self, bench: Bench, container: ContainerClient):
        fill(container, 2)
        job = bench.start(directory=sas_uri(container, FULL), save=True)
        narrower = bench.jobs.renew(job, sas_uri(container, expiry=LATER))
        assert [each.code for each in narrower.problems] == ["sas_too_narrow"]
        assert "are not saved" in narrower.problems[0].message
        wider = bench.jobs.renew(job, sas_uri(container, FULL, expiry=LATER))
        assert "before this renewal was not saved" in wider.problems[0].message
        bench.run()
        assert bench.counts(job) == {"found": 2, "done": 2}
        assert len(list(container.list_blobs())) == 4

    def test_only_the_same_directory_renews_it(
        self, bench: Bench, container: ContainerClient, blobs, unique_name
    ):
        job = bench.start(directory=sas_uri(container))
        other = blobs.create_container(unique_name("other"))
        with pytest.raises(ContradictoryRequest, match="over http"):
            bench.jobs.renew(job, sas_uri(other))
        with pytest.raises(ContradictoryRequest):
            bench.jobs.renew(job, sas_uri(container, path="/attic"))

    def test_what_has_ended_is_not_renewed(self, bench: Bench, container: ContainerClient):
        job = bench.start(directory=sas_uri(container))
        bench.run()
        with pytest.raises(JobEnded):
            bench.jobs.renew(job, sas_uri(container))
        assert bench.secrets(job) == 0

    def test_one_blob_that_is_refused_is_no_reason_to_pause(
        self, bench: Bench, container: ContainerClient, monkeypatch
    ):
        names = fill(container, 3)
        fetch = Directory.fetch

        def refused(self: Directory, name: str):
            if name == names[1]:
                raise SasRefused("The storage account refused the image (status 409).")
            return fetch(self, name)

        monkeypatch.setattr(Directory, "fetch", refused)
        job = bench.start(directory=sas_uri(container))
        bench.run()
        assert [each.status for each in bench.results(job)] == ["done", "failed", "done"]

    def test_the_secret_is_nowhere_but_in_one_document(
        self, bench: Bench, container: ContainerClient, caplog
    ):
        caplog.set_level(logging.DEBUG)
        fill(container, 5, corrupt=1)
        uri = sas_uri(container, FULL)
        signature = signature_of(uri)
        url = f"{container.url}/0000.png?{uri.partition('?')[2]}"
        first = bench.start(directory=uri, save=True)
        second = bench.start(urls=[url, url.replace("0000", "none"), f"htp:{url}", f"\\{url}"])
        bench.run()
        bench.later()
        bench.run()

        assert bench.secrets("") == 0
        told = [str(bench.queue.sent), str(bench.status(first)), str(bench.status(second))]
        told += [str(bench.results(first)), str(bench.results(second)), caplog.text]
        told += [
            bench.documents.read(each.name).data.decode() for each in bench.documents.every("")
        ]
        told += [container.download_blob(f"{n:04}.png.json").readall().decode() for n in range(6)]
        assert len(bench.results(second)) == 4
        assert not [text for text in told if signature in text or "sig=" in text]

    @pytest.mark.parametrize(
        "request_",
        [
            OneDirectory(directory="https://a?sig=secret", force=True),
            ManyUrls(urls=("https://a?sig=secret",)),
            OneUrl(url="https://a?sig=secret"),
        ],
        ids=type,
    )
    def test_requests_do_not_show_theirs(self, request_):
        assert "secret" not in repr(request_)


class TestSaving:
    def record(self, container: ContainerClient, name: str) -> CaptionRecord:
        return from_json(container.download_blob(f"{name}.json").readall())

    def test_records_are_written_beside_the_images(self, bench: Bench, container: ContainerClient):
        names = fill(container, 2, corrupt=1)
        job = bench.start(directory=sas_uri(container, FULL), save=True)
        bench.run()
        results = bench.results(job)
        assert [self.record(container, name) for name in names[:2]] == [
            each.record for each in results[:2]
        ]
        assert self.record(container, names[2]).problems[0].code == "corrupt_image"

    def test_they_are_none_of_our_catalogues(self, bench: Bench, container: ContainerClient):
        fill(container, 2)
        uri = sas_uri(container, FULL)
        for force in (False, True):
            job = bench.start(directory=uri, save=True, force=force)
            bench.run()
            assert bench.counts(job) == {"found": 2, "done": 2}
        bench.store.put_image("ours.png", picture(1))
        bench.start(backfill=True)
        bench.run()
        assert bench.told() == ["ours.png"]

    def test_what_has_a_record_is_skipped(self, bench: Bench, container: ContainerClient):
        names = fill(container, 3)
        uri = sas_uri(container, FULL)
        bench.start(directory=uri, save=True)
        bench.run()
        container.upload_blob(names[1], picture(77), overwrite=True)
        again = bench.start(directory=uri, save=True)
        bench.run()
        assert [each.status for each in bench.results(again)] == ["skipped", "done", "skipped"]
        assert bench.counts(again) == {"found": 3, "done": 1, "skipped": 2}
        assert sum(map(len, bench.own.batches)) == 4

    def test_what_failed_for_good_fails_again_with_its_problem(
        self, bench: Bench, container: ContainerClient
    ):
        container.upload_blob("a.png", b"no image")
        for _ in range(2):
            job = bench.start(directory=sas_uri(container, FULL), save=True)
            bench.run()
            (result,) = bench.results(job)
            assert (result.status, result.problem.code) == ("failed", "unsupported_image")

    def test_a_captioner_that_there_is_not_is_told_every_time(
        self, bench: Bench, container: ContainerClient, monkeypatch
    ):
        (name,) = fill(container, 1)
        monkeypatch.setattr(bench.jobs._captioning, "_lanes", [bench.jobs._captioning._own])
        for _ in range(2):
            job = bench.start(
                directory=sas_uri(container, FULL), save=True, captioners=["azure-vision"]
            )
            bench.run()
            (result,) = bench.results(job)
            assert (result.status, result.problem.code) == ("failed", "captioner_not_configured")
            assert [blob.name for blob in container.list_blobs()] == [name]

    def test_force_captions_all_the_same_and_keeps_what_people_wrote(
        self, bench: Bench, container: ContainerClient
    ):
        (name,) = fill(container, 1)
        uri = sas_uri(container, FULL)
        bench.start(directory=uri, save=True)
        bench.run()
        record = self.record(container, name)
        human = AltText("Ours", "person", "edited", by="A. Person", updated=now())
        edited = msgspec.structs.replace(record, alt_text=human)
        container.upload_blob(f"{name}.json", msgspec.json.encode(edited), overwrite=True)
        bench.own.text = "other words"

        job = bench.start(directory=uri, save=True, force=True)
        bench.run(twice=True)
        saved = self.record(container, name)
        assert (saved.captions[0].text, saved.alt_text) == ("other words", human)
        assert [each.status for each in bench.results(job)] == ["done"]

    def test_what_this_job_saved_before_a_crash_is_its_own(
        self, bench: Bench, container: ContainerClient, monkeypatch
    ):
        fill(container, 3)
        job = bench.start(directory=sas_uri(container, FULL), save=True)
        with monkeypatch.context() as crashing:
            crashing.setattr(JobWorker, "_write", lambda *_, **__: 1 / 0)
            for _ in range(3):
                message, _ = bench.queue.waiting.pop(1)
                with suppress(ZeroDivisionError):
                    bench.worker.do(message)
        bench.worker.do(message)
        bench.run()
        assert [each.status for each in bench.results(job)] == ["done"] * 3
        assert sum(map(len, bench.own.batches)) == 3

    def test_where_the_signature_does_not_allow_it_this_is_told(
        self, bench: Bench, container: ContainerClient
    ):
        fill(container, 1)
        job = bench.start(directory=sas_uri(container), save=True)
        bench.run()
        status = bench.status(job)
        assert (status.state, status.problems[0].code) == ("done", "sas_too_narrow")
        assert [blob.name for blob in container.list_blobs()] == ["0000.png"]

    def test_what_is_no_record_is_left_alone(self, bench: Bench, container: ContainerClient):
        fill(container, 1)
        container.upload_blob("0000.png.json", b"{}")
        job = bench.start(directory=sas_uri(container, FULL), save=True)
        bench.run()
        (result,) = bench.results(job)
        assert result.status == "done"
        assert [each.code for each in result.record.problems] == ["record_unreadable"]
        assert container.download_blob("0000.png.json").readall() == b"{}"

    def test_never_among_our_own_images(self, bench: Bench, blobs):
        ours = blobs.get_container_client(bench.store.images_container)
        with pytest.raises(SaveRefused, match="backfill"):
            bench.start(directory=sas_uri(ours, FULL), save=True)
        with pytest.raises(SaveRefused, match="backfill"):
            bench.start(directory=sas_uri(ours, FULL, path="/attic"), save=True)
        assert bench.start(directory=sas_uri(ours))

    def test_what_failed_for_a_passing_reason_is_completed_without_the_rest_made_again(
        self, bench: Bench, container: ContainerClient
    ):
        (name,) = fill(container, 1)
        bench.vision.fault = VisionThrottled("Too many.", retry_after=timedelta(seconds=40))
        job = bench.start(directory=sas_uri(container, FULL), save=True, force=True)
        bench.run()
        assert self.record(container, name).problems[0].code == "vision_throttled"
        assert bench.counts(job) == {"found": 1, "waiting": 1}

        bench.vision.fault = None
        bench.later()
        bench.run()
        (result,) = bench.results(job)
        assert [each.source for each in result.record.captions] == ["onnx", "azure-vision"]
        assert self.record(container, name) == result.record
        assert sum(map(len, bench.own.batches)) == 1

    def test_a_signature_that_may_not_replace_records_is_a_problem_and_no_reason_to_pause(
        self, bench: Bench, container: ContainerClient
    ):
        (name,) = fill(container, 1)
        bench.start(directory=sas_uri(container, FULL), save=True)
        bench.run()
        before = self.record(container, name)

        job = bench.start(directory=sas_uri(container, "rlc"), save=True, force=True)
        bench.run()
        (result,) = bench.results(job)
        assert [(each.source, each.code) for each in result.record.problems] == [
            ("save", "sas_too_narrow")
        ]
        assert (bench.status(job).state, self.record(container, name)) == ("done", before)

    def test_one_that_expires_before_records_are_saved_pauses_it(
        self, bench: Bench, container: ContainerClient, expired
    ):
        names = fill(container, 2)
        uri = sas_uri(container, FULL)
        caption = bench.own.caption

        def late(pictures, **options):
            expired.append(signature_of(uri))
            return caption(pictures, **options)

        bench.own.caption = late
        job = bench.start(directory=uri, save=True)
        bench.run()
        assert (bench.status(job).state, bench.results(job)) == ("paused", [])

        bench.own.caption = caption
        bench.jobs.renew(job, sas_uri(container, FULL, expiry=LATER))
        bench.run()
        assert names_of(bench.results(job)) == names
        assert all(self.record(container, name).captions for name in names)


class TestOptions:
    def test_only_the_captioners_that_are_asked_caption(
        self, bench: Bench, container: ContainerClient
    ):
        fill(container, 3)
        uri = sas_uri(container)
        url = f"{container.url}/0000.png?{uri.partition('?')[2]}"
        jobs = [
            bench.start(directory=uri, captioners=["onnx"]),
            bench.start(urls=[url], captioners=["onnx"]),
        ]
        bench.run()
        for job in jobs:
            results = bench.results(job)
            assert {each.source for one in results for each in one.record.captions} == {"onnx"}
        assert bench.vision.batches == []

    def test_a_language_that_a_captioner_lacks_is_a_problem_in_each_record(
        self, bench: Bench, container: ContainerClient
    ):
        fill(container, 3)
        job = bench.start(directory=sas_uri(container), language="es", alternatives=1)
        bench.run()
        results = bench.results(job)
        assert [[each.language for each in one.record.captions] for one in results] == [["es"]] * 3
        assert [[(each.source, each.code) for each in one.record.problems] for one in results] == [
            [("onnx", "language_unsupported")]
        ] * 3
        assert bench.status(job).options == Options(language="es", alternatives=1)

    def test_what_another_language_is_asked_for_does_not_last(
        self, bench: Bench, container: ContainerClient
    ):
        (name,) = fill(container, 1)
        uri = sas_uri(container, FULL)
        bench.start(directory=uri, save=True, language="es")
        bench.run()
        assert from_json(container.download_blob(f"{name}.json").readall()).problems == ()
        job = bench.start(directory=uri, save=True)
        bench.run()
        (result,) = bench.results(job)
        assert sorted(each.source for each in result.record.captions) == ["azure-vision", "onnx"]


class TestLists:
    def test_results_come_in_the_order_of_the_list(self, bench: Bench, container: ContainerClient):
        fill(container, 5)
        sas = sas_uri(container).partition("?")[2]
        urls = [f"{container.url}/{number % 5:04}.png?{sas}" for number in range(12)]
        urls[3] = "https://127.0.0.1/x.png"
        urls[10] = "no URL\nat all"
        job = bench.start(urls=urls)
        bench.run()
        results = bench.results(job)
        assert [each.index for each in results] == list(range(12))
        assert {each.index: each.problem.code for each in results if each.status == "failed"} == {
            3: "blocked_address",
            10: "invalid_url",
        }
        assert results[4].image == f"{container.url}/0004.png"
        assert results[10].image == "urls[10]"  # what cannot be read may hold a secret
        assert bench.secrets(job) == 0

    def test_a_host_that_does_not_answer_is_asked_again(
        self, bench: Bench, container: ContainerClient, azurite
    ):
        job = bench.start(urls=["https://nowhere.invalid/a.jpg"])
        bench.run()
        assert bench.counts(job) == {"found": 1, "waiting": 1}
        for _ in range(3):
            bench.later()
            bench.run()
        assert [each.problem.code for each in bench.results(job)] == ["host_not_found"]

    def test_a_hundred_thousand_lie_in_storage_and_not_in_messages(self, bench: Bench):
        job = bench.start(urls=[f"https://example.org/{n}.jpg" for n in range(100_000)])
        for _ in range(3):
            bench.do(bench.queue.waiting.pop(1)[0])
        assert bench.status(job).counts.found > 0
        assert all(len(msgspec.json.encode(message)) < 200 for message, _ in bench.queue.sent)
        bench.jobs.cancel(job)


def written_by(bench: Bench, name: str, model: ModelName) -> tuple[CaptionRecord, str]:
    """Give an image's record as if this model had made its own caption, and its ETag."""
    record, etag = bench.store.get_record(name)
    own = msgspec.structs.replace(record.captions[0], model=model)
    return msgspec.structs.replace(record, captions=(own,)), etag


class TestBackfill:
    def test_what_lacks_a_record_gets_one(self, bench: Bench):
        for number in range(7):
            bench.store.put_image(f"{number}.png", picture(number))
        bench.worker._origins["backfill"]._events.landed(bench.store.images_container, "3.png")
        job = bench.start(backfill=True)
        bench.run()
        assert bench.counts(job) == {"found": 7, "done": 6, "skipped": 1}
        results = bench.results(job)
        assert [each.record for each in results] == [
            bench.store.get_record(each.image)[0] for each in results
        ]
        again = bench.start(backfill=True)
        bench.run()
        assert bench.counts(again) == {"found": 7, "skipped": 7}

    def test_the_catalogue_is_told_of_each_record_and_not_again_while_it_stays(self, bench: Bench):
        names = [f"{number}.png" for number in range(7)]
        for number, name in enumerate(names):
            bench.store.put_image(name, picture(number))
        for _ in range(2):
            bench.start(backfill=True)
            bench.run(twice=True)
            assert sorted(bench.told()) == names
        bench.start(backfill=True, force=True)
        bench.run()
        assert sorted(bench.told()) == sorted(names * 2)

    def test_force_captions_anew_and_keeps_what_people_wrote(self, bench: Bench):
        bench.store.put_image("a.png", picture(1))
        bench.start(backfill=True)
        bench.run()
        record, etag = bench.store.get_record("a.png")
        human = AltText("Ours", "person", "edited", by="A. Person", updated=now())
        bench.store.put_record(msgspec.structs.replace(record, alt_text=human), etag)
        bench.own.text = "other words"

        job = bench.start(backfill=True, force=True)
        bench.run(twice=True)
        record, _ = bench.store.get_record("a.png")
        assert (record.captions[0].text, record.alt_text) == ("other words", human)
        assert bench.counts(job) == {"found": 1, "done": 1}

    def test_it_asks_the_captioners_that_are_named_and_keeps_what_others_said(self, bench: Bench):
        bench.store.put_image("a.png", picture(1))
        bench.start(backfill=True)
        bench.run()
        bench.own.text, bench.vision.text = "other words", "their other words"

        job = bench.start(backfill=True, captioners=["onnx"], force=True)
        bench.run()
        record, _ = bench.store.get_record("a.png")
        assert [each.text for each in record.captions] == ["other words", "their words"]
        assert [each.record for each in bench.results(job)] == [record]

    def test_force_keeps_the_caption_of_whoever_fails(self, bench: Bench):
        bench.store.put_image("a.png", picture(1))
        bench.start(backfill=True)
        bench.run()
        bench.own.text, bench.vision.fault = "other words", VisionRejected("Never.")

        job = bench.start(backfill=True, force=True)
        bench.run(twice=True)
        (result,) = bench.results(job)
        assert [each.text for each in result.record.captions] == ["other words", "their words"]
        assert [each.code for each in result.record.problems] == ["vision_rejected"]

    def test_a_captioner_that_there_is_not_is_told_at_once(self, bench: Bench, monkeypatch):
        monkeypatch.setattr(type(bench.jobs._captioning), "sources", ["onnx"])
        with pytest.raises(CaptionerNotConfigured, match="'azure-vision' is not set up"):
            bench.start(backfill=True, captioners=["azure-vision"])
        assert bench.jobs.newest(None, 10).jobs == ()

    def test_what_an_older_version_captioned_is_captioned_anew(self, bench: Bench):
        bench.own.model = ModelName("scripted", "3")
        for name in ("a.png", "b.png", "c.png"):
            bench.store.put_image(name, picture(1))
        bench.start(backfill=True, captioners=["onnx"])
        bench.run()
        record, etag = written_by(bench, "a.png", ModelName("another", "3"))
        human = AltText("Ours", "person", "edited", by="A. Person", updated=now())
        bench.store.put_record(msgspec.structs.replace(record, alt_text=human), etag)
        bench.store.put_record(*written_by(bench, "b.png", ModelName("scripted", "2")))
        bench.own.text = "newest words"

        job = bench.start(backfill=True, model_older_than="scripted/3")
        bench.run(twice=True)
        assert bench.counts(job) == {"found": 3, "done": 2, "skipped": 1}
        told = {each.image: each.record for each in bench.results(job)}
        assert [told[name].captions[0].model.version for name in sorted(told)] == ["3"] * 3
        assert told["a.png"].alt_text == human
        assert told["c.png"].captions[0].text == "own words"
        assert bench.vision.batches == []
        again = bench.start(backfill=True, model_older_than="scripted/3")
        bench.run()
        assert bench.counts(again) == {"found": 3, "skipped": 3}

    def test_what_was_captioned_after_a_moment_is_left_alone(self, bench: Bench):
        bench.own.model = ModelName("scripted", "1")
        for name in ("a.png", "b.png"):
            bench.store.put_image(name, picture(1))
        bench.start(backfill=True, captioners=["onnx"])
        bench.run()
        record, etag = written_by(bench, "a.png", ModelName("scripted", "0"))
        old = msgspec.structs.replace(record.captions[0], created=datetime(2026, 1, 1, tzinfo=UTC))
        bench.store.put_record(msgspec.structs.replace(record, captions=(old,)), etag)
        bench.own.model = ModelName("scripted", "2")

        job = bench.start(backfill=True, model_older_than="2026-02-01")
        bench.run()
        assert bench.counts(job) == {"found": 2, "done": 1, "skipped": 1}
        told = {each.image: each.record.captions[0].model.version for each in bench.results(job)}
        assert told == {"a.png": "2", "b.png": "1"}

    def test_what_has_no_record_is_captioned_too(self, bench: Bench):
        bench.store.put_image("a.png", picture(1))
        job = bench.start(backfill=True, model_older_than="1")
        bench.run()
        assert bench.counts(job) == {"found": 1, "done": 1}

    def test_an_age_that_nobody_knows_is_told_at_once(self, bench: Bench):
        with pytest.raises(ModelUnknown, match="The model in use is version 1"):
            bench.start(backfill=True, model_older_than="0")
        with pytest.raises(InvalidRequest, match="must be a date such as"):
            bench.start(backfill=True, model_older_than="2026-13-01")
        assert bench.jobs.newest(None, 10).jobs == ()

    def test_an_image_that_goes_meanwhile_is_a_problem(self, bench: Bench, blobs):
        bench.store.put_image("a.png", picture(1))
        job = bench.start(backfill=True)
        bench.do(bench.queue.waiting.pop(1)[0])
        blobs.get_blob_client(bench.store.images_container, "a.png").delete_blob()
        bench.run()
        assert [each.problem.code for each in bench.results(job)] == ["image_not_found"]


class TestCancelling:
    def test_what_is_there_stays_and_nothing_more_comes(
        self, bench: Bench, container: ContainerClient
    ):
        fill(container, 11)
        job = bench.start(directory=sas_uri(container))
        while len(bench.results(job)) < 4:
            bench.do(bench.queue.waiting.pop(1)[0])
        status = bench.jobs.cancel(job)
        assert (status.state, bench.secrets(job)) == ("cancelled", 0)
        before = bench.results(job)
        captioned = len(bench.own.batches)
        bench.run()
        assert bench.results(job) == before
        assert bench.status(job).counts.done == len(before)
        assert len(bench.own.batches) == captioned
        assert bench.jobs.cancel(job).state == "cancelled"

    def test_a_chunk_at_work_writes_nothing_any_more(
        self, bench: Bench, container: ContainerClient, monkeypatch
    ):
        fill(container, 3)
        job = bench.start(directory=sas_uri(container))
        caption = bench.own.caption

        def cancelled(pictures, **options):
            bench.jobs.cancel(job)
            return caption(pictures, **options)

        bench.own.caption = cancelled
        bench.run()
        assert (bench.results(job), bench.counts(job)) == ([], {"found": 3})

    def test_broken_off_in_its_midst_it_leaves_no_secret(
        self, bench: Bench, container: ContainerClient, monkeypatch
    ):
        job = bench.start(directory=sas_uri(container))
        bench.queue.waiting.clear()
        with monkeypatch.context() as crashing:
            crashing.setattr(type(bench.documents), "delete", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                bench.jobs.cancel(job)
        assert bench.secrets(job) == 1
        bench.later()
        bench.run()
        assert bench.secrets(job) == 0

    @pytest.mark.parametrize("job", ["", "none", "../jobs/x", "0" * 27])
    def test_one_that_is_not_there(self, bench: Bench, job):
        with pytest.raises(JobNotFound):
            bench.jobs.cancel(job)
        with pytest.raises(JobNotFound):
            bench.jobs.status(job)


def test_the_newest_come_first_page_by_page(bench: Bench):
    jobs = [bench.start(urls=["https://example.org/a.jpg"]) for _ in range(5)]
    found = []
    token = None
    for _ in range(3):
        page = bench.jobs.newest(token, 2)
        found += [each.id for each in page.jobs]
        token = page.next
    assert found == sorted(jobs)
    assert token is None


def test_messages_of_jobs_that_are_not_there_are_dropped(bench: Bench):
    for step in (List("0" * 27, 1, 0), Sweep("0" * 27, 1, 0), Chunk("0" * 27, 1, 0, 0)):
        bench.worker.do(JobMessage(step))
        bench.worker.gave_up(JobMessage(step))
    assert bench.queue.sent == []
