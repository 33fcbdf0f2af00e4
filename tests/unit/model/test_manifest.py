"""A bundle's version, and model.json as it is written and read."""

from pathlib import Path

import msgspec
import pytest
from msgspec import UNSET

from captioner.model.manifest import (
    Manifest,
    NoveltyLimit,
    read_manifest,
    version_of,
    write_manifest,
)
from captioner.model.repetition import Repetition
from captioner.model.vocabulary import Vocabulary
from tests.support.bundles import make_bundle


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    return read_manifest(make_bundle(tmp_path / "bundle", telling=True))


def changed(part: msgspec.Struct, **values: object) -> object:
    return msgspec.structs.replace(part, **values)


def test_whatever_captions_follow_from_makes_another_version(manifest: Manifest) -> None:
    others = {
        "encoder": changed(manifest.encoder, sha256="0" * 64),
        "decoder": changed(manifest.decoder, sha256="0" * 64),
        "resize": (64, *manifest.resize),
        "vocabulary": (*manifest.vocabulary, "zebra"),
        "beam": changed(manifest.beam, length_penalty=0.9),
        "alt_text_threshold": 0.5,
        "tags": changed(manifest.tags, threshold=0.4),
        "novelty": NoveltyLimit(0.9),
        "confidence": UNSET,
    }
    versions = {version_of(changed(manifest, **{name: value})) for name, value in others.items()}
    assert len(versions | {version_of(manifest)}) == len(others) + 1


def test_the_search_bars_repetition_where_the_bundle_says_so(manifest: Manifest) -> None:
    vocabulary = Vocabulary(manifest.vocabulary)
    assert manifest.beam.settings(vocabulary).repetition is None  # as bundles were before
    barring = changed(manifest.beam, bars_repetition=True)
    assert barring.settings(vocabulary).repetition == Repetition.of(vocabulary)


def test_what_is_only_told_makes_no_other_version(manifest: Manifest) -> None:
    told = {"name": "other", "version": "1", "metrics": {"test_beam3": {"cider": 50.0}},
            "training": {"seed": 2}, "data": {"name": "mine"}, "terms": "None."}  # fmt: skip
    assert version_of(changed(manifest, **told)) == version_of(manifest)


def test_a_version_is_the_same_when_it_is_read_again(manifest: Manifest, tmp_path: Path) -> None:
    shapes = dict(reversed(manifest.cache_shapes.items()))
    write_manifest(tmp_path, changed(manifest, cache_shapes=shapes))
    again = read_manifest(tmp_path)
    assert again == manifest
    assert version_of(again) == version_of(manifest)
