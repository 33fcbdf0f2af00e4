"""Many images at once: order, what a fault costs, and bounds on threads, memory and time."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from captioner.captioning import Captioned, Image, Options, failed
from captioner.errors import BlockedAddress, CaptionerError
from captioner.ondemand import OnDemand, gathering
from captioner.records import ImageFacts
from tests.support.captioners import ScriptedCaptioner, service_of
from tests.support.pictures import image_bytes, plain
from tests.support.waiting import wait_for

RED = image_bytes(plain(80, 60, "red"))
MOST = 1000  # bytes of the largest image, of which four may be held
PATIENCE_S = 30


@dataclass
class Counted:
    """Counts who is inside, and the most that ever were."""

    now: int = 0
    most: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def change(self, by: int) -> None:
        with self.lock:
            self.now += by
            self.most = max(self.most, self.now)


@dataclass
class Scripted:
    """An image that does as told when it is fetched."""

    name: str = "a.jpg"
    size: int | None = 1
    do: Callable[[], None] = lambda: None
    data: bytes = RED
    settled: list[str] = field(default_factory=list)
    is_here: bool = False

    @property
    def facts(self) -> ImageFacts:
        return ImageFacts(name=self.name)

    def fetch(self) -> Image | Captioned:
        self.do()
        return Image(self.facts, self.data)

    def settle(self, captioned: Captioned) -> Captioned:
        self.settled.append(captioned.record.image.name)
        return captioned


@pytest.fixture
def own() -> ScriptedCaptioner:
    return ScriptedCaptioner()


@pytest.fixture
def on_demand(own: ScriptedCaptioner) -> OnDemand:
    return OnDemand(service_of(own), max_bytes=MOST)


def fail(fault: Exception) -> Callable[[], None]:
    def do() -> None:
        raise fault

    return do


def names(captioned: list[Captioned]) -> list[str]:
    return [each.record.image.name for each in captioned]


def test_results_come_in_the_order_asked_whatever_is_there_first(on_demand: OnDemand) -> None:
    last = threading.Event()

    def wait() -> None:
        assert last.wait(PATIENCE_S)

    first = Scripted("0.jpg", do=wait)
    others = [Scripted(f"{each}.jpg") for each in range(1, 20)]
    others[-1].do = last.set

    captioned = on_demand.caption([first, *others])

    assert names(captioned) == [f"{each}.jpg" for each in range(20)]
    assert all(each.record.captions for each in captioned)


def test_what_is_wrong_with_one_costs_no_other(
    on_demand: OnDemand, caplog: pytest.LogCaptureFixture
) -> None:
    wanted = [
        Scripted("good.jpg"),
        Scripted("blocked.jpg", do=fail(BlockedAddress("Not there."))),
        Scripted("corrupt.jpg", data=RED[:99]),
        Scripted("odd.jpg", do=fail(RuntimeError("https://h/?sig=s3cret"))),
        Scripted("good too.jpg"),
    ]

    captioned = on_demand.caption(wanted)

    assert names(captioned) == [each.name for each in wanted]
    assert [[problem.code for problem in each.record.problems] for each in captioned] == [
        [],
        ["blocked_address"],
        ["corrupt_image"],
        ["internal_error"],
        [],
    ]
    assert isinstance(captioned[1].faults["image"], BlockedAddress)
    assert "RuntimeError" in caplog.text
    assert "s3cret" not in caplog.text + repr([vars(each) for each in caplog.records])


def test_only_what_was_captioned_is_settled(on_demand: OnDemand) -> None:
    good, corrupt = Scripted("good.jpg"), Scripted("corrupt.jpg", data=b"no image")
    absent = Scripted("absent.jpg", do=fail(BlockedAddress("Not there.")))

    on_demand.caption([good, corrupt, absent])

    assert (good.settled, corrupt.settled, absent.settled) == (["good.jpg"], ["corrupt.jpg"], [])


def test_a_record_that_is_there_is_not_captioned(
    on_demand: OnDemand, own: ScriptedCaptioner
) -> None:
    known = failed(ImageFacts(name="known.jpg"), "image", CaptionerError("Known."))
    there = Scripted("known.jpg")
    there.fetch = lambda: known  # type: ignore[method-assign]

    assert on_demand.caption([there]) == [known]
    assert own.batches == []


def test_nothing_asked_nothing_answered(on_demand: OnDemand) -> None:
    assert on_demand.caption([]) == []


def test_images_are_fetched_side_by_side_and_eight_at_once(on_demand: OnDemand) -> None:
    inside = Counted()
    eight = threading.Barrier(8)

    def together() -> None:
        inside.change(1)
        eight.wait(PATIENCE_S)  # breaks where fewer come
        inside.change(-1)

    captioned = on_demand.caption([Scripted(f"{each}.jpg", do=together) for each in range(32)])

    assert all(each.record.captions for each in captioned)
    assert inside.most == 8


def test_servers_that_keep_us_waiting_hold_up_nobody_who_sends_images(on_demand: OnDemand) -> None:
    waiting = Counted()
    released = threading.Event()

    def wait() -> None:
        waiting.change(1)
        assert released.wait(PATIENCE_S)

    def ask() -> None:
        on_demand.caption([Scripted(do=wait) for _ in range(8)])

    asking = [threading.Thread(target=ask) for _ in range(9)]
    for each in asking:
        each.start()
    wait_for(lambda: waiting.now == 64, "all threads that fetch to be taken")
    (captioned,) = on_demand.caption([Scripted(is_here=True)])
    held = waiting.now
    released.set()
    for each in asking:
        each.join(PATIENCE_S)

    assert captioned.record.captions
    assert (held, waiting.now) == (64, 72)


@pytest.mark.parametrize(("size", "most"), [(None, 4), (MOST, 4), (MOST * 9, 4), (MOST // 2, 8)])
def test_no_more_is_fetched_at_once_than_four_of_the_largest(
    on_demand: OnDemand, size: int | None, most: int
) -> None:
    inside = Counted()
    full = threading.Event()

    def together() -> None:
        inside.change(1)
        if inside.now == most:
            full.set()
        assert full.wait(PATIENCE_S)
        inside.change(-1)

    captioned = on_demand.caption([Scripted(size=size, do=together) for _ in range(16)])

    assert all(each.record.captions for each in captioned)
    assert inside.most == most


def test_what_is_fetched_counts_until_it_is_captioned(own: ScriptedCaptioner) -> None:
    own.gate = threading.Event()
    on_demand = OnDemand(service_of(own), max_bytes=len(RED))
    fetched = Counted()
    wanted = [Scripted(f"{each}.jpg", len(RED), lambda: fetched.change(1)) for each in range(6)]
    answers: list[list[Captioned]] = []
    asking = threading.Thread(target=lambda: answers.append(on_demand.caption(wanted)))
    asking.start()
    wait_for(lambda: own.batches, "the first batch to be captioned")
    held = fetched.most
    own.gate.set()
    asking.join(PATIENCE_S)

    assert (held, fetched.most) == (4, 6)
    assert names(answers[0]) == [each.name for each in wanted]


def test_the_model_gets_full_batches(on_demand: OnDemand, own: ScriptedCaptioner) -> None:
    on_demand.caption([Scripted(f"{each}.jpg") for each in range(32)])

    assert sum(map(len, own.batches)) == 32
    assert max(map(len, own.batches)) == 8
    assert len(own.batches) <= 5  # at the end there may be a few left over


def test_what_is_asked_of_the_captioners_reaches_them(on_demand: OnDemand) -> None:
    (captioned,) = on_demand.caption([Scripted()], Options(language="es"))

    assert [problem.code for problem in captioned.record.problems] == ["language_unsupported"]


def test_no_image_is_begun_when_the_time_is_over(
    on_demand: OnDemand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "_TIME_S", -1.0)

    captioned = on_demand.caption([Scripted("a.jpg"), Scripted("b.jpg")])

    assert names(captioned) == ["a.jpg", "b.jpg"]
    assert {each.record.problems[0].code for each in captioned} == {"download_too_slow"}


def test_every_image_has_its_line_in_the_log(
    on_demand: OnDemand, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        on_demand.caption([Scripted("a.jpg"), Scripted("b.jpg", data=b"")])

    assert "Captioned 'a.jpg': a red square" in caplog.text
    assert "Captioned 'b.jpg': no caption (empty_image)" in caplog.text
