"""How a stage's weights follow its losses: AdamW, its rate along a cosine, weights averaged."""

from collections.abc import Mapping
from typing import Any

import keras

from training.config import Precision, Stage
from training.model import CaptionModel, SmoothedCrossEntropy


def optimizer_for(
    model: CaptionModel, stage: Stage, *, steps: int, precision: Precision = "float32"
) -> keras.optimizers.Optimizer:
    """Make the optimizer of a stage of so many steps, for what the model lets learn.

    Where half precision has few digits below one, gradients are computed of a scaled loss, and a
    step in which one is not finite changes nothing but the scale.
    """
    warmup = min(stage.warmup_steps, steps // 4)
    rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0 if warmup else stage.learning_rate,
        decay_steps=steps - warmup,
        warmup_target=stage.learning_rate if warmup else None,
        warmup_steps=warmup,
    )
    optimizer = TwoRateAdamW(
        rate,
        slower={each.path: stage.encoder_rate for each in model.encoder.variables},
        weight_decay=stage.weight_decay,
        beta_2=0.98,
        global_clipnorm=stage.clip_norm,
        use_ema=True,
        ema_momentum=stage.ema_momentum,
    )
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    if precision == "mixed_float16":
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    optimizer.build(model.trainable_variables)
    return optimizer


def loss_for(stage: Stage) -> SmoothedCrossEntropy:
    """Give the loss of a stage at each place; that of sampled captions is not smoothed."""
    smoothing = 0.0 if stage.objective == "self-critical" else stage.label_smoothing
    return SmoothedCrossEntropy(smoothing, reduction="none")


class TwoRateAdamW(keras.optimizers.AdamW):
    """AdamW that lets some variables, by their paths, learn at a share of the rate.

    Weights decay at the whole rate all the same. Gradients come summed over all replicas, as they
    must be before they are clipped together.
    """

    def __init__(self, rate: Any, *, slower: Mapping[str, float], **settings: Any) -> None:
        super().__init__(rate, **settings)
        self._slower = slower

    def build(self, variables: Any) -> None:
        super().build(variables)
        self._shares = [self._slower.get(variable.path, 1.0) for variable in variables]

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        share = self._shares[self._get_variable_index(variable)]
        super().update_step(gradient, variable, learning_rate * share)

    def _all_reduce_sum_gradients(self, grads_and_vars: Any) -> Any:
        return grads_and_vars
