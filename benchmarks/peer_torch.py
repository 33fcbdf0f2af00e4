"""ViT-base + GPT-2 and BLIP-base with random weights, as `transformers` runs them on PyTorch.

Run by `benchmarks.peers` in the environment .venv-peers, which has nothing else of this project. It
answers lines on standard input: for `NAME NUMBER`, how many milliseconds picture NUMBER took.
How long a network of fixed size computes does not depend on its weights; so that captions are of
one length, none may end before the last word.
"""

import copy
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn
from transformers import (
    BlipConfig,
    BlipForConditionalGeneration,
    GPT2Config,
    VisionEncoderDecoderConfig,
    VisionEncoderDecoderModel,
    ViTConfig,
)
from transformers.pytorch_utils import Conv1D

Caption = Callable[[Image.Image], object]

START, END, PAD = 1, 2, 0


def pixels(picture: Image.Image, side: int) -> torch.Tensor:
    resized = picture.resize((side, side), Image.Resampling.BICUBIC)
    values = np.asarray(resized, np.float32).transpose(2, 0, 1) / 127.5 - 1
    return torch.from_numpy(values[None])


def vit_gpt2() -> nn.Module:
    decoder = GPT2Config(is_decoder=True, add_cross_attention=True)
    config = VisionEncoderDecoderConfig.from_encoder_decoder_configs(ViTConfig(), decoder)
    model = VisionEncoderDecoderModel(config=config).eval()
    for settings in (model.config, model.generation_config):
        settings.decoder_start_token_id = START
        settings.eos_token_id = END
        settings.pad_token_id = PAD
    return model


def blip() -> nn.Module:
    return BlipForConditionalGeneration(BlipConfig()).eval()


def in_eight_bits(model: nn.Module) -> nn.Module:
    """Quantise linear layers dynamically; GPT-2 calls its own Conv1D."""
    model = copy.deepcopy(model)
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, Conv1D):
                rows, columns = child.weight.shape
                linear = nn.Linear(rows, columns)
                linear.weight = nn.Parameter(child.weight.detach().t().contiguous())
                linear.bias = nn.Parameter(child.bias.detach())
                setattr(parent, name, linear)
    return torch.ao.quantization.quantize_dynamic(model, {nn.Linear}, dtype=torch.qint8)


def captioner(model: nn.Module, side: int, beams: int, words: int) -> Caption:
    def caption(picture: Image.Image) -> object:
        with torch.inference_mode():
            return model.generate(
                pixel_values=pixels(picture, side),
                num_beams=beams,
                do_sample=False,
                min_new_tokens=words,
                max_new_tokens=words,
            )

    return caption


def captioners(words: int) -> dict[str, Callable[[], Caption]]:
    """Give what makes each captioner at its first use, by its name."""
    made: dict[str, nn.Module] = {}

    def model(name: str) -> nn.Module:
        if name not in made:
            plain, _, eight = name.partition(" ")
            made[name] = (
                in_eight_bits(model(plain)) if eight else {"vit": vit_gpt2, "blip": blip}[plain]()
            )
        return made[name]

    def maker(name: str, beams: int) -> Callable[[], Caption]:
        side = {"vit": 224, "blip": 384}[name.split(maxsplit=1)[0]]
        return lambda: captioner(model(name), side, beams, words)

    return {
        f"{name.replace(' ', '-')}-{beams}": maker(name, beams)
        for name in ("vit", "vit int8", "blip")
        for beams in (1, 3)
    }


def main() -> None:
    """Answer requests until standard input ends."""
    warnings.filterwarnings("ignore")
    words, threads, *paths = sys.argv[1:]
    torch.set_num_threads(int(threads))
    torch.manual_seed(0)
    pictures = [Image.open(Path(path)).convert("RGB") for path in paths]
    makers, made = captioners(int(words)), {}
    for line in sys.stdin:
        name, number = line.split()
        try:
            if name not in made:
                made[name] = makers[name]()
                made[name](pictures[0])  # allocates
            began = time.perf_counter()
            made[name](pictures[int(number)])
            answer = f"{(time.perf_counter() - began) * 1000:.2f}"
        except Exception as fault:  # noqa: BLE001 - told to whoever asked
            answer = f"fault {type(fault).__name__}: {str(fault).splitlines()[0][:120]}"
        print(answer, flush=True)  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
