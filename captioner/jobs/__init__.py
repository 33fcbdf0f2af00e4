"""Captioning of many images asked for at once: fanned out over a queue, results gathered.

A job lives in storage alone, as documents of one container whose names begin so (`ID` grows
smaller with time, so that the newest job is listed first):

    jobs/ID                          what was asked, the state, problems; changed a few times only
    sources/ID                       the secret: the directory's SAS URI, or the list of URLs, which
                                     may be signed; deleted at the end
    pages/ID/PAGE                    the images on one page of the listing, written once; its
                                     metadata counts what came of them
    results/ID/PAGE/ROUND-CHUNK      a line for each image of one chunk of a page, written once; its
                                     metadata counts them and tells which images wait

Two queues of messages that say which step of which job is next, and nothing else: one for listing,
which runs ahead so that the number of images is soon known; one for captioning, where a job's next
page is taken up only behind the chunks of the one before, so that a small job need not wait for the
end of a large one. A step may come twice or break off anywhere: what is written down is not
done again, and only the first writing of a page or a chunk counts.

An image that fails for a passing reason waits: its chunk comes again in another round, some time
later, with the images that wait only. After the last round what is missing stays a problem.
"""

from captioner.jobs.assembly import build_jobs
from captioner.jobs.job import ENDED, Counts, Job, JobStatus, State, is_id
from captioner.jobs.messages import JOBS_QUEUE, LISTS_QUEUE, JobMessage
from captioner.jobs.requests import Backfill, JobRequest
from captioner.jobs.results import Cursor, Result, ResultPage
from captioner.jobs.service import JobPage, Jobs
from captioner.jobs.worker import JobWorker

__all__ = [
    "ENDED",
    "JOBS_QUEUE",
    "LISTS_QUEUE",
    "Backfill",
    "Counts",
    "Cursor",
    "Job",
    "JobMessage",
    "JobPage",
    "JobRequest",
    "JobStatus",
    "JobWorker",
    "Jobs",
    "Result",
    "ResultPage",
    "State",
    "build_jobs",
    "is_id",
]
