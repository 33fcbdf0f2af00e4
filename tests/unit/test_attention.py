"""Captions in records explained, against a real emulator and a tiny model."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import msgspec
import pytest
from azure.storage.blob import BlobServiceClient

from captioner.attention import Explanations
from captioner.captioning import CaptioningService, Lane
from captioner.errors import (
    AttentionUnavailable,
    BundleMissing,
    CorruptImage,
    ImageNotFound,
    RecordNotFound,
)
from captioner.events import ImageEvents
from captioner.images import decode
from captioner.model.bundle import open_bundle
from captioner.model.onnx_captioner import OnnxCaptioner
from captioner.records import CaptionRecord, ModelName
from captioner.settings import Settings, StorageConnection
from captioner.store import ImageStore
from tests.support.azurite import Azurite
from tests.support.bundles import make_bundle
from tests.support.pictures import image_bytes, left_and_right, plain

NAME = "attic/a b+#%é.jpg"
PICTURE = image_bytes(left_and_right(80, 60))

read = partial(decode, max_bytes=2**20, max_pixels=10**6)


@pytest.fixture
def captioner(tmp_path: Path) -> OnnxCaptioner:
    return OnnxCaptioner(open_bundle(make_bundle(tmp_path, telling=True)))


@pytest.fixture
def settings(unique_name: Callable[[str], str]) -> Settings:
    return Settings(
        images_container=unique_name("images"), captions_container=unique_name("captions")
    )


@pytest.fixture
def store(azurite: Azurite, settings: Settings) -> Iterator[ImageStore]:
    connection = StorageConnection(connection_string=azurite.connection_string)
    with ImageStore.connect(connection, settings) as store:
        yield store


@pytest.fixture
def record(store: ImageStore, captioner: OnnxCaptioner) -> CaptionRecord:
    """The record of an image that was just captioned."""
    own = Lane("onnx", lambda: captioner, batch_size=8, threads=1, timeout_s=30)
    store.put_image(NAME, PICTURE)
    ImageEvents(store, CaptioningService(read, own, None)).landed(store.images_container, NAME)
    return store.get_record(NAME)[0]


@pytest.fixture
def explanations(store: ImageStore, captioner: OnnxCaptioner) -> Explanations:
    return Explanations(store, read, lambda: captioner)


@pytest.fixture
def rewrite(store: ImageStore, record: CaptionRecord) -> Callable[..., None]:
    """Change the own caption in the record."""

    def rewrite(**changes: object) -> None:
        _, etag = store.get_record(NAME)
        caption = msgspec.structs.replace(record.captions[0], **changes)
        store.put_record(msgspec.structs.replace(record, captions=(caption,)), etag)

    return rewrite


def test_each_word_of_the_caption_has_its_fields(
    explanations: Explanations, record: CaptionRecord
) -> None:
    found = explanations.of(NAME)
    (caption,) = record.captions
    assert (found.text, found.model, found.side) == (caption.text, caption.model, 2)
    assert [each.word for each in found.words] == caption.text.split()
    for each in found.words:
        assert len(each.attention) == 4
        assert 0.99 < sum(each.attention) <= 1


def test_other_words_are_looked_at_differently(
    explanations: Explanations, record: CaptionRecord, rewrite: Callable[..., None]
) -> None:
    rewrite(text="a dog runs")
    dog = explanations.of(NAME).words
    rewrite(text="a cat runs")
    cat = explanations.of(NAME).words
    assert dog[:1] == cat[:1]
    assert dog[2].attention != cat[2].attention


def test_words_that_the_model_lacks_are_shown(
    explanations: Explanations, rewrite: Callable[..., None]
) -> None:
    rewrite(text="A zeppelin's dog <b>sits</b>")
    words = [each.word for each in explanations.of(NAME).words]
    assert words == ["A", "zeppelin's", "dog", "<b>sits</b>"]


def test_the_model_that_looks_is_told_where_it_is_another(
    explanations: Explanations, captioner: OnnxCaptioner, rewrite: Callable[..., None]
) -> None:
    rewrite(model=ModelName("older", "1"))
    assert explanations.of(NAME).model == captioner.model


@pytest.mark.parametrize("change", [{"source": "azure-vision"}, {"language": "es"}])
def test_only_its_own_captions_are_explained(
    explanations: Explanations, rewrite: Callable[..., None], change: dict[str, str]
) -> None:
    rewrite(**change)
    with pytest.raises(AttentionUnavailable):
        explanations.of(NAME)


def test_a_caption_of_another_image_is_not_explained(
    explanations: Explanations, store: ImageStore, record: CaptionRecord
) -> None:
    store.put_image(NAME, image_bytes(plain(80, 60)))
    with pytest.raises(AttentionUnavailable, match="was replaced"):
        explanations.of(NAME)
    store.put_image(NAME, PICTURE[:200])
    with pytest.raises(CorruptImage):
        explanations.of(NAME)


def test_there_must_be_a_record_and_an_image(
    explanations: Explanations,
    record: CaptionRecord,
    blobs: BlobServiceClient,
    settings: Settings,
) -> None:
    with pytest.raises(RecordNotFound):
        explanations.of("nowhere.jpg")
    blobs.get_blob_client(settings.images_container, NAME).delete_blob()
    with pytest.raises(ImageNotFound):
        explanations.of(NAME)


def test_a_model_that_tells_no_attention_says_so(
    store: ImageStore, record: CaptionRecord, tmp_path: Path
) -> None:
    mute = OnnxCaptioner(open_bundle(make_bundle(tmp_path / "mute")))
    with pytest.raises(AttentionUnavailable, match="does not tell"):
        Explanations(store, read, lambda: mute).of(NAME)


def test_a_model_that_is_missing_is_told(store: ImageStore, record: CaptionRecord) -> None:
    def missing() -> OnnxCaptioner:
        raise BundleMissing("There is no model.")

    with pytest.raises(BundleMissing):
        Explanations(store, read, missing).of(NAME)
