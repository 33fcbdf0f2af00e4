"""What captioners tell: how sure they are, and what came of asking Azure AI Vision."""

from collections.abc import Iterator
from contextlib import contextmanager

from captioner.telemetry import names
from captioner.telemetry.images import code_of
from captioner.telemetry.instruments import instruments, model_values
from captioner.telemetry.names import Attribute


def caption_made(source: str, confidence: float | None, model: tuple[str, str]) -> None:
    """Tell a new caption's confidence, unless it is unknown."""
    if confidence is not None:
        values = {**model_values(*model), Attribute.CAPTIONER: source}
        instruments().record(names.CONFIDENCE, confidence, values)


@contextmanager
def vision_asked() -> Iterator[None]:
    """Count the request to Azure AI Vision that a block makes, by what comes of it."""
    outcome = names.OK
    try:
        yield
    except Exception as fault:
        outcome = code_of(fault)
        raise
    finally:
        _count(outcome)


def vision_held_back() -> None:
    """Count a request that our own budget did not let go."""
    _count(names.HELD_BACK)


def _count(outcome: str) -> None:
    instruments().count(names.VISION_REQUESTS, {Attribute.OUTCOME: outcome})
