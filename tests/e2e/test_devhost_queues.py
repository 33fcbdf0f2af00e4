"""Queue triggers, timers and the warm-up under the devhost."""

import base64
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueClient, QueueServiceClient

from tests.e2e.conftest import StartHost
from tests.support.apps import write_app
from tests.support.waiting import wait_for

TIMEOUT_S = 30


@pytest.fixture
def work(queues: QueueServiceClient, unique_name: Callable[[str], str]) -> Iterator[QueueClient]:
    """The queue that a test's function listens to."""
    with queues.create_queue(unique_name("work")) as queue:
        yield queue


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def contents(queues: QueueServiceClient, name: str, count: int) -> list[str]:
    """Wait for that many messages of a queue, and give their texts in order of arrival."""
    found: list[str] = []

    def enough() -> bool:
        if name in [each.name for each in queues.list_queues(name_starts_with=name)]:
            with queues.get_queue_client(name) as queue:
                for message in queue.receive_messages(messages_per_page=32):
                    found.append(message.content)
                    queue.delete_message(message)
        return len(found) >= count

    wait_for(enough, f"{count} messages in {name}")
    return found


def test_a_message_reaches_the_function_with_what_storage_knows_of_it(
    tmp_path: Path,
    *,
    start_host: StartHost,
    queues: QueueServiceClient,
    work: QueueClient,
    blobs: BlobServiceClient,
) -> None:
    app = write_app(
        tmp_path,
        """
        from typing import List

        @app.queue_trigger("message", "%WORK%", "AzureWebJobsStorage")
        @app.queue_output("out", "%WORK%-{kind}", "AzureWebJobsStorage")
        @app.blob_input("absent", "%WORK%/{kind}/absent", "AzureWebJobsStorage")
        @app.blob_output("copy", "%WORK%/{id}.txt", "AzureWebJobsStorage")
        def handle(
            message: func.QueueMessage, out: func.Out[List[str]], absent: func.InputStream,
            copy: func.Out[bytes],
        ) -> None:
            copy.set(message.get_body())
            out.set([json.dumps({
                "body": message.get_json(), "id": message.id, "count": message.dequeue_count,
                "lives": (message.expiration_time - message.insertion_time).days,
                "receipt": bool(message.pop_receipt), "absent": absent is None,
            }), "second"])
        """,
    )
    body = {"kind": "photo", "name": "é"}
    sent = work.send_message(encoded(json.dumps(body)))
    host = start_host(app, {"WORK": work.queue_name})
    host.wait_for_log("Executed 'Functions.handle' (Succeeded")
    first, second = (
        base64.b64decode(each).decode() for each in contents(queues, f"{work.queue_name}-photo", 2)
    )
    assert json.loads(first) == {
        "body": body,
        "id": sent.id,
        "count": 1,
        "lives": 7,
        "receipt": True,
        "absent": True,
    }
    assert second == "second"
    with blobs.get_blob_client(work.queue_name, f"{sent.id}.txt") as copy:
        assert json.loads(copy.download_blob().readall()) == body
    assert not work.peek_messages()


def test_a_message_that_keeps_failing_ends_in_the_poison_queue(
    tmp_path: Path, start_host: StartHost, queues: QueueServiceClient, work: QueueClient
) -> None:
    app = write_app(
        tmp_path,
        """
        @app.queue_trigger("message", "%WORK%", "AzureWebJobsStorage")
        def handle(message: func.QueueMessage) -> None:
            raise ValueError(f"attempt {message.dequeue_count}")
        """,
        extensions={"queues": {"maxDequeueCount": 2}},
    )
    work.send_message(encoded("bad"))
    host = start_host(app, {"WORK": work.queue_name})
    assert contents(queues, f"{work.queue_name}-poison", 1) == [encoded("bad")]
    assert "ValueError: attempt 2" in host.log
    assert host.log.count("Executed 'Functions.handle' (Failed") == 2


def test_a_message_that_fails_in_a_poison_queue_stays_there(
    tmp_path: Path, start_host: StartHost, queues: QueueServiceClient, work: QueueClient
) -> None:
    app = write_app(
        tmp_path,
        """
        @app.queue_trigger("message", "%WORK%-poison", "AzureWebJobsStorage")
        def handle(message: func.QueueMessage) -> None:
            raise ValueError(f"attempt {message.dequeue_count}")
        """,
        extensions={"queues": {"maxDequeueCount": 1}},
    )
    name = f"{work.queue_name}-poison"
    with queues.create_queue(name) as poison:
        poison.send_message(encoded("bad"))
        start_host(app, {"WORK": work.queue_name}, message_lease_s=1).wait_for_log(
            "ValueError: attempt 3"
        )
        assert poison.get_queue_properties().approximate_message_count == 1
    assert [each.name for each in queues.list_queues(name_starts_with=name)] == [name]


def test_a_message_that_is_not_base64_goes_to_the_poison_queue_unseen(
    tmp_path: Path, start_host: StartHost, queues: QueueServiceClient, work: QueueClient
) -> None:
    app = write_app(
        tmp_path,
        """
        @app.queue_trigger("message", "%WORK%", "AzureWebJobsStorage")
        def handle(message: func.QueueMessage) -> None:
            logging.info("seen")
        """,
    )
    work.send_message("not base64!")
    host = start_host(app, {"WORK": work.queue_name})
    assert contents(queues, f"{work.queue_name}-poison", 1) == ["not base64!"]
    host.wait_for_log("is not base64, which host.json's")
    assert "] seen" not in host.log


def test_plain_messages_where_host_json_says_so(
    tmp_path: Path, start_host: StartHost, queues: QueueServiceClient, work: QueueClient
) -> None:
    app = write_app(
        tmp_path,
        """
        @app.queue_trigger("message", "%WORK%", "AzureWebJobsStorage")
        @app.queue_output("$return", "%WORK%-out", "AzureWebJobsStorage")
        def handle(message: func.QueueMessage) -> str:
            return message.get_body().decode().upper()
        """,
        extensions={"queues": {"messageEncoding": "none"}},
    )
    work.send_message("plain é")
    start_host(app, {"WORK": work.queue_name})
    assert contents(queues, f"{work.queue_name}-out", 1) == ["PLAIN É"]


def test_a_message_in_work_stays_hidden_for_as_long_as_it_takes(
    tmp_path: Path, start_host: StartHost, work: QueueClient
) -> None:
    app = write_app(
        tmp_path,
        """
        later = threading.Event()

        @app.queue_trigger("message", "%WORK%", "AzureWebJobsStorage")
        def handle(message: func.QueueMessage) -> None:
            logging.info("begun %s", message.get_body().decode())
            if message.get_body() == b"slow":
                later.wait(timeout=60)
            else:
                later.set()
        """,
    )
    work.send_message(encoded("slow"))
    # Comes when the first message would be seen a second time, were its lease not prolonged.
    work.send_message(encoded("later"), visibility_timeout=5)
    host = start_host(app, {"WORK": work.queue_name}, message_lease_s=2)
    log = host.wait_for_log("Executed 'Functions.handle' (Succeeded", times=2)
    assert log.count("] begun slow") == 1
    assert not work.peek_messages()


def test_no_more_messages_at_once_than_host_json_says(
    tmp_path: Path, start_host: StartHost, work: QueueClient
) -> None:
    app = write_app(
        tmp_path,
        """
        running = threading.Semaphore(1)

        @app.queue_trigger("message", "%WORK%", "AzureWebJobsStorage")
        def handle(message: func.QueueMessage) -> None:
            alone = running.acquire(blocking=False)
            time.sleep(0.05)
            if not alone:
                raise RuntimeError("two at once")
            running.release()
        """,
        extensions={"queues": {"batchSize": 1, "newBatchThreshold": 0}},
    )
    for number in range(5):
        work.send_message(encoded(str(number)))
    host = start_host(app, {"WORK": work.queue_name})
    log = host.wait_for_log("Executed 'Functions.handle' (Succeeded", times=5)
    assert "two at once" not in log


def test_a_timer_fires_on_its_schedule_and_by_hand(tmp_path: Path, start_host: StartHost) -> None:
    app = write_app(
        tmp_path,
        """
        @app.timer_trigger("timer", "* * * * * *", run_on_startup=True)
        def tick(timer: func.TimerRequest) -> None:
            logging.info("tick %s", timer.past_due)

        @app.timer_trigger("timer", "%YEARLY%")
        def yearly(timer: func.TimerRequest) -> None:
            logging.info("yearly %s", timer.schedule_status["Next"])
        """,
    )
    host = start_host(app, {"YEARLY": "0 0 0 1 1 *"})
    log = host.wait_for_log("] tick False", times=3)
    assert "Timer fired at startup" in log
    assert "] yearly" not in log
    answer = requests.post(f"{host.url}/admin/functions/yearly", json={}, timeout=TIMEOUT_S)
    assert answer.status_code == 202
    host.wait_for_log(f"] yearly {datetime.now().astimezone().year + 1}-01-01T00:00:00")


def test_a_timer_that_was_missed_fires_late(
    tmp_path: Path, start_host: StartHost, blobs: BlobServiceClient
) -> None:
    app = write_app(
        tmp_path,
        """
        @app.timer_trigger("timer", "0 0 0 1 1 *")
        def yearly(timer: func.TimerRequest) -> None:
            logging.info("late %s", timer.past_due)
        """,
    )
    host = start_host(app)
    requests.post(f"{host.url}/admin/functions/yearly", json={}, timeout=TIMEOUT_S)
    host.wait_for_log("] late False")
    assert host.stop() == 0
    path = f"timers/{host.host_id}/Host.Functions.yearly/status"
    with blobs.get_blob_client("azure-webjobs-hosts", path) as status:
        kept = json.loads(status.download_blob().readall())
        missed = datetime.now(UTC) - timedelta(hours=1)
        status.upload_blob(json.dumps({**kept, "Next": missed.isoformat()}), overwrite=True)
    host.start()
    host.wait_for_log("] late True")


def test_the_warm_up_runs_when_the_host_starts(tmp_path: Path, start_host: StartHost) -> None:
    app = write_app(
        tmp_path,
        """
        @app.warm_up_trigger("context")
        def warm(context) -> None:
            logging.info("warm now")
        """,
        extensionBundle=None,
    )
    start_host(app, {"AzureWebJobsStorage": ""}).wait_for_log("] warm now")
