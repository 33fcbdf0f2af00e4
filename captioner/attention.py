"""Where the own model looked for the words of the caption that an image has."""

from collections.abc import Callable
from typing import Annotated

import numpy as np
from msgspec import Meta, Struct

from captioner.errors import AttentionUnavailable
from captioner.images import Picture
from captioner.model.attention import Place, place_of
from captioner.model.onnx_captioner import OnnxCaptioner
from captioner.records import Caption, ModelName, Share
from captioner.store import ImageStore

_DIGITS = 10_000  # of a share that are told, as a number that they are whole of


class WordAttention(Struct, frozen=True):
    """How much the model looked at each part of the picture for a word, row by row from the top."""

    word: str
    place: Place
    attention: tuple[Share, ...]


class Attention(Struct, frozen=True):
    """What a model looked at; the picture is parted into `side` by `side` fields."""

    model: ModelName
    text: str
    side: Annotated[int, Meta(ge=1)]
    words: tuple[WordAttention, ...]


class Explanations:
    """Explains captions that are in records; safe to share between threads."""

    def __init__(
        self,
        store: ImageStore,
        decode: Callable[[bytes], Picture],
        captioner: Callable[[], OnnxCaptioner],
    ) -> None:
        self._store = store
        self._decode = decode
        self._captioner = captioner

    def of(self, name: str) -> Attention:
        """Look at an image anew, along the words of the caption that its record has.

        That is done by the model that is here now, which the answer names: it may be another than
        the caption's. Raises `AttentionUnavailable`, `ImageError`, `BundleError` or `StoreError`.
        """
        record, _ = self._store.get_record(name)
        captioner = self._captioner()
        caption = _explainable(record.caption_by(captioner.source), captioner.language)
        picture = self._decode(self._store.get_image(name).data)
        if picture.sha256 != record.image.sha256:
            raise AttentionUnavailable("The image was replaced; look again once it has captions.")
        words = captioner.look(picture, caption.text)
        return Attention(
            captioner.model,
            caption.text,
            len(words[0][1]),
            tuple(
                WordAttention(
                    word,
                    place_of(grid),
                    # Never rounded up: the parts must not be more than the whole.
                    tuple((np.floor(grid.astype(float).ravel() * _DIGITS) / _DIGITS).tolist()),
                )
                for word, grid in words
            ),
        )


def _explainable(caption: Caption | None, language: str) -> Caption:
    if caption is None:
        raise AttentionUnavailable("The record of this image has no caption by the own model.")
    if caption.language != language:
        raise AttentionUnavailable(
            f"The caption is in '{caption.language}' and the model that is here writes "
            f"'{language}': caption the image anew."
        )
    return caption
