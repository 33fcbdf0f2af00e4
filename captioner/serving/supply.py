"""The published model that is in use, and how another takes its place."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Lock, Thread
from time import monotonic

from msgspec import UNSET, UnsetType

from captioner.errors import BundleError, BundleInvalid, BundleMissing, ModelUnknown
from captioner.model.onnx_captioner import OnnxCaptioner
from captioner.model.release import Release
from captioner.records import ModelName, Moment, now
from captioner.serving.published import Published
from captioner.serving.shelf import Shelf
from captioner.serving.standing import ModelStanding, Refused
from captioner.telemetry import tell_model

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _InUse:
    captioner: OnnxCaptioner
    release: Release
    since: Moment


@dataclass(frozen=True, slots=True)
class _Told:
    """What the last look at storage came to; `bad` is a release that need not be tried again."""

    checked: Moment | UnsetType = UNSET
    refused: Refused | UnsetType = UNSET
    problem: str | UnsetType = UNSET
    bad: Release | None = None


class PublishedModel:
    """The model at a place in storage: one version of it, or whichever is current.

    It is fetched with the first picture. The current version is asked for again when a picture
    comes `check_s` seconds after the last look, on a thread aside: nobody waits for it, and the
    version in use is used until the other one is ready. What is bad is refused and not fetched
    again, unless it is promoted again; for what fails for a passing reason the next look is another
    try. Where storage is down at the start, the version that was used last on this machine is.
    """

    def __init__(
        self,
        published: Published,
        shelf: Shelf,
        *,
        version: str | None,
        check_s: float,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._published = published
        self._shelf = shelf
        self._version = version
        self._check_s = check_s
        self._clock = clock
        self._in_use: _InUse | None = None
        self._told = _Told()
        self._fault: BundleError | None = None
        self._due = 0.0
        self._starting = Lock()
        self._looking = Lock()

    def __call__(self) -> OnnxCaptioner:
        in_use = self._in_use
        if in_use is None:
            return self._started().captioner
        if self._version is None and self._clock() >= self._due:
            self._look_aside()
        return in_use.captioner

    def since(self, version: str) -> tuple[ModelName, ...]:
        found = self._published.versions()
        name = self._published.name
        first = found.get(version.removeprefix(f"{name}/"))
        if first is None:
            raise ModelUnknown(
                f"No such version of {name} is registered: name one that is, or a date."
            )
        return tuple(ModelName(name, each) for each, moment in found.items() if moment >= first)

    def standing(self) -> ModelStanding:
        in_use, told = self._in_use, self._told
        return ModelStanding(
            follows="current" if self._version is None else "version",
            since=in_use.since if in_use else UNSET,
            checked=told.checked,
            refused=told.refused,
            problem=told.problem,
        )

    def _started(self) -> _InUse:
        with self._starting:
            if self._in_use is None:
                if self._fault is not None and self._clock() < self._due:
                    # Each picture would wait for storage, or fetch a bad bundle, to the same end.
                    raise type(self._fault)(self._fault.message)
                self._fault = self._look()
                if self._fault is not None:
                    self._fall_back()
            if self._in_use is None:
                raise self._fault or BundleMissing("There is no model in use.")
            return self._in_use

    def _look_aside(self) -> None:
        if not self._looking.acquire(blocking=False):
            return

        def look() -> None:
            try:
                self._look()
            except Exception:  # noqa: BLE001 - or nobody would hear of it
                _log.exception("The current version of the model could not be looked at")
            finally:
                self._looking.release()

        Thread(target=look, name="model", daemon=True).start()

    def _look(self) -> BundleError | None:
        """Take up the version that is wanted, if it is not the one in use; give what went wrong."""
        try:
            wanted = self._wanted()
        except BundleError as fault:
            self._told = replace(self._told, problem=fault.code)
            _log.warning("The model cannot be looked up (%s): %s", fault.code, fault.message)
            return fault
        finally:
            self._due = self._clock() + self._check_s
        self._told = replace(self._told, checked=now(), problem=UNSET)
        return self._turn_to(wanted)

    def _wanted(self) -> Release:
        if self._version is None:
            return self._published.current()
        last = self._shelf.last()
        if last is not None and last.version == self._version:
            return last  # versions never change, so that storage need not be asked
        return self._published.release(self._version)

    def _turn_to(self, wanted: Release) -> BundleError | None:
        in_use, told = self._in_use, self._told
        if wanted == told.bad:
            return None
        if in_use and (in_use.release.version, in_use.release.sha256) == (
            wanted.version,
            wanted.sha256,
        ):
            self._told = replace(told, refused=UNSET, bad=None)
            return None
        try:
            self._use(wanted)
        except BundleError as fault:
            bad = wanted if isinstance(fault, BundleInvalid) else None
            self._told = replace(told, refused=Refused(wanted.version, fault.code), bad=bad)
            _log.error(
                "Version %s of the model is refused (%s): %s",
                wanted.version,
                fault.code,
                fault.message,
                extra={"model_version": wanted.version, "code": fault.code},
            )
            return fault
        self._told = replace(told, refused=UNSET, bad=None)
        return None

    def _use(self, release: Release) -> None:
        captioner = self._shelf.take(release)
        self._in_use = _InUse(captioner, release, now())
        tell_model(captioner.model.name, captioner.model.version)
        _log.info(
            "The model is version %s", release.version, extra={"model_version": release.version}
        )

    def _fall_back(self) -> None:
        """Use what was used last, rather than nothing, unless a certain version is asked for."""
        last = self._shelf.last()
        if last is None or self._version is not None:
            return
        try:
            self._use(last)
        except BundleError as fault:
            _log.error(
                "Version %s, used last, cannot be used either: %s", last.version, fault.message
            )
        else:
            _log.warning("Version %s of the model, used last, goes on being used", last.version)
