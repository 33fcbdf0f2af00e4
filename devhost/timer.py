"""Timer triggers: NCRONTAB schedules of six fields, or an interval as `hh:mm:ss`."""

import asyncio
import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from azure.core.exceptions import AzureError
from croniter import croniter

from devhost.errors import HostError
from devhost.executor import Executor, Occasion
from devhost.functions import Function
from devhost.protos import TypedData
from devhost.storage import HOSTS_CONTAINER, Account
from devhost.timespan import Timespan

# The real host keeps the status of shorter intervals in memory only.
_MONITORED_FROM = timedelta(minutes=1)

_NEVER = "0001-01-01T00:00:00+00:00"

# croniter knows more than NCRONTAB does, such as `L` and `?`.
_FIELD = re.compile(
    r"(\d+|[*/,-]|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|sun|mon|tue|wed|thu|fri|sat)+",
    re.IGNORECASE,
)

type Schedule = Callable[[datetime], datetime]


def parse_schedule(text: str, where: str) -> Schedule:
    """Read a schedule; the result gives the next occurrence after a moment.

    Raises `HostError` where it is neither NCRONTAB nor an interval.
    """
    try:
        interval = timedelta(seconds=Timespan.parse(text))
    except ValueError:
        return _parse_cron(text, where)
    except OverflowError:
        raise _fault(text, where) from None
    if not interval:
        raise _fault(text, where)
    return lambda moment: moment + interval


def _parse_cron(text: str, where: str) -> Schedule:
    fields = text.split()
    expression = " ".join(["0", *fields] if len(fields) == 5 else fields)
    known = len(fields) in (5, 6) and all(_FIELD.fullmatch(each) for each in fields)
    # Unlike cron, NCRONTAB wants both the day of the month and the day of the week to fit.
    options: dict[str, Any] = {
        "second_at_beginning": True,
        "day_or": False,
        "ret_type": datetime,
    }
    if not known or not croniter.is_valid(expression, second_at_beginning=True):
        raise _fault(text, where)

    def following(moment: datetime) -> datetime:
        found: datetime = croniter(expression, moment, **options).get_next()
        return found

    return following


def _fault(text: str, where: str) -> HostError:
    return HostError(
        f"{where} has the schedule '{text}': write six NCRONTAB fields such as '0 */5 * * * *' "
        "(every five minutes), or an interval such as '00:05:00'."
    )


class TimerTrigger:
    """Calls one function on its schedule, one call at a time, by this machine's clock."""

    def __init__(
        self, function: Function, executor: Executor, account: Account, host_id: str
    ) -> None:
        properties = function.trigger.properties
        self.function = function
        self._executor = executor
        self._account = account
        self._status_path = f"timers/{host_id}/{function.full_name}/status"
        self._what = f"Keeping the status of timer '{function.name}'"
        self._next = parse_schedule(properties["schedule"], f"Timer function '{function.name}'")
        self._on_startup = bool(properties.get("runOnStartup"))
        now = _now()
        first = self._next(now)
        interval = self._next(first) - first
        self._last = _NEVER
        self._monitored = properties.get("useMonitor", True) and interval >= _MONITORED_FROM

    async def run(self) -> None:
        """Call the function whenever it is due, until cancelled."""
        status = await self._read_status()
        missed = "Next" in status and datetime.fromisoformat(status["Next"]) < _now()
        self._last = status.get("Last", _NEVER)
        if missed or self._on_startup:
            await self._call("Timer fired at startup", past_due=missed)
        elif not status:
            await self._write_status()
        while True:
            due = self._next(_now())
            while (wait_s := (due - _now()).total_seconds()) > 0:
                # Short naps, because a machine that sleeps stops the loop's clock and not its own.
                await asyncio.sleep(min(wait_s, 60))
            await self._call("Timer fired", past_due=False)

    async def call_now(self) -> None:
        """Call the function out of turn."""
        await self._call("This function was called by hand", past_due=False)

    async def _call(self, reason: str, *, past_due: bool) -> None:
        value = {
            "Schedule": {"AdjustForDST": True},
            "ScheduleStatus": self._status() if self._monitored else None,
            "IsPastDue": past_due,
        }
        moment = _now().isoformat()
        await self._executor.call(
            self.function, Occasion(TypedData(json=json.dumps(value)), f"{reason} at {moment}")
        )
        self._last = moment
        await self._write_status()

    def _status(self) -> dict[str, str]:
        now = _now()
        return {
            "Last": self._last,
            "Next": self._next(now).isoformat(),
            "LastUpdated": now.isoformat(),
        }

    async def finish(self, limit_s: float) -> None:
        """A timer holds nothing that another host could take."""

    async def _read_status(self) -> dict[str, str]:
        if not self._monitored:
            return {}
        try:
            text = await self._account.get_blob(HOSTS_CONTAINER, self._status_path)
        except AzureError as error:
            self._account.failed(self._what, error)
            return {}
        status: dict[str, str] = json.loads(text) if text else {}
        return status

    async def _write_status(self) -> None:
        if not self._monitored:
            return
        content = json.dumps(self._status()).encode()
        try:
            await self._account.put_blob(HOSTS_CONTAINER, self._status_path, content)
        except AzureError as error:
            self._account.failed(self._what, error)


def _now() -> datetime:
    return datetime.now().astimezone()
