"""A job's documents in storage, and the conditions on which they are written."""

from collections.abc import Callable, Sequence

import msgspec

from captioner.errors import JobEnded, JobNotFound, StoreConflict
from captioner.jobs.job import Job, is_id
from captioner.jobs.pages import ChunkTally, Page, Tally
from captioner.store import Documents

_WRITES = 20  # tries to write a document that others write too
_RESULT = "results/{job}/{page:07}/{round:02}-{chunk:03}"


class Ledger:
    """Reads and writes what storage knows of jobs; safe to share between threads.

    Every method may raise `StoreError`.
    """

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def create(self, job: Job) -> None:
        self._documents.create(_job(job.id), msgspec.json.encode(job))

    def find(self, job: str) -> Job | None:
        if not is_id(job):
            return None  # it would name another document
        found = self._documents.read(_job(job))
        return None if found is None else msgspec.json.decode(found.data, type=Job)

    def get(self, job: str) -> Job:
        """Raises `JobNotFound`."""
        found = self.find(job)
        if found is None:
            raise JobNotFound("There is no such job; GET /api/jobs lists those that there are.")
        return found

    def change(self, job: str, changed: Callable[[Job], Job | None]) -> Job:
        """Change a job as it is at present, and give it as it is then; None leaves it alone.

        Raises `JobNotFound`.
        """
        for _ in range(_WRITES):
            found = self._documents.read(_job(job))
            if found is None:
                return self.get(job)
            before = msgspec.json.decode(found.data, type=Job)
            after = changed(before)
            if after is None or after == before:
                return before
            try:
                self._documents.replace(found.name, msgspec.json.encode(after), found.etag)
            except StoreConflict:
                continue
            return after
        raise StoreConflict(f"The job {job} is changed by too many at once; try again.")

    def newest(self, token: str | None, size: int) -> tuple[Sequence[str], str | None]:
        """List jobs by id, the newest first, and what asks for those after them."""
        listing = self._documents.page(_job(""), token=token, size=size)
        return [each.name.removeprefix(_job("")) for each in listing.entries], listing.next

    def put_source(self, job: str, secret: bytes) -> None:
        """Keep a job's secret, in place of the one before."""
        self._documents.put(_source(job), secret)

    def source(self, job: str) -> bytes:
        """Raises `JobEnded` where the secret is deleted already."""
        found = self._documents.read(_source(job))
        return _there(None if found is None else found.data)

    def source_part(self, job: str, start: int, end: int) -> bytes:
        """Raises `JobEnded` where the secret is deleted already."""
        return _there(self._documents.read_part(_source(job), start, end))

    def delete_source(self, job: str) -> None:
        self._documents.delete(_source(job))

    def create_page(self, job: str, number: int, page: Page) -> Page:
        """Write a page down, and give the one that counts: the first that was written."""
        tally = Tally(page.count, last=page.next is None)
        created = self._documents.create(
            _page(job, number), msgspec.json.encode(page), metadata=tally.metadata
        )
        return page if created else self.page(job, number) or page

    def page(self, job: str, number: int) -> Page | None:
        found = self._documents.read(_page(job, number))
        return None if found is None else msgspec.json.decode(found.data, type=Page)

    def has_page(self, job: str, number: int) -> bool:
        return self._documents.look(_page(job, number)) is not None

    def tallies(self, job: str) -> list[Tally]:
        """Give what came of each page, in order."""
        return [Tally.of(each.metadata) for each in self._documents.every(f"pages/{job}/")]

    def recount(self, job: str, number: int) -> Tally | None:
        """Count a page anew from its results, and give what came of it; None if there is no page.

        Looked at before the results are: should they be counted by somebody else meanwhile, it is
        done once more, so that no count is ever written over a later one.
        """
        for _ in range(_WRITES):
            entry = self._documents.look(_page(job, number))
            if entry is None:
                return None
            before = Tally.of(entry.metadata)
            after = before.counted(self.chunks(job, number))
            if after == before:
                return after
            try:
                self._documents.describe(entry.name, after.metadata, entry.etag)
            except StoreConflict:
                continue
            return after
        raise StoreConflict(f"Page {number} of the job {job} is counted by too many at once.")

    def chunks(self, job: str, number: int) -> list[ChunkTally]:
        """Give the results that a page has, by round and chunk."""
        prefix = f"results/{job}/{number:07}/"
        found = []
        for each in self._documents.every(prefix):
            round_, _, chunk = each.name.removeprefix(prefix).partition("-")
            found.append(ChunkTally.of(int(round_), int(chunk), each.metadata))
        return found

    def chunk(self, job: str, page: int, round_: int, chunk: int) -> ChunkTally | None:
        """Give what is known of one result; None where there is none."""
        name = _RESULT.format(job=job, page=page, round=round_, chunk=chunk)
        found = self._documents.look(name)
        return None if found is None else ChunkTally.of(round_, chunk, found.metadata)

    def lines(self, job: str, page: int, round_: int, chunk: int) -> list[bytes]:
        """Give the lines of a result."""
        name = _RESULT.format(job=job, page=page, round=round_, chunk=chunk)
        found = self._documents.read(name)
        return [] if found is None else found.data.splitlines()

    def create_result(self, job: str, page: int, tally: ChunkTally, lines: bytes) -> bool:
        """Write a result down, and tell whether it is the one that counts: the first."""
        name = _RESULT.format(job=job, page=page, round=tally.round, chunk=tally.chunk)
        return self._documents.create(name, lines, metadata=tally.metadata)


def _there(secret: bytes | None) -> bytes:
    if secret is None:
        raise JobEnded("The job has ended, and what opened its images is deleted.")
    return secret


def _job(job: str) -> str:
    return f"jobs/{job}"


def _source(job: str) -> str:
    return f"sources/{job}"


def _page(job: str, number: int) -> str:
    return f"pages/{job}/{number:07}"
