"""Every name in our telemetry; what is not named here is never sent.

All of it is of few values, but for the image's pseudonym, the job and the times: metrics carry
none of these. Queries and documents are checked against this module.
"""

from dataclasses import dataclass
from enum import StrEnum

PREFIX = "captioner."

# Each about twice the one before; a model takes tens of milliseconds, a stuck service a minute.
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
_WAITS = (0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 21600.0)
_SHARES = tuple(tenth / 10 for tenth in range(1, 10))


class Stage(StrEnum):
    """What is done with an image, one after the other; each is a span below the image's."""

    FETCH = "fetch"
    DECODE = "decode"
    ENCODE = "encode"
    BEAM_SEARCH = "beam_search"
    VISION = "vision"
    STORE = "store"

    @property
    def span(self) -> str:
        return PREFIX + self.value


class Origin(StrEnum):
    """Why an image is captioned."""

    EVENT = "event"
    RETRY = "retry"
    REFRESH = "refresh"
    REQUEST = "request"


class Attribute(StrEnum):
    """What spans, metrics and log records carry; the value is the name that is sent."""

    def __new__(cls, name: str, meaning: str = "") -> "Attribute":
        made = str.__new__(cls, name)
        made._value_ = name
        made.meaning = meaning
        return made

    meaning: str

    IMAGE = "captioner.image", "pseudonym of the image: the start of its name's SHA-256"
    ORIGIN = (
        "captioner.origin",
        "why: an `event` of storage, a `retry`, a job to `refresh` the collection, or a `request`",
    )
    OUTCOME = "captioner.outcome", "`captioned`, `up_to_date`, `replaced`, `gone` or an error code"
    STAGE = "captioner.stage", "`fetch`, `decode`, `encode`, `beam_search`, `vision`, `store`"
    BATCH = "captioner.batch", "how many images shared the stage"
    CAPTIONER = "captioner.source", "who made a caption: `onnx` or `azure-vision`"
    MODEL_NAME = "captioner.model.name", "name of the model, `none` before it is opened"
    MODEL_VERSION = "captioner.model.version", "version of the model, `none` before it is opened"
    QUEUE = "captioner.queue", "name of the queue"
    STEP = "captioner.step", "`list`, `sweep` or `chunk`"
    JOB = "captioner.job", "the job's id"
    CODE = "captioner.code", "an error code"
    CODES = "captioner.codes", "the error codes of an image"
    ATTEMPT = "captioner.attempt", "which attempt it was, from 0"
    DELAY = "captioner.delay_s", "seconds until the next attempt"
    ERROR = "error.type", "an error code, or the kind of an unforeseen exception"


IMAGE_SPAN = PREFIX + "image"
STEP_SPAN = PREFIX + "job_step"
SPANS = {
    IMAGE_SPAN: "one image, from its event or request to its record",
    STEP_SPAN: "one step of a job; its images are below it",
    Stage.FETCH.span: "getting the bytes, from storage or from another server",
    Stage.DECODE.span: "bytes to a safe picture",
    Stage.ENCODE.span: "the own model's encoder",
    Stage.BEAM_SEARCH.span: "the own model's decoder",
    Stage.VISION.span: "Azure AI Vision, waiting for its turn and further tries included",
    Stage.STORE.span: "writing the record",
}


@dataclass(frozen=True, slots=True)
class Metric:
    """A histogram where there are `buckets` (upper bounds, in `unit`), else a counter."""

    name: str
    unit: str
    meaning: str
    dimensions: tuple[Attribute, ...]
    buckets: tuple[float, ...] = ()


IMAGES = Metric(
    "captioner.images",
    "{image}",
    "images that were dealt with",
    (Attribute.ORIGIN, Attribute.OUTCOME),
)
IMAGE_DURATION = Metric(
    "captioner.image.duration",
    "s",
    "from event or request to record",
    (Attribute.ORIGIN, Attribute.OUTCOME),
    _SECONDS,
)
STAGE_DURATION = Metric(
    "captioner.stage.duration",
    "s",
    "one stage of one image; of a batch, its share",
    (Attribute.STAGE, Attribute.OUTCOME),
    _SECONDS,
)
CONFIDENCE = Metric(
    "captioner.caption.confidence",
    "1",
    "confidence of new captions; the model is the caption's own",
    (Attribute.CAPTIONER,),
    _SHARES,
)
RETRIES = Metric(
    "captioner.retries",
    "{retry}",
    "images put on the queue to be tried again",
    (Attribute.CODE, Attribute.ATTEMPT),
)
QUEUE_WAIT = Metric(
    "captioner.queue.wait",
    "s",
    "from when a message was due to when it was taken",
    (Attribute.QUEUE,),
    _WAITS,
)
POISONED = Metric(
    "captioner.queue.poisoned",
    "{message}",
    "messages that the platform gave up on",
    (Attribute.QUEUE,),
)
VISION_REQUESTS = Metric(
    "captioner.vision.requests",
    "{request}",
    "requests to Azure AI Vision by what came of them: `ok`, an error code, "
    "or `held_back` for one that our own budget did not let go",
    (Attribute.OUTCOME,),
)
METRICS = (
    IMAGES,
    IMAGE_DURATION,
    STAGE_DURATION,
    CONFIDENCE,
    RETRIES,
    QUEUE_WAIT,
    POISONED,
    VISION_REQUESTS,
)

OK = "ok"
CAPTIONED = "captioned"
UP_TO_DATE = "up_to_date"
REPLACED = "replaced"
GONE = "gone"
HELD_BACK = "held_back"
