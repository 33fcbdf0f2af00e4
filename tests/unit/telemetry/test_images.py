"""Images -> spans and metrics, with the real SDK."""

from datetime import timedelta

import pytest
from opentelemetry import trace
from opentelemetry.trace import StatusCode

from captioner.captioning import CaptioningService, Lane
from captioner.errors import StoreConflict, VisionThrottled
from captioner.images import decode
from captioner.model.bundle import open_bundle
from captioner.model.onnx_captioner import OnnxCaptioner
from captioner.ondemand import OnDemand
from captioner.ondemand.wanted import Sent
from captioner.telemetry import Origin, Stage, image_at_work, names, stage
from captioner.telemetry.images import pseudonym
from captioner.telemetry.names import Attribute
from captioner.telemetry.propagation import traceparent
from tests.support.bundles import make_bundle
from tests.support.captioners import ScriptedCaptioner
from tests.support.pictures import image_bytes, plain
from tests.support.telemetry import Captured

RED = image_bytes(plain(80, 60, "red"))
LIMIT = 2**20


def sent(name: str, data: bytes = RED) -> Sent:
    return Sent(name, len(data), lambda: data)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> OnnxCaptioner:
    return OnnxCaptioner(open_bundle(make_bundle(tmp_path_factory.mktemp("bundle"))))


def on_demand(own: OnnxCaptioner, vision: ScriptedCaptioner | None = None) -> OnDemand:
    def lane[C](source: str, captioner: C) -> Lane[C]:
        return Lane(source, lambda: captioner, batch_size=8, threads=1, timeout_s=60)

    def read(data: bytes):
        return decode(data, max_bytes=LIMIT, max_pixels=LIMIT)

    service = CaptioningService(
        read, lane("onnx", own), lane("azure-vision", vision) if vision else None
    )
    return OnDemand(service, max_bytes=LIMIT)


def test_each_image_of_a_batch_has_a_span_with_its_stages(
    own: OnnxCaptioner, captured: Captured
) -> None:
    with trace.get_tracer_provider().get_tracer("host").start_as_current_span("host") as host:
        on_demand(own).caption([sent("one.png"), sent("two.png")])

    images = captured.named(names.IMAGE_SPAN)
    assert {each.attributes[Attribute.IMAGE] for each in images} == {
        pseudonym("one.png"),
        pseudonym("two.png"),
    }
    for image in images:
        assert image.parent.span_id == host.get_span_context().span_id
        assert sorted(captured.below(image)) == sorted(
            each.span for each in (Stage.FETCH, Stage.DECODE, Stage.ENCODE, Stage.BEAM_SEARCH)
        )
        assert image.attributes[Attribute.OUTCOME] == names.CAPTIONED
        assert image.attributes[Attribute.ORIGIN] == "request"
    encoded = captured.named(Stage.ENCODE.span)
    assert [each.attributes[Attribute.BATCH] for each in encoded] == [2, 2]
    assert {each.attributes[Attribute.MODEL_NAME] for each in encoded} == {own.model.name}


def test_everything_is_told_with_the_model(own: OnnxCaptioner, captured: Captured) -> None:
    on_demand(own).caption([sent("one.png")])

    for span in captured.spans:
        assert span.attributes[Attribute.MODEL_VERSION]
    for points in captured.metrics.values():
        assert all(point.attributes[Attribute.MODEL_NAME] for point in points)


def test_durations_and_confidences_are_histograms_with_our_buckets(
    own: OnnxCaptioner, captured: Captured
) -> None:
    on_demand(own).caption([sent("one.png"), sent("two.png")])

    metrics = captured.metrics
    (image,) = metrics[names.IMAGE_DURATION.name]
    assert (image.count, image.explicit_bounds) == (2, names.IMAGE_DURATION.buckets)
    encode = next(
        each
        for each in metrics[names.STAGE_DURATION.name]
        if each.attributes[Attribute.STAGE] == Stage.ENCODE
    )
    whole = captured.named(Stage.ENCODE.span)[0]
    assert encode.count == 2
    assert encode.sum == pytest.approx((whole.end_time - whole.start_time) / 1e9, rel=1e-6)
    (confidence,) = metrics[names.CONFIDENCE.name]
    assert confidence.explicit_bounds == names.CONFIDENCE.buckets
    assert confidence.attributes == {
        Attribute.CAPTIONER: "onnx",
        Attribute.MODEL_NAME: own.model.name,
        Attribute.MODEL_VERSION: own.model.version,
    }


def test_what_went_wrong_is_counted_by_its_code(own: OnnxCaptioner, captured: Captured) -> None:
    vision = ScriptedCaptioner("azure-vision")
    vision.fault = VisionThrottled("Secret words.", retry_after=timedelta(seconds=1))

    on_demand(own, vision).caption([sent("one.png"), sent("two.png", b"none")])

    counted = {
        each.attributes[Attribute.OUTCOME]: each.value
        for each in captured.metrics["captioner.images"]
    }
    assert counted == {"vision_throttled": 1, "unsupported_image": 1}
    (failed,) = [
        each for each in captured.named(Stage.DECODE.span) if Attribute.ERROR in each.attributes
    ]
    assert failed.attributes[Attribute.ERROR] == "unsupported_image"
    assert failed.status.status_code is StatusCode.ERROR
    assert all(not each.events for each in captured.spans)  # they would quote the exception


def test_a_fault_that_nobody_caught_is_the_images_outcome(captured: Captured) -> None:
    with (
        pytest.raises(StoreConflict),
        image_at_work("a.png", Origin.EVENT),
        stage(Stage.STORE),
    ):
        raise StoreConflict("'a.png' is written by too many.")

    store, image = captured.spans
    assert {each.attributes[Attribute.OUTCOME] for each in (store, image)} == {"store_conflict"}
    assert (image.status.status_code, image.status.description) == (
        StatusCode.ERROR,
        "store_conflict",
    )


def test_a_later_attempt_goes_on_in_the_trace_and_is_linked_to_its_own_call(
    captured: Captured,
) -> None:
    tracer = trace.get_tracer_provider().get_tracer("host")
    with image_at_work("a.png", Origin.EVENT):
        carried = traceparent()
    with (
        tracer.start_as_current_span("host") as host,
        image_at_work("a.png", Origin.RETRY, carried),
        stage(Stage.FETCH),
    ):
        pass

    first, second = captured.named(names.IMAGE_SPAN)
    assert second.context.trace_id == first.context.trace_id
    assert second.parent.span_id == first.context.span_id
    assert [link.context.span_id for link in second.links] == [host.get_span_context().span_id]
    assert captured.below(second) == [Stage.FETCH.span]


@pytest.mark.parametrize("carried", [None, "", "garbage", f"00-{'0' * 32}-{'0' * 16}-01", "é" * 99])
def test_a_trace_that_cannot_be_read_is_none(carried: str | None, captured: Captured) -> None:
    with image_at_work("a.png", Origin.RETRY, carried):
        pass

    (image,) = captured.spans
    assert image.parent is None
    assert not image.links


def test_no_metric_tells_of_one_image(own: OnnxCaptioner, captured: Captured) -> None:
    """Else there would be as many series as images."""
    on_demand(own).caption([sent("one.png")])

    known = {each.name: {*each.dimensions} for each in names.METRICS}
    for name, points in captured.metrics.items():
        allowed = known[name] | {Attribute.MODEL_NAME, Attribute.MODEL_VERSION}
        assert all(set(point.attributes) == allowed for point in points)


def test_a_name_of_any_kind_has_a_pseudonym() -> None:
    assert pseudonym("a\udce4.png") != pseudonym("a.png")
    assert len(pseudonym("")) == 16
