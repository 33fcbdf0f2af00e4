"""Settings to services: made once, at first use, with real parts."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from azure.storage.blob import BlobServiceClient, ContainerSasPermissions, generate_container_sas

from captioner.captioning import Image
from captioner.composition import Once, build_captioning, build_services
from captioner.errors import BundleMissing
from captioner.model.onnx_captioner import OnnxCaptioner
from captioner.records import Caption, ImageFacts
from captioner.settings import Settings, StorageConnection
from tests.support.bundles import make_bundle
from tests.support.pictures import image_bytes, plain
from tests.support.published import Shop
from tests.support.vision_server import KEY, VisionServer

RED = Image(ImageFacts(name="red.png"), image_bytes(plain(100, 100, "red"), "PNG"))


def test_once_makes_its_value_once_for_all_threads() -> None:
    made: list[object] = []
    together = threading.Barrier(8)

    def make() -> object:
        made.append(object())
        return made[-1]

    once = Once(make)

    def use() -> object:
        together.wait(timeout=30)
        return once()

    with ThreadPoolExecutor(8) as pool:
        values = [each.result() for each in [pool.submit(use) for _ in range(8)]]

    assert len(made) == 1
    assert all(value is made[0] for value in values)


def test_once_forgets_failures() -> None:
    outcomes = [None, "value"]

    def make() -> str:
        outcome = outcomes.pop(0)
        if outcome is None:
            raise BundleMissing("Not yet.")
        return outcome

    once = Once(make)
    with pytest.raises(BundleMissing):
        once()

    assert once() == "value"


def test_the_own_model_captions_without_vision(tmp_path: Path) -> None:
    service = build_captioning(Settings(model_dir=make_bundle(tmp_path)))

    (captioned,) = service.caption([RED])

    assert service.sources == ["onnx"]
    (caption,) = captioned.record.captions
    assert caption.model.name == "tiny"
    assert len(caption.alternatives) == 2
    assert captioned.record.problems == ()


def test_the_settings_of_the_search_are_heeded(tmp_path: Path) -> None:
    settings = Settings(model_dir=make_bundle(tmp_path), alternatives=4, beam_size=5)

    (captioned,) = build_captioning(settings).caption([RED])

    assert len(captioned.record.captions[0].alternatives) == 4


def test_as_many_images_are_captioned_at_once_as_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both_are_there = threading.Barrier(2)
    caption = OnnxCaptioner.caption

    def wait_for_the_other(self: OnnxCaptioner, *given: Any, **options: Any) -> list[Caption]:
        both_are_there.wait(timeout=30)
        return caption(self, *given, **options)

    monkeypatch.setattr(OnnxCaptioner, "caption", wait_for_the_other)
    service = build_captioning(Settings(model_dir=make_bundle(tmp_path), captions_at_once=2))
    with ThreadPoolExecutor(2) as callers:
        found = list(callers.map(service.caption, [[RED], [RED]]))

    assert [len(captioned.record.captions) for (captioned,) in found] == [1, 1]


def test_vision_captions_beside_the_own_model(tmp_path: Path) -> None:
    with VisionServer() as server:
        settings = Settings(
            model_dir=make_bundle(tmp_path), vision_endpoint=server.url, vision_key=KEY
        )

        (captioned,) = build_captioning(settings).caption([RED])

    own, vision = captioned.record.captions
    assert (own.source, vision.source) == ("onnx", "azure-vision")
    assert vision.text == "a red picture"


def test_a_bundle_may_come_later(tmp_path: Path) -> None:
    service = build_captioning(Settings(model_dir=tmp_path / "bundle"))
    (without,) = service.caption([RED])

    make_bundle(tmp_path / "bundle")
    (with_bundle,) = service.caption([RED])

    assert [problem.code for problem in without.record.problems] == ["bundle_missing"]
    assert len(with_bundle.record.captions) == 1


def test_services_need_neither_bundle_nor_storage_to_be_made(tmp_path: Path) -> None:
    connection = StorageConnection(
        connection_string="DefaultEndpointsProtocol=https;AccountName=none;AccountKey=AAAA"
    )

    services = build_services(Settings(model_dir=tmp_path), connection)

    with services.store, pytest.raises(BundleMissing):
        services.own_captioner()


def test_the_signature_of_a_model_s_uri_is_in_no_library_s_log(
    blobs: BlobServiceClient,
    unique_name: Callable[[str], str],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(logging.getLogger("urllib3.connectionpool"), "filters", [])
    shop = Shop(blobs.get_container_client(unique_name("models")), tmp_path / "made")
    shop.register("1")
    credential = blobs.credential
    signature = generate_container_sas(
        credential.account_name,
        shop.container.container_name,
        account_key=credential.account_key,
        permission=ContainerSasPermissions(read=True),
        expiry=datetime.now(UTC) + timedelta(hours=1),
    )
    # The emulator's URLs are plain http, which only one's own account may be.
    own = StorageConnection(blob_endpoint=str(blobs.url).rstrip("/"))
    settings = Settings(model_uri=f"{shop.uri()}?{signature}", model_cache_dir=tmp_path / "kept")
    caplog.set_level(logging.DEBUG)
    caplog.clear()

    (captioned,) = build_captioning(settings, own).caption([RED])

    assert [each.source for each in captioned.record.captions] == ["onnx"]
    assert "/tiny/current.json?… HTTP" in caplog.text
    assert signature.partition("sig=")[2].partition("&")[0] not in caplog.text
