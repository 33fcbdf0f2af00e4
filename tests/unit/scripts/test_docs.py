"""Tables in documents, from a bundle and measurements made up for the test."""

from pathlib import Path

import msgspec
import pytest

from benchmarks.results import (
    FreshProcess,
    JobRun,
    Machine,
    Recall,
    Results,
    SearchQuality,
    SearchSpeed,
    SearchTimings,
    Spread,
    Timings,
    save,
)
from captioner.model.bundle import MANIFEST, Manifest, read_manifest
from captioner.records import ModelName
from scripts import docs, tables
from scripts.errors import SetupError
from tests.support.bundles import make_bundle
from training.config import load_config, to_dict
from training.options import CONFIG

SCORES = {
    "command": "python -m training evaluate --bundle models --split test --data …",
    "images": 1000,
    **dict.fromkeys(("bleu_1", "bleu_2", "bleu_3", "bleu_4", "meteor", "rouge_l"), 20.04),
    "cider": 55.66,
    "intervals": {"cider": [52.1, 59.24]},
    "average_words": 9.25,
    "distinct_captions": 915,
}
RESULTS = Results(
    command="python -m benchmarks.caption --json benchmarks/results.json",
    bundle=ModelName("tiny", "1"),
    beam_size=3,
    machine=Machine("A processor", 2, "Linux", "3.13.0", "1.32.0"),
    photographs=8,
    repeats=20,
    timings=tuple(
        Timings(
            threads=threads,
            decode=Spread(4.0, 9.0),
            decode_large=Spread(40.0, 90.0),
            encode=Spread(8.0, 9.0),
            search={1: Spread(3.0, 4.0), 3: Spread(6.0, 7.0)},
            whole=Spread(18.0 / threads, 20.0),
            whole_large=Spread(60.0, 70.0),
        )
        for threads in (1, 2)
    ),
    fresh=FreshProcess(1.26, 181.4),
    fresh_large=FreshProcess(1.3, 240.0),
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository of two documents, a measured bundle and results of its benchmark."""
    make_bundle(tmp_path / "models", version="1")
    metrics = {"dev_cider": {"fp32": 50.0}, "test_beam1": SCORES, "test_beam3": SCORES}
    write(tmp_path, msgspec.structs.replace(read_manifest(tmp_path / "models"), metrics=metrics))
    pages = ("observability", "operate", "performance")
    for page in ("training/README.md", *(f"docs/{each}.md" for each in pages)):
        (tmp_path / page).parent.mkdir(exist_ok=True)
        (tmp_path / page).write_text("# Another page\n")
    for path in (tmp_path / "README.md", tmp_path / "models" / "MODEL_CARD.md"):
        path.write_text("# A page\n\n<!-- begin scores -->\nold\n<!-- end scores -->\n\nThe end.\n")
    (tmp_path / "benchmarks").mkdir()
    save(RESULTS, tmp_path / "benchmarks" / "results.json")
    return tmp_path


def write(root: Path, manifest: Manifest) -> None:
    (root / "models" / MANIFEST).write_bytes(msgspec.json.encode(manifest))


def test_a_table_that_differs_is_out_of_date_until_it_is_written(root):
    stale = list(docs.out_of_date(root))
    assert [path.name for path, _ in stale] == ["README.md", "MODEL_CARD.md"]
    for path, text in stale:
        path.write_text(text)
    assert list(docs.out_of_date(root)) == []
    text = (root / "README.md").read_text()
    assert text.startswith(
        "# A page\n\n<!-- begin scores -->\n\n| tiny 1, percent | test, greedy |"
    )
    assert text.endswith("\n\n<!-- end scores -->\n\nThe end.\n")


def test_a_score_that_is_measured_anew_makes_documents_out_of_date(root):
    for path, text in docs.out_of_date(root):
        path.write_text(text)
    manifest = read_manifest(root / "models")
    better = {**manifest.metrics, "test_beam3": {**SCORES, "cider": 60.0}}
    write(root, msgspec.structs.replace(manifest, metrics=better))
    assert len(list(docs.out_of_date(root))) == 2


def test_a_table_of_an_unknown_name_is_refused(root):
    text = "<!-- begin weather -->\n<!-- end weather -->"
    with pytest.raises(SetupError, match="no table 'weather'"):
        docs.filled(text, docs.blocks_of(root))


def test_other_data_and_what_captions_name_have_their_place(root):
    elsewhere = {**SCORES, "made_up": 50.0}
    elsewhere["intervals"] = {**SCORES["intervals"], "made_up": [40.0, 61.0]}
    manifest = msgspec.structs.replace(
        read_manifest(root / "models"),
        metrics={"test_beam3": SCORES, "coco_dev_test_beam3": elsewhere},
    )
    rows = tables.scores_table(manifest).splitlines()
    assert rows[0] == "| tiny 1, percent | coco dev test, 3 beams | test, 3 beams |"
    assert "| captions with a thing made up | 50.0 (40.0 to 61.0) |  |" in rows
    assert not any("things found" in row for row in rows)


def test_scores_are_rounded_and_told_with_their_command(root):
    manifest = read_manifest(root / "models")
    manifest = msgspec.structs.replace(manifest, metrics={"test_beam3": SCORES})
    rows = tables.scores_table(manifest).splitlines()
    assert rows[0] == "| tiny 1, percent | test, 3 beams |"
    assert "| CIDEr | 55.7 (52.1 to 59.2) |" in rows
    assert "| METEOR | 20.0 |" in rows
    assert "| distinct captions | 915 of 1,000 |" in rows
    assert rows[-1].endswith(f"Measured by `{SCORES['command']}`.")


def test_words_are_told_with_the_shares_that_are_found_and_right(root):
    word = {"word": "two", "said": 8, "right": 6, "wanted": 0, "found": 0}
    manifest = msgspec.structs.replace(
        read_manifest(root / "models"), metrics={"test_beam3": {"words": [word]}}
    )
    assert "| two | 0 |  | 8 | 75 % |" in tables.words_table(manifest)


def test_a_confidence_that_is_not_calibrated_is_called_so(root):
    assert "is not calibrated" in tables.confidence_table(read_manifest(root / "models"))


def test_a_calibration_that_was_not_measured_is_called_so(tmp_path):
    manifest = read_manifest(make_bundle(tmp_path / "telling", telling=True))
    told = tables.confidence_table(manifest)
    assert "was not measured" in told
    assert "`mean_log_prob` +1.00" in told
    assert "Measured by" not in told


def test_a_calibration_is_told_by_data_with_its_command(tmp_path):
    figures = {
        "command": "python -m training calibration-report --bundle models --split test --data …",
        "images": 1000,
        "acceptable": 52.94,
        "roc_auc": [0.7684, 0.742, 0.798],
        "ece": 4.55,
        "for_review": 54.9,
        "acceptable_unread": 74.5,
    }
    manifest = read_manifest(make_bundle(tmp_path / "telling", telling=True))
    metrics = {"confidence_flickr8k_test": figures, "confidence_coco_dev_test": figures}

    table = tables.confidence_table(msgspec.structs.replace(manifest, metrics=metrics))

    assert "| percent | flickr8k test | coco dev test |" in table
    assert "| expected calibration error, ten equal bins | 4.5 | 4.5 |" in table
    assert "| 0.768 (0.742 to 0.798) | 0.768 (0.742 to 0.798) |" in table
    assert "`mean_log_prob` +1.00, `words` -0.20" in table
    assert "below 0.1 are for review" in table
    assert f"Measured by `{figures['command']}`." in table


def test_speed_is_told_for_each_number_of_threads(root):
    shown = docs.blocks_of(root)["speed"]()
    assert "| whole caption of a photograph | 18.0 (20.0) | 9.0 (20.0) |" in shown
    assert "first caption after 1.3 s" in shown
    assert "at most 181 MiB" in shown


def test_measurements_of_another_bundle_are_refused(root):
    manifest = read_manifest(root / "models")
    write(root, msgspec.structs.replace(manifest, version="2"))
    with pytest.raises(SetupError, match=r"about bundle 1, but 2 ships; run: python -m benchmarks"):
        docs.blocks_of(root)["speed"]()


def test_missing_measurements_are_asked_for(root):
    (root / "benchmarks" / "results.json").unlink()
    with pytest.raises(SetupError, match=r"cannot be read .* run: python -m benchmarks\.caption"):
        docs.blocks_of(root)["speed"]()


def test_what_came_of_a_job_is_told(root):
    with pytest.raises(SetupError, match=r"cannot be read .* run: python -m benchmarks\.jobs"):
        docs.blocks_of(root)["jobs"]()
    run = JobRun(
        command="python -m benchmarks.jobs",
        bundle=ModelName("tiny", "1"),
        machine=RESULTS.machine,
        images=1000,
        kills=2,
        lease_seconds=5,
        results=1000,
        captioned=1000,
        captioned_again=40,
        seconds=99.6,
        documents=67,
    )
    save(run, root / "benchmarks" / "jobs.json")
    shown = docs.blocks_of(root)["jobs"]()
    assert "killed 2 times: 1,000 results, one for each image, after 100 s" in shown
    assert "40 images that were in work" in shown


def test_decoders_are_compared_by_their_best_epoch(root):
    for run, scores in (("a-transformer", (40.5, 44.26, 43.0)), ("a-lstm", (30.0, 36.5))):
        history = root / "training" / "results" / run / "decoder.csv"
        history.parent.mkdir(parents=True)
        rows = (f"{epoch},1.0,{score}" for epoch, score in enumerate(scores, start=1))
        history.write_text("\n".join(["epoch,loss,dev_cider", *rows]) + "\n")
    assert docs.blocks_of(root)["decoders"]().splitlines()[2:] == [
        "| a-lstm | decoder | 2 | 2 | 36.5 |",
        "| a-transformer | decoder | 3 | 2 | 44.3 |",
    ]


def test_stages_are_told_with_what_learns_in_them(root):
    plain = {"name": "decoder", "epochs": 8, "learning_rate": 0.1, "images_per_step": 9,
             "encoder_from_block": None}  # fmt: skip
    own = {**plain, "name": "rl", "objective": "self-critical", "encoder_from_block": 7}
    manifest = read_manifest(root / "models")
    write(root, msgspec.structs.replace(manifest, training={"stages": [plain, own]}))
    assert docs.blocks_of(root)["stages"]().splitlines()[2:] == [
        "| decoder | the next word of people's captions | 9 pictures | decoder | 8 | 0.1 |",
        (
            "| rl | the CIDEr-D of its own captions | 9 pictures "
            "| decoder, and encoder from block 7 on | 8 | 0.1 |"
        ),
    ]


def test_stages_of_the_default_configuration_are_told_as_they_are(root):
    config = load_config(CONFIG)
    stages = {stage.name: stage for stage in config.stages}
    manifest = read_manifest(root / "models")
    write(root, msgspec.structs.replace(manifest, training=to_dict(config)))

    table = docs.blocks_of(root)["stages"]().splitlines()[2:]
    told = dict(row.strip("| ").split(" | ", 1) for row in table)

    assert list(told) == list(stages)
    for name, stage in stages.items():
        row = told[name]
        assert (f"{stage.images_per_step} pictures" in row) == bool(stage.images_per_step), name
        assert (f"{stage.texts_per_step} pictures' captions alone" in row) == bool(
            stage.texts_per_step
        ), name
        assert (f"{100 * stage.blind:g} % of them told by their tags" in row) == bool(stage.blind)
        assert (f"one of {stage.crops} parts cut out" in row) == bool(stage.crops), name
        assert (f"less {stage.made_up_cost:g} of 10 for each thing made up" in row) == bool(
            stage.made_up_cost
        ), name
        assert (f"encoder from block {stage.encoder_from_block} on" in row) == stage.tunes_encoder
        assert (f"at {stage.encoder_rate:g} of the rate" in row) == (stage.encoder_rate != 1), name
    # Nothing of this is empty in a recipe that has each of them somewhere.
    assert any(stage.crops for stage in config.stages)
    assert any(stage.made_up_cost for stage in config.stages)


def test_an_encoder_that_learns_from_a_layer_on_is_told(root):
    stage = {"name": "tail", "epochs": 1, "learning_rate": 0.1, "images_per_step": 4,
             "encoder_from_layer": "mixed9"}  # fmt: skip
    manifest = read_manifest(root / "models")
    write(root, msgspec.structs.replace(manifest, training={"stages": [stage]}))
    assert "| decoder, and encoder from layer mixed9 on |" in docs.blocks_of(root)["stages"]()


def test_missing_histories_are_asked_for(root):
    with pytest.raises(SetupError, match="no training history: copy runs/RUN"):
        docs.blocks_of(root)["decoders"]()


def test_the_bundle_is_told_with_its_files_and_data(root):
    data = {
        "name": "flickr8k",
        "images": {"train": 6000, "test": 1000},
        "captions": {"train": 30000, "test": 5000},
    }
    manifest = msgspec.structs.replace(read_manifest(root / "models"), data=data, terms="Ours.")
    shown = tables.bundle_table(manifest, root / "models")
    assert "| Name and version | tiny 1 |" in shown
    assert "`encoder.onnx` 0.0 MiB, `decoder.onnx` 0.0 MiB" in shown
    assert "flickr8k: train 6,000 images and 30,000 captions; test 1,000 images" in shown
    assert "| Terms | Ours. |" in shown


def test_search_is_told_beside_plain_bm25_and_by_size(root):
    quality = SearchQuality(
        command="python -m benchmarks.search quality … --split test",
        split="test",
        records=8091,
        queries=4000,
        recalls=(Recall("plain BM25", {1: 14.75, 10: 34.25}), Recall("ours", {1: 19.0, 10: 43.4})),
    )
    speed = SearchSpeed(
        command="python -m benchmarks.search speed --records 1000",
        machine=RESULTS.machine,
        timings=(
            SearchTimings(
                records=1000,
                build_s=0.15,
                changes=100,
                follow_s=0.02,
                query=Spread(2.5, 4.0),
                disk_mib=1.2,
                memory_mib=8.4,
            ),
        ),
    )
    save(quality, root / "benchmarks" / "search_quality.json")
    save(speed, root / "benchmarks" / "search_speed.json")

    blocks = docs.blocks_of(root)

    assert "| ours | 19.0 | 43.4 |" in blocks["search-quality"]()
    assert "8,091 records, 4,000 queries of the test split" in blocks["search-quality"]()
    assert "| query, median | 2.5 ms |" in blocks["search-speed"]()
    assert "after 100 changes" in blocks["search-speed"]()


def test_without_a_run_of_searchs_benchmark_it_is_told_how_to_make_one(root):
    with pytest.raises(SetupError, match=r"benchmarks\.search quality DATA --json"):
        docs.blocks_of(root)["search-quality"]()
