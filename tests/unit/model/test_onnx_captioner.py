from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from msgspec import UNSET, structs
from PIL import Image

from captioner.errors import AttentionUnavailable, LanguageUnsupported
from captioner.images import Picture
from captioner.model.attention import looks
from captioner.model.bundle import Bundle, Encoded, open_bundle
from captioner.model.decoding import beam_search
from captioner.model.manifest import TagNames
from captioner.model.onnx_captioner import OnnxCaptioner
from captioner.model.preprocessing import encoder_input
from captioner.model.vocabulary import text_of
from captioner.records import Alternative, Caption
from tests.support.bundles import TAGS, make_bundle


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return open_bundle(make_bundle(tmp_path_factory.mktemp("bundle")))


@pytest.fixture(scope="module")
def telling(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """Give a bundle with tags, novelty and a calibrated confidence."""
    return open_bundle(make_bundle(tmp_path_factory.mktemp("telling"), telling=True))


def picture(number: int) -> Picture:
    """Give one of many pictures, of any size, that the tiny model sees differently."""
    random = np.random.default_rng(number)
    width, height = random.integers(8, 80, 2)
    corners = random.integers(0, 256, (2, 2, 3), np.uint8)
    image = Image.fromarray(corners).resize((width, height), Image.Resampling.NEAREST)
    return Picture(image, b"", "image/png", int(width), int(height), str(number))


PICTURES = [picture(number) for number in range(19)]


def said(captions: list[Caption]) -> list[tuple[str, float | None, tuple[Alternative, ...]]]:
    return [(each.text, each.confidence, each.alternatives) for each in captions]


def test_a_caption_tells_where_it_came_from(bundle: Bundle) -> None:
    (caption,) = OnnxCaptioner(bundle).caption(PICTURES[:1])
    assert caption.source == "onnx"
    assert caption.language == "en"
    assert (caption.model.name, caption.model.version) == ("tiny", bundle.manifest.version)
    assert caption.elapsed_ms > 0
    assert caption.text


def test_captions_are_those_of_the_search_best_first(bundle: Bundle) -> None:
    (caption,) = OnnxCaptioner(bundle).caption(PICTURES[:1])
    pixels = encoder_input([PICTURES[0].image], bundle.manifest.resize)
    (ranked,) = beam_search(bundle.start(pixels), 1, bundle.beam_settings)
    texts = [text_of(bundle.vocabulary.decode(each.ids)) for each in ranked]
    assert [caption.text, *(each.text for each in caption.alternatives)] == texts
    assert caption.confidence == pytest.approx(ranked[0].mean_probability, abs=1e-4)


def test_captions_come_in_the_order_of_the_pictures(bundle: Bundle) -> None:
    captioner = OnnxCaptioner(bundle)
    captions = said(captioner.caption(PICTURES))
    assert said(captioner.caption(PICTURES[::-1])) == captions[::-1]
    assert len({text for text, *_ in captions}) > len(PICTURES) / 2


def test_a_caption_does_not_depend_on_its_batch(bundle: Bundle) -> None:
    captioner = OnnxCaptioner(bundle)
    alone = [said(captioner.caption([each]))[0] for each in PICTURES]
    assert said(captioner.caption(PICTURES)) == alone


def test_any_number_of_pictures_is_encoded_in_bounded_batches(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []
    really = Bundle.encode

    def noting(self: Bundle, pictures: np.ndarray) -> object:
        sizes.append(len(pictures))
        return really(self, pictures)

    monkeypatch.setattr(Bundle, "encode", noting)
    assert len(OnnxCaptioner(bundle).caption(PICTURES)) == len(PICTURES)
    assert sizes == [8, 8, 3]


def test_no_pictures_no_captions(bundle: Bundle) -> None:
    assert OnnxCaptioner(bundle).caption([]) == []


@pytest.mark.parametrize(
    ("beam_size", "alternatives", "given"),
    [(None, 2, 2), (None, 1, 1), (None, 0, 0), (1, 2, 0), (6, 4, 4), (6, 5, 5), (3, 10, 2)],
)
def test_alternatives_are_at_most_as_many_as_asked_for_and_as_there_are_beams(
    bundle: Bundle, beam_size: int | None, alternatives: int, given: int
) -> None:
    captioner = OnnxCaptioner(bundle, beam_size=beam_size, alternatives=alternatives)
    for caption in captioner.caption(PICTURES):
        assert len(caption.alternatives) == given
        texts = {caption.text, *(each.text for each in caption.alternatives)}
        assert len(texts) == given + 1


def test_a_call_has_its_own_say_in_how_many_alternatives_it_gets(bundle: Bundle) -> None:
    captioner = OnnxCaptioner(bundle, beam_size=4, alternatives=2)
    for asked, given in ((None, 2), (0, 0), (3, 3), (10, 3)):
        (caption,) = captioner.caption(PICTURES[:1], alternatives=asked)
        assert len(caption.alternatives) == given


def test_no_other_language_is_written_than_the_bundles(bundle: Bundle) -> None:
    captioner = OnnxCaptioner(bundle)
    assert said(captioner.caption(PICTURES, language="en")) == said(captioner.caption(PICTURES))
    with pytest.raises(LanguageUnsupported, match="'en' only; leave 'es'"):
        captioner.caption(PICTURES, language="es")


def test_confidences_are_between_zero_and_one(bundle: Bundle) -> None:
    for caption in OnnxCaptioner(bundle, beam_size=5, alternatives=4).caption(PICTURES):
        for each in (caption, *caption.alternatives):
            assert each.confidence is not None
            assert 0 < each.confidence < 1


def test_several_threads_at_once_say_what_one_says(bundle: Bundle) -> None:
    captioner = OnnxCaptioner(bundle)
    expected = said(captioner.caption(PICTURES))
    with ThreadPoolExecutor(8) as threads:
        calls = [threads.submit(captioner.caption, PICTURES) for _ in range(16)]
        assert all(said(call.result()) == expected for call in calls)


@pytest.mark.parametrize("turn", ["FLIP_TOP_BOTTOM", "FLIP_LEFT_RIGHT"])
def test_the_picture_is_what_is_captioned(bundle: Bundle, turn: str) -> None:
    """The tiny model sees four quarters: turned over, most pictures are others to it."""
    captioner = OnnxCaptioner(bundle)
    turned = [replace(each, image=each.image.transpose(Image.Transpose[turn])) for each in PICTURES]
    pairs = zip(captioner.caption(PICTURES), captioner.caption(turned), strict=True)
    assert sum(one.text != other.text for one, other in pairs) > len(PICTURES) / 2


def test_a_calibrated_confidence_is_the_chance_that_the_bundle_tells(telling: Bundle) -> None:
    manifest = telling.manifest
    (caption,) = OnnxCaptioner(telling).caption(PICTURES[:1])
    pixels = encoder_input([PICTURES[0].image], manifest.resize)
    (found,) = telling.search(pixels, telling.beam_settings)
    witness = telling.witness()
    chances = [manifest.confidence.chance(witness.evidence(found, place)) for place in range(3)]
    given = [caption.confidence, *(each.confidence for each in caption.alternatives)]
    assert given == pytest.approx(chances, abs=1e-4)
    assert given[0] != pytest.approx(found.ranked[0].mean_probability, abs=0.01)


def test_tags_above_the_threshold_are_told_surest_first(telling: Bundle) -> None:
    captions = OnnxCaptioner(telling).caption(PICTURES)
    for caption, one in zip(captions, PICTURES, strict=True):
        seen = telling.encode(encoder_input([one.image], telling.manifest.resize)).tags[0]
        chances = dict(zip(TAGS, seen, strict=True))
        expected = sorted(
            (tag for tag in TAGS if chances[tag] >= 0.3), key=lambda tag: -chances[tag]
        )
        assert [tag.name for tag in caption.tags] == expected
        for tag in caption.tags:
            assert tag.confidence == pytest.approx(chances[tag.name], abs=1e-4)
    assert len({caption.tags for caption in captions}) > 3


def test_only_the_surest_of_many_tags_are_told(
    telling: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = tuple(f"thing-{number}" for number in range(30))
    manifest = structs.replace(telling.manifest, tags=TagNames(names, threshold=0.1))
    really = Bundle.encode

    def seeing_more(self: Bundle, pictures: np.ndarray) -> Encoded:
        chances = np.linspace(0, 1, 30, dtype=np.float32)
        return replace(really(self, pictures), tags=np.tile(chances, (len(pictures), 1)))

    monkeypatch.setattr(Bundle, "encode", seeing_more)
    (caption,) = OnnxCaptioner(replace(telling, manifest=manifest)).caption(PICTURES[:1])
    assert [tag.name for tag in caption.tags] == list(names[:19:-1])


def test_the_novelty_is_the_pictures(telling: Bundle) -> None:
    colours = ((0, 0, 0), (128, 128, 128), (255, 255, 255))
    plain = [
        Picture(Image.new("RGB", (40, 30), colour), b"", "image/png", 40, 30, "x")
        for colour in colours
    ]
    novelties = [caption.novelty for caption in OnnxCaptioner(telling).caption(plain)]
    assert novelties == pytest.approx([0, 0.502, 1], abs=1e-3)


def test_a_bundle_that_does_not_tell_gives_neither_tags_nor_novelty(bundle: Bundle) -> None:
    captioner = OnnxCaptioner(bundle)
    (caption,) = captioner.caption(PICTURES[:1])
    assert caption.tags is UNSET
    assert caption.novelty is UNSET
    assert captioner.review_threshold is None
    assert captioner.novelty_threshold is None


def test_a_telling_bundle_sets_the_thresholds(telling: Bundle) -> None:
    captioner = OnnxCaptioner(telling)
    assert (captioner.review_threshold, captioner.novelty_threshold) == (0.1, 0.8)


def test_what_is_told_does_not_depend_on_the_batch(telling: Bundle) -> None:
    captioner = OnnxCaptioner(telling)
    together = [(each.tags, each.novelty) for each in captioner.caption(PICTURES)]
    for one, expected in zip(PICTURES, together, strict=True):
        (alone,) = captioner.caption([one])
        assert (alone.tags, alone.novelty) == expected


def test_it_looks_as_it_did_when_it_wrote_its_caption(telling: Bundle) -> None:
    captioner = OnnxCaptioner(telling)
    (caption,) = captioner.caption(PICTURES[:1])
    pixels = encoder_input([PICTURES[0].image], telling.manifest.resize)
    step = telling.encode(pixels, output="attention").step
    expected = looks(caption.text.split(), step, telling.vocabulary)

    found = captioner.look(PICTURES[0], caption.text)

    assert [word for word, _ in found] == [word for word, _ in expected]
    for (_, grid), (_, same) in zip(found, expected, strict=True):
        np.testing.assert_array_equal(grid, same)


def test_a_word_that_was_learnt_in_two_parts_has_the_mean_of_both(telling: Bundle) -> None:
    captioner = OnnxCaptioner(telling)
    parted = captioner.look(PICTURES[0], "the man 's dog")
    whole = captioner.look(PICTURES[0], "the man's dog")
    assert [word for word, _ in whole] == ["the", "man's", "dog"]
    np.testing.assert_array_equal(whole[1][1], np.mean([parted[1][1], parted[2][1]], axis=0))
    np.testing.assert_array_equal(whole[2][1], parted[3][1])


def test_it_follows_a_text_no_further_than_it_writes_itself(telling: Bundle) -> None:
    longest = telling.beam_settings.max_words
    found = OnnxCaptioner(telling).look(PICTURES[0], "dog " * (longest + 5))
    assert len(found) == longest


def test_a_model_that_tells_no_attention_says_so(bundle: Bundle) -> None:
    with pytest.raises(AttentionUnavailable):
        OnnxCaptioner(bundle).look(PICTURES[0], "a dog")


def test_attention_to_what_is_no_grid_is_not_told(
    telling: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode = Bundle.encode

    def with_one_more(*args: object, **options: object) -> Encoded:
        encoded = encode(*args, **options)

        def step(tokens: np.ndarray, parents: np.ndarray) -> np.ndarray:
            return np.pad(encoded.step(tokens, parents), ((0, 0), (0, 1)))

        return replace(encoded, step=step)

    monkeypatch.setattr(Bundle, "encode", with_one_more)
    with pytest.raises(AttentionUnavailable):
        OnnxCaptioner(telling).look(PICTURES[0], "a dog")
