"""What starts jobs and what does their steps, put together."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from captioner.captioning import CaptioningService
from captioner.events import ImageEvents
from captioner.jobs.attempts import Origin
from captioner.jobs.backfill import BackfillOrigin
from captioner.jobs.course import Course
from captioner.jobs.directories import DirectoryOrigin
from captioner.jobs.ledger import Ledger
from captioner.jobs.lists import UrlOrigin
from captioner.jobs.messages import Steps
from captioner.jobs.service import Jobs
from captioner.jobs.worker import JobWorker
from captioner.ondemand import OnDemand
from captioner.serving import ModelSource
from captioner.sources import Sources
from captioner.store import Documents, ImageStore, MessageQueue

_AT_ONCE = 8  # of our own images, in one process


def build_jobs(
    documents: Documents,
    *,
    jobs_queue: MessageQueue,
    lists_queue: MessageQueue,
    sources: Callable[[], Sources],
    captioning: CaptioningService,
    on_demand: OnDemand,
    store: ImageStore,
    events: ImageEvents,
    models: ModelSource,
) -> tuple[Jobs, JobWorker]:
    """Put both together, on the same documents and queues; nothing is sent yet."""
    ledger = Ledger(documents)
    steps = Steps(jobs_queue, lists_queue)
    course = Course(ledger, steps)
    pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="backfill")
    origins: dict[str, Origin] = {
        "directory": DirectoryOrigin(ledger, sources, captioning, on_demand),
        "urls": UrlOrigin(ledger, sources, on_demand),
        "backfill": BackfillOrigin(store, events, pool),
    }
    return (
        Jobs(
            ledger,
            steps,
            course,
            sources=sources,
            store=store,
            captioning=captioning,
            models=models,
        ),
        JobWorker(ledger, steps, course, origins),
    )
