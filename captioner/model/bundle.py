"""A model as a folder: encoder.onnx, decoder.onnx and model.json, verified before use.

Any architecture fits: the encoder turns pictures into `memory.*` (and may give first values of
`cache.*`); the decoder reads one token a row with them and gives `log_probs` and `cache.*.next`.
"""

import hashlib
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
import onnxruntime as ort
from msgspec import UNSET
from numpy.typing import NDArray

from captioner.errors import BundleInvalid, BundleMissing
from captioner.model.confidence import Found, Judge, Witness
from captioner.model.decoding import BeamSettings, Ids, LogProbs, beam_search
from captioner.model.manifest import MANIFEST, Beam, GraphFile, Manifest, read_manifest
from captioner.model.stepping import Arrays, CachedStep, starting_cache
from captioner.model.vocabulary import END, START, Vocabulary
from captioner.telemetry import Stage, stage

__all__ = [
    "MANIFEST",
    "Beam",
    "Bundle",
    "GraphFile",
    "Manifest",
    "open_bundle",
    "read_manifest",
]


_AWAKE_US = 100
# Sums of products may end differently where another number of rows is computed at once.
_ROUNDING = 1e-4


@dataclass(frozen=True, slots=True)
class Encoded:
    """What the encoder makes of pictures: their decoder's step, and what it tells by itself."""

    step: CachedStep
    tags: NDArray[np.float32] | None
    """[pictures, tags]: the probability that a picture shows the thing."""
    novelty: NDArray[np.float32] | None
    """[pictures]: higher for a picture less like those learnt from."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """An opened model. Its methods may be called from several threads at once."""

    manifest: Manifest
    vocabulary: Vocabulary
    beam_settings: BeamSettings
    _encoder: ort.InferenceSession
    _decoder: ort.InferenceSession
    _read: tuple[str, ...] = field(repr=False)
    """What the encoder gives that the decoder reads."""
    _broadcasts: bool = False
    """Whether the decoder takes one row of memory for all captions of a picture."""

    def start(self, pictures: NDArray[np.uint8]) -> CachedStep:
        """Encode pictures [batch, side, side, 3] and give their decoder's step."""
        return self.encode(pictures).step

    @property
    def tells_attention(self) -> bool:
        """Whether the decoder tells where it looks."""
        return any(each.name == "attention" for each in self._decoder.get_outputs())

    def encode(self, pictures: NDArray[np.uint8], *, output: str = "log_probs") -> Encoded:
        """Encode pictures [batch, side, side, 3].

        The step gives `output`: log-probabilities, or the `attention` [rows, patches] with which
        it came to them.
        """
        names = (*self._read, *self.manifest.told)
        # One by one: a processor is no faster with several at once, and the last bits of what it
        # tells of one would depend on how many others there are.
        alone = [self._encoder.run(names, {"images": picture[np.newaxis]}) for picture in pictures]
        encoded: dict[str, NDArray[np.float32]] = {
            name: np.concatenate(rows)
            for name, rows in zip(names, zip(*alone, strict=True), strict=True)
        }
        tags, novelty = encoded.pop("tags", None), encoded.pop("novelty", None)
        cache = starting_cache(encoded, self.manifest.cache_shapes, len(pictures))
        memory = {name: rows for name, rows in encoded.items() if name not in cache}
        run = partial(self._run_decoder, output)
        step = CachedStep(run, memory, cache, broadcasts=self._broadcasts)
        return Encoded(step, tags, novelty)

    def search(self, pictures: NDArray[np.uint8], settings: BeamSettings) -> list[Found]:
        """Find the captions of pictures [batch, side, side, 3], and what is told of them."""
        count, model = len(pictures), (self.manifest.name, self.manifest.version)
        with stage(Stage.ENCODE, model=model, images=count):
            encoded = self.encode(pictures)
        with stage(Stage.BEAM_SEARCH, model=model, images=count):
            ranked = beam_search(encoded.step, count, settings)
        return [
            Found(
                each,
                None if encoded.tags is None else encoded.tags[row],
                None if encoded.novelty is None else float(encoded.novelty[row]),
            )
            for row, each in enumerate(ranked)
        ]

    def witness(self) -> Witness:
        """Give what gathers the evidence for this model's captions."""
        tags = self.manifest.tags
        return Witness(self.vocabulary, () if tags is UNSET else tags.names)

    def judge(self) -> Judge:
        """Give what tells how sure to be of this model's captions."""
        calibration = self.manifest.confidence
        return Judge(self.witness(), None if calibration is UNSET else calibration)

    def _run_decoder(
        self, output: str, tokens: Ids, memory: Arrays, cache: Arrays
    ) -> tuple[NDArray[np.float32], Arrays]:
        names = [output, *(f"{name}.next" for name in cache)]
        given, *following = self._decoder.run(names, {"tokens": tokens, **memory, **cache})
        return given, dict(zip(cache, following, strict=True))


def open_bundle(folder: Path, *, threads: int = 1) -> Bundle:
    """Read a bundle, verify its checksums and its graphs against the contract, and open it.

    `threads` is how many onnxruntime encodes a picture with; a step of the search has too little to
    do to be shared. Raises `BundleMissing` where the folder or a file is not there, `BundleInvalid`
    where it is damaged or does not keep the contract.
    """
    manifest = read_manifest(folder)
    try:
        vocabulary = Vocabulary(manifest.vocabulary)
    except ValueError as fault:
        raise BundleInvalid(f"Mend {MANIFEST} in {folder}: {fault}.") from None
    encoder = _open_graph(folder, manifest.encoder, threads)
    decoder = _open_graph(folder, manifest.decoder, 1)
    _check_contract(manifest, encoder, decoder)
    read = {each.name for each in decoder.get_inputs()}
    given = tuple(each.name for each in encoder.get_outputs() if each.name in read)
    settings = manifest.beam.settings(vocabulary)
    bundle = Bundle(manifest, vocabulary, settings, encoder, decoder, given)
    log_probs = _try_out(bundle)
    return replace(bundle, _broadcasts=_can_broadcast(bundle, log_probs))


def _open_graph(folder: Path, graph: GraphFile, threads: int) -> ort.InferenceSession:
    path = folder / graph.file
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise BundleMissing(f"The bundle lacks {graph.file}: copy the whole folder.") from None
    except OSError as fault:
        raise BundleInvalid(f"{graph.file} cannot be read, mend its access: {fault}.") from None
    if hashlib.sha256(content).hexdigest() != graph.sha256:
        raise BundleInvalid(
            f"{graph.file} is not the file that {MANIFEST} describes: copy the bundle again."
        )
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # errors are raised
    # Threads wait for the next operation awake, but for a moment only: cores belong to the app's
    # other requests too.
    options.add_session_config_entry("session.intra_op.allow_spinning", str(int(threads > 1)))
    options.add_session_config_entry("session.intra_op.spin_duration_us", str(_AWAKE_US))
    if not _has_whole_number_products():
        # It would cut sums of products off at 16 bits; this is exact, and takes twice the time.
        options.add_session_config_entry("session.x64quantprecision", "1")
    try:
        return ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as fault:  # onnxruntime's errors share no base class
        raise BundleInvalid(
            f"{graph.file} cannot be opened by onnxruntime, export it again: {_first_line(fault)}."
        ) from fault


def _has_whole_number_products(described: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether the processor multiplies 8 bits and sums in 32 at once (VNNI), as far as it tells."""
    try:
        return "vnni" in described.read_text()
    except OSError:
        return False


def _check_contract(
    manifest: Manifest, encoder: ort.InferenceSession, decoder: ort.InferenceSession
) -> None:
    encoded = {each.name for each in encoder.get_outputs()}
    cached = set(manifest.cache_shapes)
    inputs = {each.name for each in decoder.get_inputs()}
    outputs = {each.name for each in decoder.get_outputs()}
    given = {"log_probs", *(f"{name}.next" for name in cached)}
    faults = [
        f"{what}: {', '.join(sorted(names))}"
        for what, names in (
            ("the encoder does not take", {"images"} - {i.name for i in encoder.get_inputs()}),
            ("the encoder does not give", set(manifest.told) - encoded),
            ("the confidence reads what no picture tells", _unread(manifest)),
            ("the decoder does not take", {"tokens", *cached} - inputs),
            ("nothing gives the decoder", inputs - {"tokens"} - cached - encoded),
            ("the decoder does not give", given - outputs),
        )
        if names
    ]
    if faults:
        raise BundleInvalid(
            f"The bundle does not keep the contract, export it again: {'; '.join(faults)}."
        )


def _unread(manifest: Manifest) -> set[str]:
    """Name what the confidence reads that `encode` does not give."""
    if manifest.confidence is UNSET:
        return set()
    return manifest.confidence.reads - set(manifest.told)


def _try_out(bundle: Bundle) -> LogProbs:
    """Run two steps on two black pictures: what fails here would fail on every image.

    Gives the log-probabilities of three captions after the second step.
    """
    side = bundle.manifest.resize[-1]
    try:
        encoded = bundle.encode(np.zeros((2, side, side, 3), np.uint8))
        step = encoded.step
        step(np.full(2, START), np.arange(2))
        log_probs = step(np.full(3, END), np.array([0, 0, 1]))
    except Exception as fault:  # onnxruntime's errors share no base class
        raise BundleInvalid(
            f"The bundle's graphs do not run together, export it again: {_first_line(fault)}."
        ) from fault
    if log_probs.shape != (3, len(bundle.vocabulary)):
        raise BundleInvalid(
            f"The decoder gives log-probabilities of shape {log_probs.shape} for 3 rows and a "
            f"vocabulary of {len(bundle.vocabulary)} words: export the bundle again."
        )
    if not np.allclose(np.exp(log_probs).sum(axis=1), 1, atol=1e-3):  # a NaN is none either
        raise BundleInvalid(
            "What the decoder gives as log_probs are no log-probabilities: export the bundle again."
        )
    _check_told(bundle.manifest, encoded, pictures=2)
    return log_probs


def _can_broadcast(bundle: Bundle, log_probs: LogProbs) -> bool:
    """Whether one row of memory for three captions gives what a row each gave.

    So it does where a decoder only adds and multiplies (NumPy's broadcasting rules); where it
    arranges memory by rows, it fails.
    """
    side = bundle.manifest.resize[-1]
    step = replace(bundle, _broadcasts=True).encode(np.zeros((1, side, side, 3), np.uint8)).step
    with suppress(Exception):  # onnxruntime's errors share no base class
        step(np.full(1, START), np.zeros(1, np.int64))
        shared = step(np.full(3, END), np.zeros(3, np.int64))
        return np.allclose(shared, log_probs, atol=_ROUNDING)
    return False


def _check_told(manifest: Manifest, encoded: Encoded, *, pictures: int) -> None:
    """Raise `BundleInvalid` where tags are no probabilities of the names, or novelty no number."""
    if manifest.tags is not UNSET and encoded.tags is not None:
        shape = (pictures, len(manifest.tags.names))
        within = np.all((encoded.tags >= 0) & (encoded.tags <= 1))
        if encoded.tags.shape != shape or not within:
            raise BundleInvalid(
                f"What the encoder gives as tags are no probabilities of {shape[1]} names: export "
                "the bundle again."
            )
    novelty = encoded.novelty
    if novelty is not None and (novelty.shape != (pictures,) or not np.isfinite(novelty).all()):
        raise BundleInvalid(
            "What the encoder gives as novelty is not one number a picture: export the bundle "
            "again."
        )


def _first_line(fault: Exception) -> str:
    return str(fault).partition("\n")[0].rstrip(".")
