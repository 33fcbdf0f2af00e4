"""What an operator sees of the app: spans, metrics and logs, with nothing secret or personal.

The worker configures where they go, if anywhere; here is only what they say, by OpenTelemetry's
API. Where nobody listens, all of it costs next to nothing.
"""

from captioner.telemetry.images import ImageTrace, at_work, image_at_work, stage
from captioner.telemetry.instruments import tell_model
from captioner.telemetry.messages import Traced, posted, received
from captioner.telemetry.names import CAPTIONED, GONE, REPLACED, UP_TO_DATE, Origin, Stage
from captioner.telemetry.propagation import following
from captioner.telemetry.queues import poisoned, step_at_work, tried_again
from captioner.telemetry.told import caption_made, vision_asked, vision_held_back

__all__ = [
    "CAPTIONED",
    "GONE",
    "REPLACED",
    "UP_TO_DATE",
    "ImageTrace",
    "Origin",
    "Stage",
    "Traced",
    "at_work",
    "caption_made",
    "following",
    "image_at_work",
    "poisoned",
    "posted",
    "received",
    "stage",
    "step_at_work",
    "tell_model",
    "tried_again",
    "vision_asked",
    "vision_held_back",
]
