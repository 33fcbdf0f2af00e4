"""A data set in shards, as TensorFlow's own records: pictures, captions, splits, vocabulary.

shards.json                       written last: sizes, counts and checksums of all that follows
train-00003-of-00016.tfrecord     pictures 3, 19, 35, … of the split, as `example` has them
train.captions.jsonl              all captions of the split, which every process knows
vocabulary.json, texts-0.tsv      words, and captions without pictures

Pictures are stored as they are learnt from, at the configuration's sizes and without loss, so that
a run learns the same from shards as from the images themselves.
"""

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from PIL import Image

from training.config import Data
from training.data.datasets import CaptionedImage, DataError
from training.data.splits import Split
from training.places import Place

MANIFEST = "shards.json"
_FEATURES = {
    "row": tf.io.FixedLenFeature([], tf.int64),
    "picture": tf.io.FixedLenFeature([], tf.string),
}


class StoredFile(msgspec.Struct, frozen=True):
    """A file of the set."""

    name: str
    bytes: int
    sha256: str


class Shard(StoredFile, frozen=True):
    """A part of a split."""

    images: int


class ShardedSplit(msgspec.Struct, frozen=True):
    """A split: picture `i` is in the shard of number `i` modulo how many there are."""

    images: int
    captions: int
    captions_file: StoredFile
    shards: tuple[Shard, ...]


class StoredTexts(StoredFile, frozen=True):
    """A file of captions without pictures; `of` names the one that it was, with its checksum."""

    of: str
    of_sha256: str


class ShardSet(msgspec.Struct, frozen=True, kw_only=True):
    """What `shards.json` tells.

    `made_from` tells one set of pictures, captions and settings from another; `data` and
    `text_min_count` are the settings that it was made by.
    """

    format: int = 1
    name: str
    made_from: str
    data: Data
    text_min_count: int | None
    splits: dict[Split, ShardedSplit]
    vocabulary: StoredFile
    texts: tuple[StoredTexts, ...] = ()


def read_shard_set(place: Place) -> ShardSet | None:
    """Read what shards are in a place; None where there are none. Raises `DataError`."""
    content = place.read(MANIFEST)
    if content is None:
        return None
    try:
        return msgspec.json.decode(content, type=ShardSet)
    except msgspec.DecodeError as fault:
        raise DataError(f"{MANIFEST} in {place} cannot be read: {fault}.") from None


def shard_name(split: Split, number: int, count: int) -> str:
    return f"{split}-{number:05}-of-{count:05}.tfrecord"


def example(row: int, image: CaptionedImage, pixels: NDArray[np.uint8]) -> bytes:
    """Give one picture as a record.

    `row` int64, its number in the split; `name`; `captions`; `picture`, a PNG file's bytes.
    """
    png = io.BytesIO()
    Image.fromarray(np.asarray(pixels)).save(png, "PNG")
    features = {
        "row": tf.train.Feature(int64_list=tf.train.Int64List(value=[row])),
        "name": _bytes([image.name]),
        "captions": _bytes(image.captions),
        "picture": tf.train.Feature(bytes_list=tf.train.BytesList(value=[png.getvalue()])),
    }
    record = tf.train.Example(features=tf.train.Features(feature=features))
    serialized: bytes = record.SerializeToString()
    return serialized


def write_shard(path: Path, records: Iterator[bytes]) -> int:
    """Write records into a file; give how many there were."""
    count = 0
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in records:
            writer.write(record)
            count += 1
    return count


def read_shard(path: Path) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Give the row and the pixels [side, side, 3] of each picture of a shard.

    Raises `DataError` where the file is none, or damaged.
    """

    def parsed(record: Any) -> Any:
        found = tf.io.parse_single_example(record, _FEATURES)
        return found["row"], tf.io.decode_png(found["picture"], channels=3)

    records = tf.data.TFRecordDataset(str(path)).map(parsed, tf.data.AUTOTUNE)
    try:
        for row, pixels in records:
            yield int(row), pixels.numpy()
    except (tf.errors.DataLossError, tf.errors.InvalidArgumentError) as fault:
        raise DataError(f"{path.name} is damaged: {fault.message}.") from None


def captions_of(images: Sequence[CaptionedImage]) -> bytes:
    """Write a split's captions, one image a line."""
    encoder = msgspec.json.Encoder()
    return encoder.encode_lines(
        [{"image": each.name, "captions": each.captions} for each in images]
    )


class _Line(msgspec.Struct):
    image: str
    captions: tuple[str, ...]


def read_captions(content: bytes) -> tuple[CaptionedImage, ...]:
    """Read what `captions_of` wrote; the images themselves are not there, only their pixels."""
    lines = msgspec.json.Decoder(_Line).decode_lines(content)
    return tuple(CaptionedImage(line.image, Path(line.image), line.captions) for line in lines)


def _bytes(texts: Sequence[str]) -> Any:
    values = [text.encode() for text in texts]
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))
