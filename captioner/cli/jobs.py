"""Jobs of an app, by its HTTP API: started, followed, ended."""

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urljoin

import msgspec
import requests

from captioner.cli.terminal import Terminal
from captioner.errors import DownloadFailed, DownloadRefused, FileUnreadable, InvalidRequest
from captioner.jobs import ENDED, JobRequest, JobStatus, is_id
from captioner.ondemand import MOST_URLS, ManyUrls, OneDirectory

_LOOK_EVERY_S = 1.0
_TIMEOUT_S = 60.0
_RESULTS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Results:
    """Lines of results, and where those after them are; None at the end."""

    lines: Sequence[bytes]
    next: str | None


class App:
    """The jobs of an app that runs at a URL, asked with a key where there is one.

    Raises `DownloadFailed` where it does not answer, `DownloadRefused` with what it says against
    the request.
    """

    def __init__(self, url: str, key: str | None) -> None:
        self._url = url.rstrip("/")
        self._session = requests.Session()
        if key is not None:
            self._session.headers["x-functions-key"] = key

    def start(self, request: JobRequest) -> JobStatus:
        return _status(self._ask("POST", "/api/jobs", request))

    def status(self, job: str) -> JobStatus:
        return _status(self._ask("GET", f"/api/jobs/{job}"))

    def renew(self, job: str, uri: str) -> JobStatus:
        return _status(self._ask("PATCH", f"/api/jobs/{job}", {"directory": uri}))

    def cancel(self, job: str) -> JobStatus:
        return _status(self._ask("DELETE", f"/api/jobs/{job}"))

    def results(self, path: str) -> Results:
        answer = self._ask("GET", path)
        following = answer.links.get("next", {}).get("url")
        return Results(answer.content.splitlines(keepends=True), following)

    def _ask(self, method: str, path: str, body: Any = None) -> requests.Response:
        data = None if body is None else msgspec.json.encode(body)
        headers: Mapping[str, str] = {} if data is None else {"Content-Type": "application/json"}
        try:
            answer = self._session.request(
                method,
                urljoin(f"{self._url}/", path),
                data=data,
                headers=headers,
                timeout=_TIMEOUT_S,
            )
        except requests.RequestException:  # what it says may hold the signature
            raise DownloadFailed(
                f"No app answers at {self._url}; see that it runs, or name it with --url."
            ) from None
        if not answer.ok:
            raise DownloadRefused(_refusal(answer))
        return answer

    def __enter__(self) -> "App":
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()


@dataclass(frozen=True, slots=True)
class Wishes:
    """How a job's images are to be captioned; `save` and `force` are for directories."""

    save: bool = False
    force: bool = False
    neutral: bool | None = None


def request_of(arguments: Sequence[str], wishes: Wishes) -> JobRequest:
    """Give the job that people named: the SAS URI of a directory, or files of URLs, one a line.

    Raises `InvalidRequest` or `FileUnreadable`.
    """
    if any(re.match("https?://", each) for each in arguments):
        if len(arguments) > 1:
            raise InvalidRequest("Name one directory, or files of URLs; start other jobs apart.")
        return OneDirectory(
            directory=arguments[0], save=wishes.save, force=wishes.force, neutral=wishes.neutral
        )
    if wishes.save or wishes.force:
        raise InvalidRequest("--save and --force are for directories; leave them out.")
    urls = [url for each in arguments for url in _lines(each)]
    if not 0 < len(urls) <= MOST_URLS:
        raise InvalidRequest(
            f"The files hold {len(urls):,} URLs; a job takes 1 to {MOST_URLS:,}, one a line."
        )
    return ManyUrls(urls=tuple(urls), neutral=wishes.neutral)


def job_named(arguments: Sequence[str]) -> str | None:
    """Give the job that the only argument is the id of; None where it is something else."""
    (first, *others) = arguments
    return first if not others and is_id(first) and not Path(first).exists() else None


def follow(app: App, job: str, terminal: Terminal, *, output: Path | None) -> JobStatus:
    """Show a job's progress until it ends or pauses, and give how it stands then.

    Its results so far, and those to come, go to the file `output`.
    """
    with ExitStack() as stack:
        progress = stack.enter_context(terminal.progress())
        file = None if output is None else stack.enter_context(_opened(output))
        bar = progress.add_task("Listing", total=None)
        path: str | None = f"/api/jobs/{job}/results?limit={_RESULTS_AT_ONCE}"
        while True:
            status = app.status(job)
            counts = status.counts
            progress.update(
                bar,
                description=_described(status),
                total=counts.found or None,
                completed=counts.finished,
            )
            if file is not None:
                path = _copied(app, path, file)
            if status.state in ENDED or status.state == "paused":
                return status
            time.sleep(_LOOK_EVERY_S)


def say_how_to_go_on(job: str, terminal: Terminal) -> None:
    """Tell how to see to a job that runs on."""
    terminal.complain(
        f"The job runs on. Follow it: captioner job {job} --follow. "
        f"End it: captioner job {job} --cancel."
    )


def _copied(app: App, path: str | None, file: BinaryIO) -> str | None:
    """Write the results that there are by now, and give where the next ones will be."""
    while path is not None:
        results = app.results(path)
        file.writelines(results.lines)
        path = results.next
        if len(results.lines) < _RESULTS_AT_ONCE:
            break
    file.flush()
    return path


def _sum_up(status: JobStatus, terminal: Terminal) -> None:
    counts = status.counts
    parts = {
        "captioned": counts.done,
        "skipped": counts.skipped,
        "failed": counts.failed,
        "to come": counts.found - counts.finished,
    }
    told = ", ".join(f"{count:,} {what}" for what, count in parts.items() if count)
    terminal.line(f"{status.id}  {status.state}{': ' if told else ''}{told}")
    for problem in status.problems:
        terminal.complain(problem.message)
    if status.state == "paused":
        terminal.complain(f"Go on with: captioner job {status.id} --renew 'SAS URI' --follow")


def _described(status: JobStatus) -> str:
    if status.state != "running":
        return status.state.capitalize()
    if status.seconds_left is None:
        return "Captioning"
    return f"Captioning, {_duration(status.seconds_left)} left"


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.0f} h"


def _lines(name: str) -> Iterator[str]:
    try:
        text = Path(name).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as fault:
        reason = fault.strerror if isinstance(fault, OSError) else "it is not UTF-8"
        raise FileUnreadable(
            f"The list '{name}' cannot be read ({reason}); check its path and what it holds."
        ) from fault
    return (line.strip() for line in text.splitlines() if line.strip())


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("wb")
    except OSError as fault:
        raise FileUnreadable(
            f"The file '{path}' cannot be written ({fault.strerror}); check its path and access."
        ) from fault


def _status(answer: requests.Response) -> JobStatus:
    try:
        return msgspec.json.decode(answer.content, type=JobStatus)
    except msgspec.DecodeError:
        raise DownloadRefused("What answers there is no captioner; check --url.") from None


def _refusal(answer: requests.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        hint = "give its key with --key" if answer.status_code in {401, 403} else "check --url"
        return f"The app answers with status {answer.status_code}; {hint}."


def run(
    app: App,
    arguments: Sequence[str],
    wishes: Wishes,
    terminal: Terminal,
    *,
    follows: bool,
    output: Path | None,
    cancel: bool,
    renewed: str | None,
) -> bool:
    """Start a job, or see to the one that is named; tell whether all is well."""
    job = job_named(arguments)
    if job is None and (cancel or renewed is not None):
        raise InvalidRequest("Name the job by its id to cancel or renew it.")
    if job is None:
        status = app.start(request_of(arguments, wishes))
    elif cancel:
        status = app.cancel(job)
    elif renewed is not None:
        status = app.renew(job, renewed)
    else:
        status = app.status(job)
    if cancel or not (follows or output):
        _sum_up(status, terminal)
        return True
    return see_through(app, status, terminal, output=output)


def see_through(app: App, status: JobStatus, terminal: Terminal, *, output: Path | None) -> bool:
    """Follow a job to its end, sum it up, and tell whether all is well."""
    try:
        status = follow(app, status.id, terminal, output=output)
    except KeyboardInterrupt:
        say_how_to_go_on(status.id, terminal)
        raise
    _sum_up(status, terminal)
    return status.state == "done" and not status.counts.failed
