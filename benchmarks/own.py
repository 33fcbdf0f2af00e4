"""The model's own work, by stages, by calls at once, and against the machine's limit."""

import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from io import BytesIO
from pathlib import Path
from statistics import median
from time import perf_counter

import msgspec
import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from rich.console import Console
from rich.progress import track

from benchmarks.caption import Stopwatch
from benchmarks.host import ROOT
from benchmarks.pictures import large_jpeg, photographs
from benchmarks.speed_results import Limit, Stages, Throughput
from captioner.captioning import Image as Asked
from captioner.composition import build_services
from captioner.images import Picture, decode
from captioner.model.bundle import Bundle, open_bundle
from captioner.model.decoding import Ids, LogProbs, beam_search
from captioner.model.onnx_captioner import OnnxCaptioner
from captioner.model.preprocessing import encoder_input
from captioner.records import ImageFacts
from captioner.settings import Settings, load_storage_connection
from captioner.thumbnails import LONGEST_SIDE
from scripts import azurite

MODELS = ROOT / "models"
THREADS = (1, 2)
BEAMS = (1, 3, 5)
_MEGAPIXEL = (1152, 864)
_LIMITS = Settings()


def own_decode(file: bytes) -> Picture:
    """Decode as the app does where Vision is not asked."""
    return decode(
        file,
        max_bytes=_LIMITS.max_image_bytes,
        max_pixels=_LIMITS.max_image_pixels,
        enough=LONGEST_SIDE["small"],
    )


def _megapixel(kind: str) -> bytes:
    with Image.open(BytesIO(photographs()[0])) as photograph:
        resized = photograph.convert("RGB").resize(_MEGAPIXEL, Image.Resampling.BICUBIC)
    file = BytesIO()
    resized.save(file, kind, **({"quality": 90} if kind == "JPEG" else {}))
    return file.getvalue()


def stages(repeats: int) -> Stages:
    """Time what is done for one picture, with the numbers of threads taking turns."""
    files, large = photographs(), large_jpeg()
    encoded = {
        "decode a 12-megapixel JPEG": large,
        "decode a 1-megapixel JPEG": _megapixel("JPEG"),
        "decode a 1-megapixel PNG": _megapixel("PNG"),
    }
    watches = {threads: Stopwatch() for threads in THREADS}
    with azurite.running() as storage:
        connection = load_storage_connection({"AzureWebJobsStorage": storage.connection_string})
        services = {
            threads: build_services(Settings(model_dir=MODELS, onnx_threads=threads), connection)
            for threads in THREADS
        }
        bundles = {threads: open_bundle(MODELS, threads=threads) for threads in THREADS}
        store = services[1].store
        store.ensure_containers()
        for threads in THREADS:  # the first run of a graph allocates its memory
            services[threads].captioning.caption([_asked(large)])
            OnnxCaptioner(bundles[threads]).caption([own_decode(files[0])])
        for number in track(range(repeats), "stages", console=_console(), transient=True):
            for threads, watch in watches.items():
                for label, file in encoded.items():
                    watch.time(label, partial(own_decode, file))
                picture = own_decode(files[number % len(files)])
                _time_model(watch, bundles[threads], picture)
                service = services[threads].captioning
                (made,) = watch.time(
                    "record of a 12-megapixel JPEG", partial(service.caption, [_asked(large)])
                )
                facts = ImageFacts(name=f"{threads} threads, picture {number}")
                record = msgspec.structs.replace(made.record, image=facts)
                watch.time(
                    "write a sidecar (storage emulator)", partial(store.put_record, record, None)
                )
    rows = {
        label: {threads: watch.spread(label) for threads, watch in watches.items()}
        for label in watches[1].labels
    }
    return Stages(repeats=repeats, rows=rows)


def _asked(file: bytes) -> Asked:
    return Asked(ImageFacts(name="image"), file)


def _time_model(watch: Stopwatch, bundle: Bundle, picture: Picture) -> None:
    resize = bundle.manifest.resize
    pixels = watch.time("resize a photograph", lambda: encoder_input([picture.image], resize))
    watch.time("encode", partial(bundle.start, pixels))
    for beams in BEAMS:
        settings = replace(bundle.beam_settings, beam_size=beams)
        step = bundle.start(pixels)
        watch.time(_search_label(beams), partial(beam_search, step, 1, settings))
    captioner = OnnxCaptioner(bundle)
    watch.time("picture to caption, 3 beams", partial(captioner.caption, [picture]))


def _search_label(beams: int) -> str:
    return "search, greedy" if beams == 1 else f"search, {beams} beams"


def throughput(seconds: float) -> Throughput:
    """Caption decoded pictures for so long with each number of threads, pictures and callers."""
    pictures = [own_decode(file) for file in photographs()]
    by_batch: dict[int, dict[int, float]] = {}
    for threads in THREADS:
        captioner = OnnxCaptioner(open_bundle(MODELS, threads=threads))
        by_batch[threads] = {
            batch: _rate(partial(captioner.caption, pictures[:batch]), batch, seconds)
            for batch in (1, 2, 4, 8)
        }
    alone = OnnxCaptioner(open_bundle(MODELS, threads=1))
    by_callers = {callers: _rate_of(alone, pictures, callers, seconds) for callers in (1, 2, 4)}
    return Throughput(seconds=seconds, by_batch=by_batch, by_callers=by_callers)


def _rate(call: Callable[[], object], pictures: int, seconds: float) -> float:
    call()
    began, done = perf_counter(), 0
    while (now := perf_counter()) < began + seconds:
        call()
        done += pictures
    return round(done / (now - began), 1)


def _rate_of(
    captioner: OnnxCaptioner, pictures: list[Picture], callers: int, seconds: float
) -> float:
    rates: list[float] = []

    def work() -> None:
        rates.append(_rate(partial(captioner.caption, pictures[:1]), 1, seconds))

    threads = [threading.Thread(target=work) for _ in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return round(sum(rates), 1)


def limit(repeats: int) -> Limit:
    """Hold the multiply-adds of a caption against the machine's measured peak, on one thread."""
    bundle = open_bundle(MODELS, threads=1)
    pixels = [
        encoder_input([own_decode(file).image], bundle.manifest.resize) for file in photographs()
    ]
    encoder = macs(MODELS / bundle.manifest.encoder.file, {"images": pixels[0].shape})
    encode, search, in_graph, rows = [], [], [], []
    for number in range(repeats + 1):
        each = pixels[number % len(pixels)]
        began = perf_counter()
        step = bundle.start(each)
        encode.append((perf_counter() - began) * 1000)
        spent = 0.0
        read = 0

        def timed(tokens: Ids, parents: Ids) -> LogProbs:
            nonlocal spent, read
            began = perf_counter()
            found = step(tokens, parents)  # noqa: B023 - called before the next picture
            spent += (perf_counter() - began) * 1000
            read += len(tokens)
            return found

        began = perf_counter()
        beam_search(timed, 1, bundle.beam_settings)
        search.append((perf_counter() - began) * 1000)
        in_graph.append(spent)
        rows.append(read)
    return Limit(
        encoder=encoder,
        row=_row_macs(bundle),
        rows=round(float(np.mean(rows)), 1),
        fp32_rate=round(_gemm_rate(np.float32, repeats), 1),
        int8_rate=round(_gemm_rate(np.uint8, repeats), 1),
        encode_ms=round(median(encode[1:]), 2),
        search_ms=round(median(search[1:]), 2),
        search_in_graph_ms=round(median(in_graph[1:]), 2),
    )


def _row_macs(bundle: Bundle) -> int:
    """Count the multiply-adds of one step of one row, ten words on."""
    encoder = MODELS / bundle.manifest.encoder.file
    side = bundle.manifest.resize[-1]
    session = ort.InferenceSession(encoder, providers=["CPUExecutionProvider"])
    outputs = [each.name for each in session.get_outputs()]
    given = session.run(outputs, {"images": np.zeros((1, side, side, 3), np.uint8)})
    shapes: dict[str, tuple[int, ...]] = {"tokens": (1,)}
    shapes |= {name: rows.shape for name, rows in zip(outputs, given, strict=True)}
    shapes |= {
        name: (1, *(side or 10 for side in shape))
        for name, shape in bundle.manifest.cache_shapes.items()
    }
    return macs(MODELS / bundle.manifest.decoder.file, shapes)


def macs(path: Path, shapes: dict[str, tuple[int, ...]]) -> int:
    """Count the multiply-adds of a graph's convolutions and products, for inputs of these shapes.

    Attention within a fused operation is left out: a hundredth of the rest.
    """
    model = onnx.load(path)
    watched = [
        node
        for node in model.graph.node
        if node.op_type in {"Conv", "MatMul", "Gemm", "MatMulNBits"}
    ]
    weights = {each.name: tuple(each.dims) for each in model.graph.initializer}
    outside = {each.name for each in model.graph.output}
    asked = {name for node in watched for name in (*node.input[:2], node.output[0]) if name}
    model.graph.output.extend(
        helper.make_empty_tensor_value_info(name)
        for name in sorted(asked - outside - weights.keys() - set(shapes))
    )
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    kinds = {"tensor(float)": np.float32, "tensor(int64)": np.int64, "tensor(uint8)": np.uint8}
    feeds = {
        each.name: np.zeros(shapes[each.name], kinds[each.type]) for each in session.get_inputs()
    }
    names = [each.name for each in session.get_outputs()]
    found = dict(zip(names, session.run(names, feeds), strict=True))
    known = {**weights, **shapes, **{name: value.shape for name, value in found.items()}}
    return sum(_node_macs(node, known) for node in watched)


def _node_macs(node: onnx.NodeProto, shapes: dict[str, tuple[int, ...]]) -> int:
    given = int(np.prod(shapes[node.output[0]]))
    if node.op_type == "Conv":
        return given * int(np.prod(shapes[node.input[1]][1:]))
    if node.op_type == "MatMulNBits":
        return given * int(next(each.i for each in node.attribute if each.name == "K"))
    return given * shapes[node.input[0]][-1]


def _gemm_rate(kind: type[np.generic], repeats: int) -> float:
    """Measure thousand millions of multiply-adds a second of a large product on one thread."""
    side = 1024
    rng = np.random.default_rng(0)
    if kind is np.float32:
        weights = [numpy_helper.from_array(rng.normal(size=(side, side)).astype(np.float32), "w")]
        node = helper.make_node("MatMul", ["x", "w"], ["y"])
        rows = rng.normal(size=(side, side)).astype(np.float32)
        kinds = (TensorProto.FLOAT, TensorProto.FLOAT)
    else:
        weights = [numpy_helper.from_array(rng.integers(-127, 128, (side, side), np.int8), "w")]
        node = helper.make_node("MatMulInteger", ["x", "w"], ["y"])
        rows = rng.integers(0, 256, (side, side), np.uint8)
        kinds = (TensorProto.UINT8, TensorProto.INT32)
    graph = helper.make_graph(
        [node],
        "product",
        [helper.make_tensor_value_info("x", kinds[0], [side, side])],
        [helper.make_tensor_value_info("y", kinds[1], [side, side])],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    seconds = []
    for _ in range(repeats):
        began = perf_counter()
        session.run(None, {"x": rows})
        seconds.append(perf_counter() - began)
    return side**3 / min(seconds) / 1e9


def _console() -> Console:
    return Console(stderr=True)
