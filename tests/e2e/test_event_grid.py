"""The app where Event Grid tells it of images: twice, late, and of what is none of ours."""

from collections.abc import Iterator

import pytest
import requests
from azure.storage.blob import BlobServiceClient

from captioner.errors import RecordNotFound
from tests.support.app import App, running_app
from tests.support.azurite import Azurite
from tests.support.bundles import make_bundle
from tests.support.event_grid import Webhook, cloud_event, event, validation
from tests.support.pictures import image_bytes, plain
from tests.support.vision_server import KEY, VisionServer

RED = image_bytes(plain(100, 80, "red"))
BLUE = image_bytes(plain(80, 100, "blue"))
ODD_NAMES = ["a b+#%é.jpg", "dir/sub dir/x.y.jpg", "50%25off.jpg", "{braces}.jpg", "日本.jpg"]


@pytest.fixture(scope="module")
def vision() -> Iterator[VisionServer]:
    with VisionServer() as server:
        yield server


@pytest.fixture(scope="module")
def app(
    azurite: Azurite, vision: VisionServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[App]:
    settings = {
        "BLOB_TRIGGER_SOURCE": "event-grid",
        "MODEL_DIR": str(make_bundle(tmp_path_factory.mktemp("bundle"))),
        "VISION_ENDPOINT": vision.url,
        "VISION_KEY": KEY,
    }
    with running_app(azurite, settings) as app:
        yield app


@pytest.fixture
def webhook(app: App) -> Webhook:
    return Webhook(app.host.url)


def has_no_record(app: App, name: str) -> bool:
    try:
        app.store.get_record(name)
    except RecordNotFound:
        return True
    return False


def settled(app: App, webhook: Webhook, name: str) -> None:
    """Wait until all events told so far are done: the queue's messages are taken in their order."""
    etag = app.drop(name, RED)
    webhook.tell(event(app.store.image_url(name), etag))
    app.record(name, etag)


def executions(app: App) -> int:
    return app.host.log.count("Executed 'Functions.image_landed' (Succeeded")


def test_the_subscription_is_opened_and_images_are_captioned_when_told(
    app: App, webhook: Webhook
) -> None:
    unannounced = app.drop("unannounced.jpg", RED)
    assert unannounced

    opened = webhook.post(validation("42"), "SubscriptionValidation")
    assert opened.json() == {"validationResponse": "42"}
    settled(app, webhook, "announced.jpg")

    assert has_no_record(app, "unannounced.jpg")


@pytest.mark.parametrize("name", ODD_NAMES)
def test_every_name_comes_through(app: App, webhook: Webhook, name: str) -> None:
    etag = app.drop(name, RED)

    webhook.tell(event(app.store.image_url(name), etag))

    assert app.record(name, etag).image.name == name


def test_cloud_events_are_heard(app: App, webhook: Webhook) -> None:
    etag = app.drop("cloud.jpg", RED)

    assert webhook.post(cloud_event(app.store.image_url("cloud.jpg"), etag)).status_code == 202

    app.record("cloud.jpg", etag)


def test_twenty_of_the_same_at_once_leave_one_record_and_cost_little(
    app: App, webhook: Webhook, vision: VisionServer
) -> None:
    etag = app.drop("twenty.jpg", RED)
    asked, done = len(vision.requests), executions(app)

    webhook.tell(*[event(app.store.image_url("twenty.jpg"), etag)] * 20)

    record = app.record("twenty.jpg", etag)
    app.host.wait_for_log("Executed 'Functions.image_landed' (Succeeded", times=done + 20)
    assert [caption.source for caption in record.captions] == ["onnx", "azure-vision"]
    assert app.store.get_record("twenty.jpg")[0] == record
    # No more than the host calls at the same moment: host.json's blobs.maxDegreeOfParallelism.
    assert len(vision.requests) - asked <= 2


def test_an_old_event_that_comes_last_changes_nothing(app: App, webhook: Webhook) -> None:
    url = app.store.image_url("late.jpg")
    old = app.drop("late.jpg", RED)
    new = app.drop("late.jpg", BLUE)
    webhook.tell(event(url, new))
    record = app.record("late.jpg", new)

    webhook.tell(event(url, old))
    settled(app, webhook, "after late.jpg")

    assert app.store.get_record("late.jpg")[0] == record
    assert record.captions[1].text == "a blue picture"


def test_an_old_event_that_comes_first_tells_of_the_new_image(app: App, webhook: Webhook) -> None:
    old = app.drop("early.jpg", RED)
    new = app.drop("early.jpg", BLUE)

    webhook.tell(event(app.store.image_url("early.jpg"), old))

    assert app.record("early.jpg", new).captions[1].text == "a blue picture"


def test_what_is_gone_or_not_ours_is_passed_over(
    app: App, webhook: Webhook, blobs: BlobServiceClient
) -> None:
    for container in ("CAPTIONS_CONTAINER", "THUMBNAILS_CONTAINER"):
        ours = blobs.get_container_client(app.settings[container])
        if not ours.exists():
            ours.create_container()
        ours.upload_blob("foreign.jpg", RED)
        webhook.tell(event(f"{ours.url}/foreign.jpg"))
    images = blobs.get_container_client(app.settings["IMAGES_CONTAINER"])
    images.upload_blob("folder", b"", metadata={"hdi_isfolder": "true"})
    app.drop("elsewhere.jpg", RED)

    Webhook(app.host.url, "Host.Functions.other").tell(event(app.store.image_url("elsewhere.jpg")))
    webhook.tell(
        event(app.store.image_url("gone.jpg")),
        event("https://stranger.blob.core.windows.net/images/gone.jpg"),
        event(app.store.image_url("folder"), api="CreateDirectory"),
    )
    settled(app, webhook, "after strangers.jpg")

    for name in ("foreign.jpg", "gone.jpg", "folder", "elsewhere.jpg"):
        assert has_no_record(app, name)
    assert "Executed 'Functions.image_landed' (Failed" not in app.host.log


def test_a_file_told_of_while_it_is_empty_is_captioned_once_it_is_written(
    app: App, webhook: Webhook
) -> None:
    """Data Lake Storage makes a file first and fills it afterwards."""
    url = app.store.image_url("lake.jpg")
    empty = app.drop("lake.jpg", b"")
    webhook.tell(event(url, empty, api="CreateFile", contentLength=0))
    assert app.record("lake.jpg", empty).problems[0].code == "empty_image"

    written = app.drop("lake.jpg", RED)
    webhook.tell(event(url, written, api="FlushWithClose"))

    assert app.record("lake.jpg", written).problems == ()


def test_an_event_of_a_deletion_is_harmless(app: App, webhook: Webhook) -> None:
    settled(app, webhook, "deleted.jpg")
    app.store.delete_image("deleted.jpg")

    deleted = event(app.store.image_url("deleted.jpg"), api="DeleteBlob")
    webhook.tell({**deleted, "eventType": "Microsoft.Storage.BlobDeleted"})
    settled(app, webhook, "after deletion.jpg")

    assert requests.get(f"{app.host.url}/api/health", timeout=30).status_code == 200
    assert "Executed 'Functions.image_landed' (Failed" not in app.host.log
