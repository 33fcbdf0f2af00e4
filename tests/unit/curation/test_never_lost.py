"""Whatever happens to an image and in whatever order, no text that a person wrote is lost."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from captioner.curation import Curation, anything
from captioner.curation.versions import versions_of
from captioner.errors import CaptionerError, RecordNotFound, StoreUnavailable
from captioner.events import ImageEvents
from captioner.records import AltText, now
from tests.support.captioners import ScriptedCaptioner, service_of
from tests.support.memory_account import MemoryAccount
from tests.support.pictures import image_bytes, plain

NAME = "attic/dog.jpg"
IMAGES = [image_bytes(plain(8, 8, "red")), image_bytes(plain(8, 8, "blue")), b"no image"]
# Few, so that they come back as earlier versions and as captions.
TEXTS = ["own words", "their words", "Rex", "Rex leaps.", "Rex leaps!"]

type Act = tuple[str, tuple[Any, ...]]

ACTS: st.SearchStrategy[Act] = st.one_of(
    st.tuples(st.just("land"), st.tuples(st.sampled_from(IMAGES))),
    st.tuples(st.just("edit"), st.tuples(st.sampled_from(TEXTS))),
    st.tuples(st.sampled_from(["approve", "hand_back", "delete", "caption_anew"]), st.just(())),
)


class Collection(RuleBasedStateMachine):
    """One image and all that may be done with it.

    Between any two requests of one to storage another may be done, or storage may fail.
    """

    def __init__(self) -> None:
        super().__init__()
        self.account = MemoryAccount(before=self.request)
        self.store = self.account.store()
        self.own = ScriptedCaptioner("onnx", "own words")
        self.vision = ScriptedCaptioner("azure-vision", "their words")
        captioning = service_of(self.own, self.vision)
        self.events = ImageEvents(self.store, captioning)
        self.curation = Curation(self.store, captioning, forget=lambda _: None)
        self.written: set[str] = set()
        self.requests_left = 0
        self.meanwhile: Callable[[], None] | None = None
        self.has_failed = False

    def request(self) -> None:
        if self.meanwhile is not None:
            self.requests_left -= 1
            if self.requests_left < 0:
                self.meanwhile, happen = None, self.meanwhile
                happen()

    def fail(self) -> None:
        self.has_failed = True
        raise StoreUnavailable("The storage account is busy; try again later.")

    @rule(act=ACTS, meanwhile=st.none() | ACTS | st.just(("fail", ())), after=st.integers(0, 12))
    def happens(self, act: Act, meanwhile: Act | None, after: int) -> None:
        """Let one thing be done, and another after some of its requests."""
        if meanwhile is not None:
            self.requests_left, self.meanwhile = after, lambda: self.do(meanwhile)
        self.do(act)
        self.meanwhile = None

    def do(self, act: Act) -> None:
        method, arguments = act
        getattr(self, method)(*arguments)

    def land(self, image: bytes) -> None:
        with suppress(CaptionerError):
            self.store.put_image(NAME, image)
            self.events.landed(self.store.images_container, NAME)

    def caption_anew(self) -> None:
        with suppress(CaptionerError):
            self.events.refresh(NAME, made_since=now())

    def edit(self, text: str) -> None:
        with suppress(CaptionerError):
            record, _ = self.curation.publish(NAME, text, expected=anything)
            assert record.alt_text is not None
            assert record.alt_text.text == text
            self.written.add(text)

    def approve(self) -> None:
        with suppress(CaptionerError):
            before, etag = self.store.get_record(NAME)
            if before.alt_text is not None:
                text = before.alt_text.text
                self.curation.publish(NAME, text, expected=etag.__eq__)
                self.written.add(text)

    def hand_back(self) -> None:
        with suppress(CaptionerError):
            self.curation.hand_back(NAME, expected=anything)

    def delete(self) -> None:
        with suppress(CaptionerError):
            self.curation.delete(NAME)

    @invariant()
    def what_people_wrote_is_there(self) -> None:
        assert self.written <= {each.text for each in self.texts_of_people()}

    @invariant()
    def an_image_that_is_gone_has_no_record(self) -> None:
        if not self.has_failed and not self.account.names("images"):
            assert f"{NAME}.json" not in self.account.names("captions")

    def texts_of_people(self) -> Iterator[AltText]:
        store = MemoryAccount(self.account.blobs).store()
        for read in (store.get_record, store.kept.read):
            with suppress(RecordNotFound):
                record, _ = read(NAME)
                yield from (each for each in versions_of(record) if each.is_human)


Collection.TestCase.settings = hypothesis_settings(max_examples=200, stateful_step_count=25)
TestCollection = Collection.TestCase
