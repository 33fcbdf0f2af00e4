"""Configurations of runs that learn the tiny data set in seconds, one of each decoder."""

from typing import Any

SIDE = 64
EPOCHS = 20  # of fewer, the transformer says too little that differs
SETTINGS: dict[str, dict[str, Any]] = {
    "transformer": {
        "sizes": "{ width = 64, heads = 2, inner_width = 64, depth = 1 }",
        "epochs": EPOCHS,
        "rate": 3e-3,
        "images": 4,
    },
    "attention-lstm": {
        "sizes": "{ width = 64, attention_width = 32 }",
        "epochs": 24,
        "rate": 1e-2,
        "images": 2,
    },
    "merge-lstm": {
        "sizes": "{ width = 64, word_width = 32 }",
        "epochs": 24,
        "rate": 1e-2,
        "images": 2,
    },
}
_CONFIG = """
name = "{name}"
[data]
resize = [{side}]
min_count = 1
max_words = 10
captions_per_image = 1
[encoder]
name = "efficientnet-lite0"
[decoder]
kind = "{kind}"
dropout = 0.0
sizes = {sizes}
[beam]
min_words = 3
[[stages]]
name = "decoder"
epochs = {epochs}
learning_rate = {rate}
warmup_steps = 10
ema_momentum = 0.8
patience = 20
images_per_step = {images}
"""


def configuration(kind: str, name: str | None = None) -> str:
    """Give the file of a run with this decoder, which is its name too unless another is given."""
    return _CONFIG.format(name=name or kind, kind=kind, side=SIDE, **SETTINGS[kind])
