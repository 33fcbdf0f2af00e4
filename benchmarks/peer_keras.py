"""The tutorial's way, VGG16 and an LSTM asked word by word, and our own model in Keras.

Run by `benchmarks.peers`, and answers lines as `benchmarks.peer_torch` does. The tutorial's network
has random weights, ours those of the bundle as far as sizes go: neither matters for time.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from PIL import Image

from captioner.model.bundle import open_bundle
from captioner.model.preprocessing import encoder_input
from training.decode import KerasCaptioner
from training.model import build_model
from training.restore import config_of, load_weights, tags_of, without_files

Caption = Callable[[Image.Image], object]

_VOCABULARY, _WIDTH, _WORD_WIDTH, _LONGEST = 8_800, 256, 200, 34


def tutorial(words: int) -> Caption:
    """VGG16's last hidden layer, then `predict` of a merge LSTM for each word."""
    vgg = keras.applications.VGG16(weights=None)
    features = keras.Model(vgg.input, vgg.get_layer("fc2").output)
    seen, said = keras.Input((4096,)), keras.Input((_LONGEST,))
    picture = layers.Dense(_WIDTH, activation="relu")(layers.Dropout(0.5)(seen))
    embedded = layers.Embedding(_VOCABULARY, _WORD_WIDTH, mask_zero=True)(said)
    sentence = layers.LSTM(_WIDTH, use_cudnn=False)(layers.Dropout(0.5)(embedded))
    merged = layers.Dense(_WIDTH, activation="relu")(layers.add([picture, sentence]))
    decoder = keras.Model([seen, said], layers.Dense(_VOCABULARY, activation="softmax")(merged))

    def caption(image: Image.Image) -> object:
        pixels = np.asarray(image.resize((224, 224)), np.float32)[np.newaxis]
        grid = features.predict(keras.applications.vgg16.preprocess_input(pixels), verbose=0)
        prefix = np.zeros((1, _LONGEST), np.int32)
        prefix[0, 0] = 1
        for place in range(1, words + 1):
            chances = decoder.predict([grid, prefix], verbose=0)
            prefix[0, place] = max(int(chances.argmax()), 3)
        return prefix

    return caption


def ours(beams: int) -> Caption:
    """Our own network in Keras, its step traced, through the app's own search."""
    folder = Path("models")
    bundle = open_bundle(folder)
    config = config_of(bundle.manifest)
    model: Any = build_model(without_files(config), len(bundle.vocabulary), tags_of(bundle))
    load_weights(model, folder, bundle.manifest)
    captioner = KerasCaptioner(model)
    settings = replace(bundle.beam_settings, beam_size=beams)

    def caption(image: Image.Image) -> object:
        pixels = encoder_input([image], bundle.manifest.resize)
        return list(captioner.search(pixels, settings))

    return caption


def main() -> None:
    """Answer requests until standard input ends."""
    words, threads, *paths = sys.argv[1:]
    tf.config.threading.set_intra_op_parallelism_threads(int(threads))
    tf.config.threading.set_inter_op_parallelism_threads(int(threads))
    pictures = [Image.open(Path(path)).convert("RGB") for path in paths]
    makers: dict[str, Callable[[], Caption]] = {
        "tutorial": lambda: tutorial(int(words)),
        "keras-1": lambda: ours(1),
        "keras-3": lambda: ours(3),
    }
    made: dict[str, Caption] = {}
    for line in sys.stdin:
        name, number = line.split()
        if name not in made:
            made[name] = makers[name]()
            for picture in pictures[:2]:  # traces and allocates
                made[name](picture)
        began = time.perf_counter()
        made[name](pictures[int(number)])
        sys.stdout.write(f"{(time.perf_counter() - began) * 1000:.2f}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
