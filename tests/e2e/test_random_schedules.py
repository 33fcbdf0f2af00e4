"""Whatever happens in whatever order, storage alone tells afterwards that nothing was lost.

`CAPTIONER_SCHEDULES=50 CAPTIONER_SCHEDULES_SEED=7 python -m pytest -k nothing_is_lost tests/e2e`
drives as many schedules as you like, others with each seed.
"""

import os
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import pytest
import requests
from hypothesis import HealthCheck, Phase, given, note, seed, settings
from hypothesis import strategies as st

from tests.support.audit import Text
from tests.support.bad_day import TIMEOUT_S, BadDay
from tests.support.bundles import make_bundle
from tests.support.events import blob_notice, poison_notice
from tests.support.fault_proxy import Delay, Fault, Refusal, Reset, Truncation
from tests.support.pictures import image_bytes, plain

SCHEDULES = int(os.environ.get("CAPTIONER_SCHEDULES", "3"))
SEED = int(os.environ.get("CAPTIONER_SCHEDULES_SEED", "0"))
NAMES = ("a.jpg", "sub/b c.jpg", "é%.jpg")
PICTURES = {
    "red": image_bytes(plain(90, 60, "red")),
    "blue": image_bytes(plain(60, 90, "blue")),
    "broken": image_bytes(plain(300, 300, "green"))[:200],
}
FAULTS: tuple[Fault, ...] = (
    Reset(),
    Reset(after=True),
    Refusal(500, "InternalError"),
    Refusal(503),
    Refusal(503, after=True),
    Refusal(412, "ConditionNotMet"),
    Truncation(),
    Delay(0.5, after=True),
)

names = st.sampled_from(NAMES)
actions = st.one_of(
    st.tuples(st.just("drop"), names, st.sampled_from(sorted(PICTURES))),
    st.tuples(st.just("drop"), names, st.sampled_from(sorted(PICTURES))),
    st.tuples(st.just("publish"), names, st.integers(0, 999)),
    st.tuples(st.just("publish"), names, st.integers(0, 999)),
    st.tuples(st.just("delete"), names, st.none()),
    st.tuples(st.just("storage fault"), st.sampled_from(FAULTS), st.integers(0, 12)),
    st.tuples(st.just("storage fault"), st.sampled_from(FAULTS), st.integers(0, 12)),
    st.tuples(st.just("vision fault"), st.sampled_from(FAULTS), st.integers(0, 2)),
    st.tuples(st.just("kill"), st.integers(0, 1), st.none()),
    st.tuples(st.just("duplicates"), names, st.integers(1, 5)),
    st.tuples(st.just("poison"), names, st.none()),
    st.tuples(st.just("backfill"), st.booleans(), st.none()),
)
schedules = st.lists(actions, min_size=8, max_size=16)


class World:
    """What a schedule is carried out on, and what the app acknowledged of it."""

    def __init__(self, day: BadDay) -> None:
        self.day = day
        first = day.host()
        self.hosts = [first, day.host(like=first)]
        self.published: defaultdict[str, list[Text]] = defaultdict(list)
        self.undeleted: set[str] = set()

    def run(self, schedule: list[tuple[str, object, object]]) -> None:
        for what, first, second in schedule:
            act: Callable[..., None] = getattr(self, what.replace(" ", "_"))
            act(first, second)

    def settle(self) -> None:
        """Let everything pass, have all hosts run, and do again what nobody acknowledged."""
        self.day.heal()
        for host in self.hosts:
            if not host.running:
                host.start()
        for name in self.undeleted:
            self._ask("DELETE", "images", name)

    def drop(self, name: str, picture: str) -> None:
        self.day.drop(name, PICTURES[picture])
        self.undeleted.discard(name)

    def publish(self, name: str, number: int) -> None:
        answer = self._ask("GET", "captions", name)
        if answer is None or answer.status_code != 200:
            return
        text = f"Text {number} of {len(self.published[name])}."
        done = self._ask(
            "PUT",
            "alt-text",
            name,
            json={"text": text},
            headers={"If-Match": answer.headers["ETag"]},
        )
        # What was refused for good was not written; what came to no answer may have been.
        if done is None or done.status_code not in {404, 412, 422}:
            acknowledged = done is not None and done.status_code == 200
            self.published[name].append(Text(text, acknowledged))

    def delete(self, name: str, _: None) -> None:
        done = self._ask("DELETE", "images", name)
        if done is None or done.status_code not in {204, 404}:
            self.undeleted.add(name)

    def storage_fault(self, fault: Fault, skip: int) -> None:
        self.day.blob.inject(fault, path=r"/(images|captions|jobs)-", skip=skip)

    def vision_fault(self, fault: Fault, skip: int) -> None:
        self.day.vision_proxy.inject(fault, skip=skip)

    def kill(self, number: int, _: None) -> None:
        host = self.hosts[number]
        if host.running:
            host.kill()
        else:
            host.start()

    def duplicates(self, name: str, count: int) -> None:
        image = self._image(name)
        for _ in range(count if image else 0):
            blob_notice(self.day, self.hosts[0], name, str(image))

    def poison(self, name: str, _: None) -> None:
        poison_notice(self.day, name, self._image(name) or '"0x8D0000000000000"')

    def backfill(self, force: bool, _: None) -> None:
        self._ask("POST", "jobs", None, json={"backfill": True, "force": force})

    def _image(self, name: str) -> str | None:
        found = {each.name: each.etag for each in self.day.store.list_images()}
        return found.get(name)

    def _ask(
        self, method: str, route: str, name: str | None, **options: object
    ) -> requests.Response | None:
        """Ask whichever host runs; None where none does, or none answers."""
        path = "" if name is None else f"/{quote(name)}"
        for host in self.hosts:
            if host.running:
                with suppress(requests.RequestException):
                    return requests.request(
                        method, f"{host.url}/api/{route}{path}", timeout=TIMEOUT_S, **options
                    )
        return None


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bundle(tmp_path_factory.mktemp("bundle"))


@seed(SEED)
@settings(
    max_examples=SCHEDULES,
    derandomize=False,  # the seed says which
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(schedule=schedules)
def test_nothing_is_lost(
    schedule: list[tuple[str, object, object]],
    bundle: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with BadDay.of(bundle, tmp_path_factory.mktemp("app")) as day:
        world = World(day)
        for name in NAMES[:2]:
            world.drop(name, "red")
        world.run(schedule)
        world.settle()
        try:
            day.audit.wait_until_true(world.published)
        except AssertionError as fault:
            note("\n".join(host.log for host in world.hosts))
            raise fault
