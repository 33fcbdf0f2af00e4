"""Jobs."""

from captioner import errors
from captioner.api.documents import JobList
from captioner.api.openapi import examples
from captioner.api.openapi.operations.telling import (
    ACCEPTED,
    ELSEWHERE,
    FRESH,
    JOB,
    JOB_DOCUMENT,
    JSON,
    NEXT,
    STORAGE,
    Answer,
    Content,
    Operation,
)
from captioner.api.requests import JobsQuery, ListQuery, Renewal, ResultsQuery
from captioner.jobs import Backfill, Result
from captioner.ondemand import ManyUrls, OneDirectory

JOBS = (
    Operation(
        id="startJob",
        method="post",
        path="/api/jobs",
        group="Jobs",
        summary="Start a job",
        description=(
            "A job captions a directory in somebody's storage account, a list of URLs, or all that "
            "lacks a record in the images container. A list may be sent as text with one URL a "
            "line; the options are in the query then, else in the JSON."
        ),
        query=ListQuery,
        body=(
            Content(
                JSON,
                (ManyUrls, OneDirectory, Backfill),
                examples={
                    "urls": examples.MANY_URLS,
                    "directory": examples.DIRECTORY,
                    "backfill": examples.BACKFILL,
                },
            ),
            Content(
                "text/plain",
                schema={"type": "string", "pattern": r"\S"},
                examples={"list": examples.LIST},
            ),
        ),
        answers=(ACCEPTED,),
        faults=(
            *ELSEWHERE,
            errors.CaptionerNotConfigured,
            errors.ModelUnknown,
            errors.BundleError,
            errors.StoreConflict,
            *STORAGE,
            errors.InvalidRequest,
            errors.ContradictoryRequest,
            errors.RequestTooLarge,
            errors.SaveRefused,
            errors.UnsupportedMediaType,
        ),
    ),
    Operation(
        id="listJobs",
        method="get",
        path="/api/jobs",
        group="Jobs",
        summary="All jobs",
        description="Jobs, the newest first.",
        query=JobsQuery,
        answers=(
            Answer(
                200,
                "Some of them.",
                (Content(JSON, (JobList,), examples={"jobs": examples.JOBS}),),
                {"Link": NEXT},
            ),
        ),
        faults=(*STORAGE, errors.InvalidRequest, errors.InvalidCursor),
    ),
    Operation(
        id="job",
        method="get",
        path="/api/jobs/{id}",
        group="Jobs",
        summary="How a job stands",
        description="Its state, its counts, its rate, and the time it has left.",
        places=(JOB,),
        answers=(Answer(200, "The job.", (JOB_DOCUMENT,), {"Cache-Control": FRESH}),),
        faults=(errors.JobNotFound, *STORAGE),
    ),
    Operation(
        id="results",
        method="get",
        path="/api/jobs/{id}/results",
        group="Jobs",
        summary="The results of a job",
        description=(
            "One JSON document a line, a record or a problem for each image. Readable while the "
            "job runs: no result comes twice, and none is passed over."
        ),
        places=(JOB,),
        query=ResultsQuery,
        answers=(
            Answer(
                200,
                "Some of them; each line is a `Result`, empty where there are none yet.",
                (
                    Content(
                        "application/x-ndjson",
                        (Result,),
                        schema={"type": "string"},
                        examples={"results": examples.RESULT_LINES},
                    ),
                ),
                {"Link": NEXT},
            ),
        ),
        faults=(errors.JobNotFound, *STORAGE, errors.InvalidRequest, errors.InvalidCursor),
    ),
    Operation(
        id="renewJob",
        method="patch",
        path="/api/jobs/{id}",
        group="Jobs",
        summary="Go on with a job by a new SAS",
        description="For a job over a directory whose shared access signature has expired.",
        places=(JOB,),
        body=(Content(JSON, (Renewal,), examples={"directory": examples.RENEWAL}),),
        answers=(
            Answer(200, "The job, which goes on.", (JOB_DOCUMENT,), {"Cache-Control": FRESH}),
        ),
        faults=(
            errors.JobError,
            *ELSEWHERE,
            errors.StoreConflict,
            *STORAGE,
            errors.InvalidRequest,
            errors.ContradictoryRequest,
            errors.RequestTooLarge,
        ),
    ),
    Operation(
        id="cancelJob",
        method="delete",
        path="/api/jobs/{id}",
        group="Jobs",
        summary="Cancel a job",
        description="The job ends; what it has found stays. One that has ended stays as it is.",
        places=(JOB,),
        answers=(
            Answer(200, "The job, which has ended.", (JOB_DOCUMENT,), {"Cache-Control": FRESH}),
        ),
        faults=(errors.JobNotFound, errors.StoreConflict, *STORAGE),
    ),
)
