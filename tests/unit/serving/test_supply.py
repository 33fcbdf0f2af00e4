"""Published models in use: swapped, refused, fallen back on."""

import gc
import logging
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from azure.storage.blob import ContainerSasPermissions, generate_container_sas
from msgspec import UNSET

from captioner.errors import BundleInvalid, BundleMissing, BundleUnreachable, ModelUnknown
from captioner.images import decode
from captioner.model.bundle import MANIFEST
from captioner.records import ModelName
from captioner.serving import Refused, published_model
from captioner.serving.published import Published
from captioner.settings import StorageConnection
from tests.support.azurite import Azurite
from tests.support.pictures import image_bytes, plain
from tests.support.published import Shop
from tests.unit.serving.conftest import CHECK_S, Apps, open_captioner
from training.registry.errors import PromoteError

PICTURE = decode(image_bytes(plain(60, 60, "red"), "PNG"), max_bytes=10**6, max_pixels=10**6)


def version_of(model) -> str:
    return model().model.version


def test_the_current_version_is_used_and_captions(shop: Shop, apps: Apps) -> None:
    shop.register("1")
    model = apps.model()
    assert model.standing().since is UNSET
    (caption,) = model().caption([PICTURE])
    assert caption.model.version == "1"
    standing = model.standing()
    assert (standing.follows, standing.refused, standing.problem) == ("current", UNSET, UNSET)
    assert standing.since >= standing.checked


def test_one_version_is_used_whichever_is_current(shop: Shop, apps: Apps) -> None:
    shop.register("1")
    shop.register("2", seed=2)
    model = apps.model("1")
    assert version_of(model) == "1"
    assert model.standing().follows == "version"
    apps.clock.sleep(10 * CHECK_S)
    assert version_of(model) == "1"


def test_another_version_takes_its_place_without_anybody_waiting(shop: Shop, apps: Apps) -> None:
    shop.register("1")
    model = apps.model()
    before = model()
    shop.register("2", seed=2)
    assert model() is before  # not asked for yet
    apps.clock.sleep(CHECK_S)
    with model._looking:  # a look that takes its time
        assert model() is before
    apps.look(model)
    assert version_of(model) == "2"
    assert before.caption([PICTURE])[0].model.version == "1"  # who has begun with it ends with it


def test_back_again_is_as_quick(shop: Shop, apps: Apps) -> None:
    shop.register("1")
    model = apps.model()
    model()
    shop.register("2", seed=2)
    apps.look(model)
    shop.blob("1", "encoder.onnx").delete_blob()  # it is kept on disk
    with pytest.raises(PromoteError):
        shop.promote("1")
    shop.blob("1", "encoder.onnx").upload_blob((shop.folder / "1" / "encoder.onnx").read_bytes())
    shop.promote("1")
    shop.blob("1", "encoder.onnx").delete_blob()
    apps.look(model)
    assert version_of(model) == "1"


def test_the_model_before_is_let_go_of(shop: Shop, apps: Apps) -> None:
    shop.register("1")
    model = apps.model()
    before = weakref.ref(model()._bundle._encoder)  # what holds its memory
    shop.register("2", seed=2)
    apps.look(model)
    gc.collect()
    assert before() is None


def test_many_threads_open_it_once(shop: Shop, apps: Apps) -> None:
    shop.register("1")
    model = apps.model()
    together = threading.Barrier(8)

    def use() -> object:
        together.wait(timeout=30)
        return model()

    with ThreadPoolExecutor(8) as pool:
        used = [each.result() for each in [pool.submit(use) for _ in range(8)]]
    assert len(set(map(id, used))) == 1


def test_a_bad_version_is_refused_once_and_told(
    shop: Shop, apps: Apps, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.register("1")
    model = apps.model()
    model()
    shop.register("2", seed=2)
    damaged = shop.blob("2", "decoder.onnx")
    whole = damaged.download_blob().readall()
    damaged.upload_blob(whole[:-9], overwrite=True)
    apps.look(model)
    assert version_of(model) == "1"
    assert model.standing().refused == Refused("2", "bundle_invalid")
    (told,) = (each for each in caplog.records if each.levelno == logging.ERROR)
    assert "decoder.onnx of version 2 is not the file" in told.getMessage()
    assert (told.code, told.model_version) == ("bundle_invalid", "2")

    monkeypatch.setattr(Published, "manifest", lambda *_: pytest.fail("was fetched again"))
    apps.look(model)
    assert model.standing().refused == Refused("2", "bundle_invalid")
    monkeypatch.undo()

    damaged.upload_blob(whole, overwrite=True)
    shop.promote("2")
    apps.look(model)
    assert version_of(model) == "2"
    assert model.standing().refused is UNSET


def test_a_refused_version_is_forgotten_when_the_one_in_use_is_promoted(
    shop: Shop, apps: Apps
) -> None:
    shop.register("1")
    model = apps.model()
    model()
    shop.register("2", seed=2)
    shop.blob("2", "decoder.onnx").upload_blob(b"bad", overwrite=True)
    apps.look(model)
    assert model.standing().refused is not UNSET
    shop.promote("1")
    apps.look(model)
    assert model.standing().refused is UNSET


def test_a_file_that_is_not_there_yet_is_waited_for(shop: Shop, apps: Apps) -> None:
    shop.register("1")
    model = apps.model()
    model()
    bundle = shop.register("2", seed=2)
    shop.blob("2", "encoder.onnx").delete_blob()
    apps.look(model)
    assert model.standing().refused == Refused("2", "bundle_missing")
    shop.blob("2", "encoder.onnx").upload_blob((bundle / "encoder.onnx").read_bytes())
    apps.look(model)
    assert version_of(model) == "2"


def test_a_version_written_over_is_refused(shop: Shop, apps: Apps) -> None:
    shop.register("1")
    bundle = shop.register("2", seed=2)
    manifest = (bundle / MANIFEST).read_bytes()
    shop.blob("2", MANIFEST).upload_blob(manifest + b" ", overwrite=True)
    with pytest.raises(BundleInvalid, match="not the file that was promoted"):
        apps.model()()


def test_what_is_bad_at_the_start_is_not_fetched_for_each_picture(
    shop: Shop, apps: Apps, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.register("1")
    shop.blob("1", "decoder.onnx").upload_blob(b"bad", overwrite=True)
    model = apps.model()
    with pytest.raises(BundleInvalid):
        model()
    asked = []
    monkeypatch.setattr(Published, "current", lambda *_: asked.append(1))
    with pytest.raises(BundleInvalid, match=r"decoder\.onnx of version 1"):
        model()
    assert asked == []


def test_nothing_is_promoted_yet(shop: Shop, apps: Apps) -> None:
    shop.register("1", promotes=False)
    model = apps.model()
    with pytest.raises(BundleMissing, match="to a model of which one is promoted"):
        model()
    shop.promote("1")
    apps.clock.sleep(CHECK_S)
    assert version_of(model) == "1"


@pytest.mark.parametrize("content", [b"{", b"\xff", b'{"version": "../1", "sha256": "a"}', b"[]"])
def test_a_pointer_that_is_none(shop: Shop, apps: Apps, content: bytes) -> None:
    shop.register("1")
    model = apps.model()
    model()
    shop.container.upload_blob("tiny/current.json", content, overwrite=True)
    apps.look(model)
    assert version_of(model) == "1"
    assert model.standing().problem == "bundle_invalid"


def test_storage_that_goes_away_takes_nothing(frail: tuple[Azurite, Shop], apps: Apps) -> None:
    storage, shop = frail
    shop.register("1")
    options = {
        "uri": shop.uri(),
        "connection": StorageConnection(connection_string=f"{storage.connection_string}"),
    }
    model = apps.model(**options)
    assert version_of(model) == "1"
    storage.stop()
    apps.look(model)
    assert version_of(model) == "1"
    assert model.standing().problem == "bundle_unreachable"

    # What starts now uses what is kept, and says that it does.
    started = apps.model(**options)
    assert version_of(started) == "1"
    assert (started.standing().problem, started.standing().checked) == ("bundle_unreachable", UNSET)
    # A certain version need not be asked for.
    certain = apps.model(**{**options, "uri": shop.uri("1")})
    assert version_of(certain) == "1"
    assert certain.standing().problem is UNSET
    with pytest.raises(BundleUnreachable, match="cannot be reached"):
        apps.model(**{**options, "uri": shop.uri("2")})()

    storage.start()
    apps.look(started)
    assert started.standing().problem is UNSET


def test_storage_that_is_down_at_the_first_start_is_told(
    frail: tuple[Azurite, Shop], apps: Apps
) -> None:
    storage, shop = frail
    uri, connection = shop.uri(), StorageConnection(connection_string=storage.connection_string)
    storage.stop()
    with pytest.raises(BundleUnreachable, match="cannot be reached"):
        apps.model(uri=uri, connection=connection)()


def test_a_bad_version_at_the_start_leaves_the_one_used_last(shop: Shop, apps: Apps) -> None:
    shop.register("1")
    apps.model()()
    shop.register("2", seed=2)
    shop.blob("2", "encoder.onnx").upload_blob(b"bad", overwrite=True)
    started = apps.model()
    assert version_of(started) == "1"
    assert started.standing().refused == Refused("2", "bundle_invalid")


def test_versions_are_ordered_by_when_they_were_registered(
    shop: Shop, apps: Apps, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in ("3", "1", "2"):
        shop.register(number)
    began = datetime.now(UTC) - timedelta(minutes=1)
    model = apps.model()
    assert set(model.since("3")) == {ModelName("tiny", each) for each in "123"}  # in one second
    found = model._published.versions()
    assert set(found) == {"1", "2", "3"}
    assert all(moment > began for moment in found.values())
    later = {each: began + timedelta(days=days) for days, each in enumerate(("3", "1", "2"))}
    monkeypatch.setattr(Published, "versions", lambda _: later)
    assert model.since("1") == (ModelName("tiny", "1"), ModelName("tiny", "2"))
    assert model.since("tiny/2") == (ModelName("tiny", "2"),)
    with pytest.raises(ModelUnknown, match="No such version of tiny"):
        model.since("4")


def test_a_signed_uri_opens_another_account_and_is_never_told(
    azurite: Azurite, shop: Shop, apps: Apps, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    shop.register("1")
    account = shop.container.credential
    signature = generate_container_sas(
        account.account_name,
        shop.container.container_name,
        account_key=account.account_key,
        permission=ContainerSasPermissions(read=True),
        expiry=datetime.now(UTC) + timedelta(hours=1),
    )
    # Own as far as the emulator's path goes; the signature alone is what opens it.
    unable = StorageConnection(blob_endpoint=shop.uri().rpartition("/models-")[0])
    model = published_model(
        f"{shop.uri()}?{signature}", unable, apps.disk, open_captioner, check_s=CHECK_S
    )
    assert version_of(model) == "1"
    refused = published_model(
        f"{shop.uri()}?{signature}x", unable, apps.disk / "other", open_captioner, check_s=CHECK_S
    )
    with pytest.raises(BundleUnreachable) as fault:
        refused()
    secret = signature.partition("sig=")[2].partition("&")[0]
    assert secret not in caplog.text
    assert secret not in str(fault.value)
