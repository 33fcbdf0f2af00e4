"""Whatever lies where a record, a message or a manifest should: a coded fault, and it stays there.

Hypothesis makes up JSON of any shape, and spoils one value of documents that are as they should be.
"""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from azure.storage.blob import ContentSettings
from hypothesis import given
from hypothesis import strategies as st

from captioner.catalogue.catalogue import _changes
from captioner.entries import to_line
from captioner.errors import BundleInvalid, RecordUnreadable
from captioner.events import ImageEvents, PoisonBlob, Retry, read_message
from captioner.jobs import JobMessage
from captioner.model.manifest import MANIFEST, Manifest, read_manifest
from captioner.records import CaptionRecord, from_json, to_json
from captioner.settings import Settings
from captioner.store import sidecar_name
from tests.support.captioners import ScriptedCaptioner, service_of
from tests.support.memory_account import MemoryAccount
from tests.support.pictures import image_bytes, plain
from tests.support.records import change_of, record_of

ROOT = Path(__file__).resolve().parents[2]
NAME = "attic/a.jpg"
RED = image_bytes(plain(32, 24))
CONTAINER = Settings().captions_container
GOOD = json.loads(to_json(record_of(NAME, {"onnx": "a dog"}, status="edited", tags=["dog"])))
BUNDLE = json.loads((ROOT / "models" / MANIFEST).read_text())

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=12,
)


@st.composite
def spoilt(draw: st.DrawFn, document: Any) -> Any:
    """Put anything in the place of one value of a document, or leave it out."""
    if isinstance(document, dict) and document and draw(st.integers(0, 4)):
        key = draw(st.sampled_from(sorted(document)))
        rest = {name: value for name, value in document.items() if name != key}
        return rest if draw(st.booleans()) else {**rest, key: draw(spoilt(document[key]))}
    if isinstance(document, list) and document and draw(st.integers(0, 4)):
        return [draw(spoilt(document[0])), *document[1:]]
    return draw(ANYTHING)


def written(document: Any) -> bytes:
    return json.dumps(document).encode("utf-8", errors="surrogatepass")


SIDECARS = st.one_of(st.binary(max_size=99), ANYTHING.map(written), spoilt(GOOD).map(written))


@given(sidecar=SIDECARS)
def test_a_sidecar_that_is_no_record_is_told_and_never_written_over(sidecar: bytes) -> None:
    account = MemoryAccount()
    store = account.store()
    key = (CONTAINER, sidecar_name(NAME))
    store.put_image(NAME, RED)
    account.write(key, sidecar, ContentSettings())

    with suppress(RecordUnreadable):
        ImageEvents(store, service_of(ScriptedCaptioner("onnx", "words"))).landed(
            Settings().images_container, NAME
        )

    left = account.blobs[key].data
    if left != sidecar:  # then it was the image's record, and what people wrote is in the new one
        before, after = from_json(sidecar), from_json(left)
        assert before.image.name == NAME
        if before.alt_text and before.alt_text.is_human:
            assert after.alt_text is not None
            assert after.alt_text.text == before.alt_text.text


@given(sidecar=SIDECARS)
def test_what_is_read_is_a_record_or_a_coded_fault(sidecar: bytes) -> None:
    account = MemoryAccount()
    account.write((CONTAINER, sidecar_name(NAME)), sidecar, ContentSettings())
    try:
        record, _ = account.store().get_record(NAME)
    except RecordUnreadable:
        return
    assert isinstance(record, CaptionRecord)


@pytest.mark.parametrize(
    ("kind", "good"),
    [
        (Retry, {"name": NAME, "etag": '"1"', "attempt": 0}),
        (PoisonBlob, {"ContainerName": "images", "BlobName": NAME, "ETag": "1"}),
        (JobMessage, {"step": {"type": "chunk", "job": "a", "opened": 0, "page": 0, "chunk": 0}}),
    ],
)
@given(data=st.data())
def test_a_message_is_ours_or_is_dropped(kind: Any, good: Any, data: st.DataObject) -> None:
    body = data.draw(st.binary(max_size=60) | spoilt(good).map(written))
    assert isinstance(read_message(body, kind), kind | None)


@given(noise=st.lists(SIDECARS, max_size=4))
def test_lines_that_are_no_changes_spoil_none_that_are(noise: list[bytes]) -> None:
    change = change_of(record_of(NAME, {"onnx": "a dog"}))
    lines = [line for each in noise for line in each.split(b"\n")]

    found = list(_changes([*lines, to_line(change), *lines]))

    assert change in found


@given(document=st.one_of(ANYTHING, spoilt(BUNDLE)))
def test_a_manifest_is_one_or_a_coded_fault(
    document: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp()
    (folder / MANIFEST).write_bytes(written(document))
    try:
        manifest = read_manifest(folder)
    except BundleInvalid:
        return
    assert isinstance(manifest, Manifest)
    assert msgspec.json.encode(manifest)
