"""Published bundles on local disk: damaged, full, shared."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections import namedtuple
from pathlib import Path

import pytest

from captioner.errors import BundleInvalid, BundleNotKept
from captioner.model.bundle import MANIFEST, read_manifest
from captioner.serving.published import Published
from tests.support.azurite import Azurite
from tests.support.published import Shop
from tests.unit.serving.conftest import Apps

FILES = ("encoder.onnx", "decoder.onnx", MANIFEST)
Usage = namedtuple("Usage", "total used free")


def test_what_is_kept_is_not_fetched_again(
    shop: Shop, apps: Apps, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.register("1")
    apps.model()()
    monkeypatch.setattr(Published, "manifest", lambda *_: pytest.fail("was fetched again"))
    assert apps.model()().model.version == "1"


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", ["cut", "gone", "changed"])
def test_what_is_damaged_is_fetched_anew(shop: Shop, apps: Apps, name: str, damage: str) -> None:
    shop.register("1")
    apps.model()()
    (bundle,) = apps.bundles()
    file = bundle / name
    content = file.read_bytes()
    if damage == "gone":
        file.unlink()
    else:
        file.write_bytes(content[:-1] if damage == "cut" else content[:-1] + b"?")
    assert apps.model()().model.version == "1"
    assert (apps.bundles()[0] / name).read_bytes() == content


def test_only_the_last_two_are_kept(shop: Shop, apps: Apps) -> None:
    model = None
    for number in range(1, 5):
        shop.register(str(number), seed=number)
        if model is None:
            model = apps.model()
            model()
        else:
            apps.look(model)
        for age, bundle in enumerate(apps.bundles()):  # time has passed since
            os.utime(bundle, (bundle.stat().st_mtime - 10 - age,) * 2)
        assert model().model.version == str(number)
    kept = {read_manifest(bundle).version for bundle in apps.bundles()}
    assert len(kept) == 2
    assert "4" in kept


def test_what_was_broken_off_is_deleted_once_it_is_old(shop: Shop, apps: Apps) -> None:
    shop.register("1")
    apps.model()()
    place = apps.bundles()[0].parent
    old, fresh = place / ".old", place / ".fresh"
    for folder in (old, fresh):
        folder.mkdir()
        (folder / "encoder.onnx").write_bytes(b"half")
    hours_ago = time.time() - 7200
    os.utime(old, (hours_ago, hours_ago))
    apps.model()()
    assert not old.exists()
    assert fresh.exists()


def test_a_full_disk_is_told_and_the_old_version_goes_on(
    shop: Shop, apps: Apps, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.register("1")
    model = apps.model()
    model()
    shop.register("2", seed=2)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**9, 10**9, 10))
    apps.look(model)
    assert model().model.version == "1"
    assert model.standing().refused.code == "bundle_not_kept"
    with pytest.raises(BundleNotKept, match="and the disk of MODEL_CACHE_DIR has 10 free"):
        apps.model("2")()
    assert not list(apps.disk.glob("*/.*"))
    monkeypatch.undo()
    apps.look(model)
    assert model().model.version == "2"


def test_a_disk_that_fills_up_meanwhile_is_told(
    shop: Shop, apps: Apps, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.register("1")

    def full(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("captioner.serving.shelf.copied", full)
    with pytest.raises(BundleNotKept, match="No space left on device"):
        apps.model()()
    assert not list(apps.disk.glob("*/.*"))


def test_a_folder_that_cannot_be_is_told(shop: Shop, apps: Apps) -> None:
    shop.register("1")
    apps.disk.write_text("a file")
    with pytest.raises(BundleNotKept, match="cannot be kept in MODEL_CACHE_DIR"):
        apps.model()()


@pytest.mark.parametrize("name", ["../../escaped.onnx", "/tmp/escaped.onnx", "a/b.onnx", ".."])
def test_no_manifest_leads_out_of_its_folder(
    shop: Shop, apps: Apps, tmp_path: Path, name: str
) -> None:
    bundle = shop.register("1", promotes=False)
    manifest = json.loads((bundle / MANIFEST).read_bytes())
    manifest["decoder"]["file"] = name
    shop.blob("1", MANIFEST).upload_blob(json.dumps(manifest), overwrite=True)
    with pytest.raises(BundleInvalid, match=f"{MANIFEST} of version 1 cannot be read"):
        apps.model("1")()
    assert not list(tmp_path.rglob("*escaped*"))


def test_what_is_too_large_is_not_read(
    shop: Shop, apps: Apps, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.register("1")
    monkeypatch.setattr("captioner.serving.published._LARGEST_GRAPH", 100)
    with pytest.raises(BundleInvalid, match="bytes, too many for it"):
        apps.model()()


def test_a_bundle_of_another_version_than_its_place_is_refused(shop: Shop, apps: Apps) -> None:
    bundle = shop.register("1")
    for name in FILES:
        shop.blob("2", name).upload_blob((bundle / name).read_bytes())
    with pytest.raises(BundleInvalid, match="registered as version 2 is 1"):
        apps.model("2")()
    assert not list(apps.disk.glob("*/*/"))


_USE = """
import sys
from pathlib import Path
from captioner.model.bundle import open_bundle
from captioner.model.onnx_captioner import OnnxCaptioner
from captioner.serving import published_model
from captioner.settings import StorageConnection

uri, connection, folder = sys.argv[1:]
sys.stdin.readline()
for _ in range(5):
    model = published_model(
        uri, StorageConnection(connection_string=connection), Path(folder),
        lambda folder: OnnxCaptioner(open_bundle(folder)), check_s=60)
    print(model().model.version)
"""


def test_processes_share_a_disk(azurite: Azurite, shop: Shop, apps: Apps) -> None:
    shop.register("1")
    arguments = [shop.uri(), azurite.connection_string, str(apps.disk)]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _USE, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    told = [process.communicate(timeout=120) for process in processes]
    assert [out for out, _ in told] == ["1\n" * 5] * 3, told
    assert len(apps.bundles()) == 1
