"""Puts a prepared data set into shards, and makes a workspace of shards again."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import numpy as np
from numpy.lib.format import open_memmap

from captioner.model.vocabulary import Vocabulary
from training.config import ConfigError, TrainingConfig
from training.console import counting
from training.data.datasets import DataError
from training.data.pictures import Pictures
from training.data.sampling import Share
from training.data.shards import (
    MANIFEST,
    Shard,
    ShardedSplit,
    ShardSet,
    StoredFile,
    StoredTexts,
    captions_of,
    example,
    read_captions,
    read_shard,
    read_shard_set,
    shard_name,
    write_shard,
)
from training.data.splits import Split
from training.data.texts import Texts, load_texts
from training.places import Place, PlaceError, sha256_of
from training.workspace import Workspace, make_workspace, picture_folder

_UNFINISHED = "unfinished.json"


class _Unfinished(msgspec.Struct):
    """The shards that are written so far, of a set that is not whole yet."""

    made_from: str
    shards: dict[str, Shard]


def write_shards(workspace: Workspace, place: Place, count: int) -> ShardSet:
    """Write a workspace's data into a place, the training pictures in `count` shards.

    What is there already of the same set is left as it is. Raises `DataError` where there are fewer
    training pictures than shards, `PlaceError` where shards of another set are there.
    """
    pictures = len(workspace.pictures["train"].images)
    if count > pictures:
        raise DataError(f"{pictures} training pictures cannot fill {count} shards: ask for fewer.")
    made_from = _made_from(workspace, count)
    if (there := read_shard_set(place)) is not None:
        if there.made_from == made_from:
            return there
        raise PlaceError(
            f"{place} holds shards of other pictures, captions or settings: name another place, or "
            "delete what is there."
        )
    unfinished = _Unfinished(made_from, {})
    if content := place.read(_UNFINISHED):
        begun = msgspec.json.decode(content, type=_Unfinished)
        unfinished = begun if begun.made_from == made_from else unfinished
    splits = {}
    for split, each in workspace.pictures.items():
        shards = _write_split(each, split, min(count, len(each.images)), place, unfinished)
        captions = captions_of(each.images)
        splits[split] = ShardedSplit(
            len(each.images),
            sum(len(image.captions) for image in each.images),
            _write(place, f"{split}.captions.jsonl", captions),
            shards,
        )
    words = json.dumps(workspace.vocabulary.words, ensure_ascii=False, indent=0)
    config = workspace.config
    made = ShardSet(
        name=workspace.dataset,
        made_from=made_from,
        data=config.data,
        text_min_count=config.tags.text_min_count if config.tags else None,
        splits=splits,
        vocabulary=_write(place, "vocabulary.json", words.encode()),
        texts=tuple(_write_texts(place, each, n) for n, each in enumerate(workspace.texts)),
    )
    place.write(MANIFEST, msgspec.json.format(msgspec.json.encode(made), indent=1))
    place.delete(_UNFINISHED)
    return made


def _made_from(workspace: Workspace, count: int) -> str:
    """Tell one set from another, wherever its images lie."""
    config = workspace.config
    told = [
        count,
        msgspec.to_builtins(config.data),
        config.tags.text_min_count if config.tags else None,
        workspace.describe_data(),
        workspace.vocabulary.words,
        [hashlib.sha256(each.pixels).hexdigest() for each in workspace.pictures.values()],
    ]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _write_split(
    pictures: Pictures, split: Split, count: int, place: Place, unfinished: _Unfinished
) -> tuple[Shard, ...]:
    shards = []
    total = len(pictures.images)
    with counting(f"{split} shards", count) as advance, TemporaryDirectory() as folder:
        for number in range(count):
            name = shard_name(split, number, count)
            if name not in unfinished.shards:
                path = Path(folder, name)
                rows = range(number, total, count)
                written = write_shard(path, _records(pictures, rows))
                place.put(name, path)
                size, checksum = path.stat().st_size, sha256_of(path)
                unfinished.shards[name] = Shard(name, size, checksum, written)
                place.write(_UNFINISHED, msgspec.json.encode(unfinished))
                path.unlink()
            shards.append(unfinished.shards[name])
            advance()
    return tuple(shards)


def _records(pictures: Pictures, rows: Sequence[int]) -> Iterator[bytes]:
    for row in rows:
        yield example(row, pictures.images[row], pictures.pixels[row])


def _write(place: Place, name: str, content: bytes) -> StoredFile:
    place.write(name, content)
    return StoredFile(name, len(content), hashlib.sha256(content).hexdigest())


def _write_texts(place: Place, texts: Texts, number: int) -> StoredTexts:
    lines = [
        f"{row}\t{caption}\n" for row, captions in enumerate(texts.captions) for caption in captions
    ]
    file = _write(place, f"texts-{number}.tsv", "".join(lines).encode())
    return StoredTexts(file.name, file.bytes, file.sha256, texts.name, texts.sha256)


def open_sharded(
    config: TrainingConfig, shards: ShardSet, place: Place, runs: Path, share: Share
) -> Workspace:
    """Make a workspace of shards, with such pictures as this process's share of a run needs.

    The chief needs those of dev as well, and every process all pictures where the run has tags,
    whose recogniser is fitted to all. Raises `ConfigError` where the shards were made by other
    settings or cannot be shared evenly, `DataError` where one is damaged.
    """
    _check_settings(config, shards)
    count = len(shards.splits["train"].shards)
    if count % share.of:
        raise ConfigError(
            f"{count} shards cannot be shared evenly by {share.of} replicas: prepare a multiple."
        )
    folder = picture_folder(runs, shards.name, config.data.resize) / shards.made_from[:8]
    folder.mkdir(parents=True, exist_ok=True)
    own = share if config.tags is None else Share()
    pictures = {
        "train": _fill(shards, "train", place, folder, own),
        "dev": _fill(shards, "dev", place, folder, Share() if share.first == 0 else None),
        "test": _fill(shards, "test", place, folder, None),
    }
    words = json.loads(_checked(place, shards.vocabulary))
    texts = [_read_texts(place, each, folder) for each in shards.texts]
    return make_workspace(
        config,
        runs,
        shards.name,
        pictures,
        vocabulary=Vocabulary(words),
        texts=texts,
        lanes=count,
    )


def _check_settings(config: TrainingConfig, shards: ShardSet) -> None:
    text_min_count = config.tags.text_min_count if config.tags else None
    if config.data != shards.data or (shards.texts and text_min_count != shards.text_min_count):
        raise ConfigError(
            f"The shards were made by another [data] or [tags] than those of {config.name}: "
            "prepare them anew, with this configuration."
        )


def _fill(
    shards: ShardSet, name: Split, place: Place, folder: Path, share: Share | None
) -> Pictures:
    """Give a split's pictures, of which those of the share are read; none without a share."""
    split = shards.splits[name]
    images = read_captions(_checked(place, split.captions_file))
    checksum = hashlib.sha256("".join(each.sha256 for each in split.shards).encode()).hexdigest()
    side = shards.data.resize[-1]
    if share is None:
        return Pictures(images, np.empty((0, side, side, 3), np.uint8), checksum, checksum)
    path, noted = folder / f"{name}.npy", folder / f"{name}.json"
    done: list[str] = json.loads(noted.read_text()) if noted.is_file() else []
    if not done:
        path.unlink(missing_ok=True)
        open_memmap(path, "w+", np.uint8, (split.images, side, side, 3))  # holes take no room
    array = open_memmap(path, "r+")
    wanted = [
        shard for number, shard in enumerate(split.shards) if number % share.of in share.replicas()
    ]
    with counting(f"{name} shards", len(wanted)) as advance:
        for shard in wanted:
            if shard.name not in done:
                _read_into(array, shard, place, folder)
                done.append(shard.name)
                noted.write_text(json.dumps(done))
            advance()
    rows = None if share.of == 1 else share.rows(split.images)
    return Pictures(images, np.load(path, mmap_mode="r"), checksum, checksum, rows)


def _read_into(array: np.memmap, shard: Shard, place: Place, folder: Path) -> None:
    path = folder / shard.name
    place.fetch(shard.name, path)
    try:
        if sha256_of(path) != shard.sha256:
            raise DataError(f"{shard.name} in {place} is damaged: prepare the shards anew.")
        for row, pixels in read_shard(path):
            array[row] = pixels
        array.flush()
    finally:
        path.unlink()


def _checked(place: Place, file: StoredFile) -> bytes:
    content = place.get(file.name)
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise DataError(f"{file.name} in {place} is damaged: prepare the shards anew.")
    return content


def _read_texts(place: Place, stored: StoredTexts, folder: Path) -> Texts:
    path = folder / stored.name
    path.write_bytes(_checked(place, stored))
    return Texts(stored.of, load_texts(path).captions, stored.of_sha256)
