"""Tables of README.md and models/MODEL_CARD.md, in Markdown, from what is set and measured."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from msgspec import UNSET

from benchmarks.results import ROWS, JobRun, Results
from captioner.errors import CaptionerError, kinds_of
from captioner.model.bundle import Manifest
from captioner.settings import Settings

_SCORES = (
    ("BLEU-1", "bleu_1"),
    ("BLEU-2", "bleu_2"),
    ("BLEU-3", "bleu_3"),
    ("BLEU-4", "bleu_4"),
    ("METEOR", "meteor"),
    ("ROUGE-L", "rouge_l"),
    ("CIDEr", "cider"),
)
_SHARES = (
    ("things named rightly", "named_rightly"),
    ("things found", "found"),
    ("captions with a thing made up", "made_up"),
    ("the same, of the surer half", "made_up_surest"),
    ("area under the ROC curve of confidence", "roc_auc"),
)
_CONFIDENCE = "confidence_"  # begins the metrics that `training calibration-report` records
_CONFIDENCE_ROWS = (
    ("acceptable captions", "acceptable"),
    ("expected calibration error, ten equal bins", "ece"),
    ("for review", "for_review"),
    ("acceptable captions among the others", "acceptable_unread"),
)


def errors_table() -> str:
    """Tell every code that a problem may have, with its status over HTTP, in the tree's order."""
    return "\n".join(
        [
            "| Code | HTTP | Meaning |",
            "| --- | --- | --- |",
            *(
                f"| `{each.code}` | {each.status} | {each.meaning} |"
                for each in kinds_of(CaptionerError)
            ),
            f"| `{CaptionerError.code}` | {CaptionerError.status} | {CaptionerError.meaning} |",
        ]
    )


def settings_table() -> str:
    """Every app setting with its default and meaning."""
    return markdown_table(
        ("Setting", "Default", "Meaning"),
        (
            (f"`{each.metadata['env']}`", _default(each.default), each.metadata["doc"])
            for each in fields(Settings)
        ),
    )


def scores_table(manifest: Manifest) -> str:
    """The scores recorded in a bundle, and the commands that gave them."""
    columns = dict(_evaluations(manifest))
    rows: list[Sequence[str]] = [
        (label, *(with_interval(scores, key) for scores in columns.values()))
        for label, key in _SCORES
    ]
    rows += [
        ("words a caption", *(f"{each['average_words']:.1f}" for each in columns.values())),
        (
            "distinct captions",
            *(f"{each['distinct_captions']:,} of {each['images']:,}" for each in columns.values()),
        ),
    ]
    rows += [
        (label, *(with_interval(scores, key) for scores in columns.values()))
        for label, key in _SHARES
        if any(key in scores for scores in columns.values())
    ]
    table = markdown_table(
        (f"{manifest.name} {manifest.version}, percent", *columns), rows, right=True
    )
    commands = dict.fromkeys(str(scores["command"]) for scores in columns.values())
    return (
        f"{table}\n\nIn brackets the 95 % interval, by resampling the images. "
        f"Measured by {_code(commands)}."
    )


def words_table(manifest: Manifest) -> str:
    """How often the commonest things, colours and numbers are said, and how often rightly."""
    metrics: dict[str, Any] = {} if manifest.metrics is UNSET else manifest.metrics
    scores: dict[str, Any] = metrics.get(f"test_beam{manifest.beam.beam_size}", {})
    table = markdown_table(
        ("Word", "two people say it", "of these found", "captions say it", "of these right"),
        (
            (
                word["word"],
                f"{word['wanted']:,}",
                _share(word["found"], word["wanted"]),
                f"{word['said']:,}",
                _share(word["right"], word["said"]),
            )
            for word in scores.get("words", ())
        ),
        right=True,
    )
    return f"{table}\n\nOf test's pictures, by the command that gave the scores."


def confidence_table(manifest: Manifest) -> str:
    """What a bundle's confidence follows from, and how far it was found to be true."""
    calibration = manifest.confidence
    if calibration is UNSET:
        return (
            "The confidence of this bundle is not calibrated: it is the geometric mean of the "
            "probabilities of a caption's words and its end."
        )
    weights = ", ".join(
        f"`{name}` {weight:+.2f}"
        for name, weight in zip(calibration.features, calibration.weights, strict=True)
    )
    metrics: dict[str, Any] = {} if manifest.metrics is UNSET else manifest.metrics
    found = {
        key.removeprefix(_CONFIDENCE).replace("_", " "): figures
        for key, figures in sorted(metrics.items(), reverse=True)
        if key.startswith(_CONFIDENCE)
    }
    rows = [
        (label, *(f"{figures[key]:.1f}" for figures in found.values()))
        for label, key in _CONFIDENCE_ROWS
    ]
    areas = ("{:.3f} ({:.3f} to {:.3f})".format(*each["roc_auc"]) for each in found.values())
    rows.append(("area under the ROC curve (95 % interval)", *areas))
    told = (
        f"Weights, for one standard deviation on dev: {weights}. Captions below "
        f"{calibration.review_threshold:g} are for review."
    )
    if not found:
        return f"How far it can be believed was not measured. {told}"
    commands = _code(dict.fromkeys(str(figures["command"]) for figures in found.values()))
    table = markdown_table(("percent", *found), rows, right=True)
    return f"{table}\n\n{told} Measured by {commands}."


def bundle_table(manifest: Manifest, folder: Path) -> str:
    """What a bundle is: its files, its words and what it learnt from."""
    sizes = {
        graph.file: (folder / graph.file).stat().st_size
        for graph in (manifest.encoder, manifest.decoder)
    }
    data: dict[str, Any] = {} if manifest.data is UNSET else manifest.data
    counts = (
        f"{split} {images:,} images and {data['captions'][split]:,} captions"
        for split, images in data.get("images", {}).items()
    )
    return markdown_table(
        ("", ""),
        (
            ("Name and version", f"{manifest.name} {manifest.version}"),
            ("Files", ", ".join(f"`{name}` {mebibytes(size)}" for name, size in sizes.items())),
            (
                "Input",
                f"RGB, squashed to {' and then '.join(map(_square, manifest.resize))} pixels",
            ),
            ("Vocabulary", f"{len(manifest.vocabulary):,} words, four of them special"),
            ("Search", _search(manifest)),
            ("Alt text from a confidence of", f"{manifest.alt_text_threshold:g}"),
            ("Data", f"{data.get('name', 'not told')}: {'; '.join(counts)}"),
            ("Dev CIDEr in 32 bits, and as shipped", _quantisation(manifest)),
            ("Terms", "" if manifest.terms is UNSET else manifest.terms),
        ),
    )


def stages_table(manifest: Manifest) -> str:
    """How a bundle learnt, stage by stage."""
    training: dict[str, Any] = {} if manifest.training is UNSET else manifest.training
    return markdown_table(
        ("Stage", "Learns from", "In each step", "What learns", "Epochs at most", "Learning rate"),
        (
            (
                stage["name"],
                _lesson(stage),
                _step(stage),
                _learners(stage),
                f"{stage['epochs']}",
                f"{stage['learning_rate']:g}",
            )
            for stage in training.get("stages", ())
        ),
    )


def speed_table(results: Results) -> str:
    """Times of one picture, and of a process that starts."""
    table = markdown_table(
        ("Milliseconds a picture, median (95th percentile)", *map(_threads, results.timings)),
        (
            (label, *(f"{s.p50:.1f} ({s.p95:.1f})" for s in map(spread, results.timings)))
            for label, spread in ROWS
        ),
        right=True,
    )
    machine = results.machine
    return (
        f"{table}\n\n"
        f"A fresh process has its first caption after {results.fresh.seconds:.1f} s, the loading "
        f"of the app included, and holds at most {results.fresh.peak_mib:.0f} MiB; "
        f"{results.fresh_large.peak_mib:.0f} MiB if that picture is a 12-megapixel JPEG.\n\n"
        f"{results.photographs} photographs, {results.repeats} times each, {results.beam_size} "
        f"beams, bundle {results.bundle.version}; {machine.processor}, {machine.cores} cores, "
        f"{machine.system}, Python {machine.python}, onnxruntime {machine.onnxruntime}. "
        f"Measured by `{results.command}`."
    )


def job_told(run: JobRun) -> str:
    """What came of a directory whose host was killed on the way."""
    machine = run.machine
    return (
        f"A directory of {run.images:,} images as a job, its host killed {run.kills} times: "
        f"{run.results:,} results, one for each image, after {run.seconds:.0f} s. "
        f"{run.captioned_again:,} images that were in work at a kill were captioned once more.\n\n"
        f"Photographs of 400 x 400 pixels; the starts of hosts are in that time, and after each "
        f"kill {run.lease_seconds} s for which steps in work stay hidden (ten minutes in Azure). "
        f"Bundle {run.bundle.version}; {machine.processor}, {machine.cores} cores, "
        f"{machine.system}, Python {machine.python}. Measured by `{run.command}`."
    )


def decoders_table(histories: Iterable[Path]) -> str:
    """The training runs by stage: each file is a run's history.csv, named `RUN/STAGE.csv`."""
    rows = []
    for path in sorted(histories):
        with path.open(newline="") as file:
            scores = [float(row["dev_cider"]) for row in csv.DictReader(file)]
        best = max(range(len(scores)), key=scores.__getitem__)
        told = (f"{len(scores)}", f"{best + 1}", f"{scores[best]:.1f}")
        rows.append((f"{path.parent.name}", path.stem, *told))
    return markdown_table(("Run", "Stage", "Epochs", "Best epoch", "Its dev CIDEr, percent"), rows)


def _evaluations(manifest: Manifest) -> Iterator[tuple[str, dict[str, Any]]]:
    metrics: dict[str, Any] = {} if manifest.metrics is UNSET else manifest.metrics
    for key in sorted(metrics):
        split, _, beams = key.partition("_beam")
        if beams:
            search = "greedy" if beams == "1" else f"{beams} beams"
            yield f"{split.replace('_', ' ')}, {search}", metrics[key]


def with_interval(scores: Mapping[str, Any], key: str) -> str:
    """Write a score, with the ends of its 95 % interval where they are recorded."""
    if key not in scores:
        return ""
    if key not in scores.get("intervals", {}):
        return f"{scores[key]:.1f}"
    low, high = scores["intervals"][key]
    return f"{scores[key]:.1f} ({low:.1f} to {high:.1f})"


def _search(manifest: Manifest) -> str:
    beam = manifest.beam
    return (
        f"{beam.beam_size} beams, length penalty {beam.length_penalty:g}, "
        f"{beam.min_words} to {beam.max_words} words"
        f"{', repetition barred' if beam.bars_repetition else ''}"
    )


def _lesson(stage: Mapping[str, Any]) -> str:
    if stage.get("objective", "cross-entropy") == "cross-entropy":
        return "the next word of people's captions"
    cost = stage.get("made_up_cost", 0)
    return "the CIDEr-D of its own captions" + (
        f", less {cost:g} of 10 for each thing made up" if cost else ""
    )


def _step(stage: Mapping[str, Any]) -> str:
    """Tell what a step shows: pictures and how they are seen, and captions without pictures."""
    pictures, texts = stage.get("images_per_step", 0), stage.get("texts_per_step", 0)
    ways = []
    if crops := stage.get("crops", 0):
        ways.append(f"each whole or as one of {crops} parts cut out of it")
    if blind := stage.get("blind", 0):
        ways.append(f"{100 * blind:g} % of them told by their tags alone")
    parts = []
    if pictures:
        parts.append(", ".join((f"{pictures} pictures", *ways)))
    if texts:
        parts.append(f"{texts} pictures' captions alone, with tags of what these name")
    return "; ".join(parts)


def _learners(stage: Mapping[str, Any]) -> str:
    block, layer = stage.get("encoder_from_block"), stage.get("encoder_from_layer")
    if block is None and layer is None:
        return "decoder"
    place = f"layer {layer}" if block is None else f"block {block}"
    rate = stage.get("encoder_rate", 1)
    slower = "" if rate == 1 else f", at {rate:g} of the rate"
    return f"decoder, and encoder from {place} on{slower}"


def _quantisation(manifest: Manifest) -> str:
    metrics: dict[str, Any] = {} if manifest.metrics is UNSET else manifest.metrics
    scores = metrics.get("dev_cider", {})
    return ", ".join(f"{scores[kind]:.1f}" for kind in ("fp32", "shipped") if kind in scores)


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else ""


def _threads(timings: Any) -> str:
    return "1 thread" if timings.threads == 1 else f"{timings.threads} threads"


def _default(value: Any) -> str:
    if value in (None, ()):
        return "not set"
    if isinstance(value, bool):
        return f"`{value}`".lower()
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def _square(side: int) -> str:
    return f"{side} x {side}"


def mebibytes(size: int) -> str:
    return f"{size / 2**20:.1f} MiB"


def _code(texts: Iterable[str]) -> str:
    return " and ".join(f"`{text}`" for text in texts)


def markdown_table(
    head: Sequence[str], rows: Iterable[Sequence[str]], *, right: bool = False
) -> str:
    """Write a table, all columns but the first set to the right where asked."""
    rule = ["---", *(["---:" if right else "---"] * (len(head) - 1))]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *rows))
