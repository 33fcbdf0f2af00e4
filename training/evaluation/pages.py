"""Evaluations and comparisons as pages: one HTML file each, without scripts."""

import random
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
import numpy as np

from captioner.model.attention import Looker
from training.data.datasets import CaptionedImage
from training.evaluation import plots
from training.evaluation.captioned import Captioned
from training.evaluation.cards import Card, Said, card, said_of, sureness_of
from training.evaluation.differences import difference, marked
from training.evaluation.evaluation import Evaluation, Part
from training.evaluation.objects import Objects, WordCount
from training.evaluation.tables import (
    LABELS,
    PART_HEAD,
    UNTOLD,
    comparison_rows,
    part_cells,
    side_by_side,
)
from training.metrics import Difference

_SHOWN = 9  # pictures of each sort
_THINGS = 25
_MADE_UP = 15
_SEED = 8


def report_page(
    evaluations: Sequence[Evaluation],
    title: str,
    *,
    looker: Looker | None = None,
    histories: Mapping[str, Path] | None = None,
) -> str:
    """Write the report of a captioner, the last of `evaluations`; the others are for its scores.

    `looker` tells where the model looked, `histories` are training histories by stage.
    """
    shown = evaluations[-1]
    return _page(
        "report.html",
        title=title,
        subtitle=f"{shown.captioned.name}; {len(shown.images):,} pictures",
        scores={
            "head": ("", *(each.captioned.name for each in evaluations)),
            "rows": side_by_side(evaluations),
        },
        plots=[
            ("CIDEr-D by kind of picture", plots.parts_figure(shown.kinds)),
            (
                "CIDEr-D by length of caption",
                plots.parts_figure(shown.lengths),
            ),
        ],
        breakdown=[
            {"head": (label, *PART_HEAD), "rows": _part_rows(parts)}
            for label, parts in (("kind", shown.kinds), ("length", shown.lengths))
        ],
        words=[
            ("The commonest things.", [_word_row(each) for each in shown.objects.words[:_THINGS]]),
            ("Colours and numbers.", [_word_row(each) for each in shown.objects.attributes]),
        ],
        made_up=_most_made_up(shown.objects),
        groups=_groups(shown, looker),
        curves=[
            (f"Stage {stage}", plots.history_svg(path)) for stage, path in (histories or {}).items()
        ],
    )


def comparison_page(
    first: Evaluation, second: Evaluation, differences: Mapping[str, Difference], title: str
) -> str:
    """Write the comparison of two captioners, with the pictures on which they differ most."""
    ahead = second.measurement.of_each("cider") - first.measurement.of_each("cider")
    order = np.argsort(ahead, kind="stable").tolist()
    names = (first.captioned.name, second.captioned.name)
    gains = [row for row in reversed(order) if ahead[row] > 0][:_SHOWN]
    losses = [row for row in order if ahead[row] < 0][:_SHOWN]
    labelled = {LABELS[metric]: difference for metric, difference in differences.items()}
    return _page(
        "comparison.html",
        title=title,
        subtitle=f"{names[0]} against {names[1]}; {len(first.images):,} pictures",
        scores={
            "head": ("", *names, "difference", "doubt"),
            "rows": list(comparison_rows(first, second, differences)),
        },
        plots=[
            (
                "What the second has more, with intervals",
                plots.differences_figure(labelled),
            )
        ],
        groups=[
            {"title": f"{names[1]} is ahead", "cards": _pairs(first, second, gains, 1)},
            {"title": f"{names[0]} is ahead", "cards": _pairs(first, second, losses, 0)},
        ],
    )


def pictures_page(
    images: Sequence[CaptionedImage], first: Captioned, second: Captioned, title: str, *, most: int
) -> str:
    """Write two captioners' captions of images that nobody captioned, the most different first."""
    both = (first, second)
    said = {
        image.name: (first.captions[image.name], second.captions[image.name]) for image in images
    }
    order = sorted(images, key=lambda image: (-difference(*said[image.name]), image.name))
    same = sum(one == other for one, other in said.values())
    shown = order[:most]
    return _page(
        "pictures.html",
        title=title,
        subtitle=f"{first.name} and {second.name}",
        summary=f"{len(images):,} pictures, of which {same:,} have the same caption by both; "
        f"{'all' if len(shown) == len(order) else f'the {len(shown):,} most different'} are shown, "
        "the most different first.",
        cards=[
            card(
                image,
                [
                    Said(
                        parts=parts,
                        cider="",
                        confidence=sureness_of(captioned, image.name),
                        made_up="",
                        by=captioned.name,
                    )
                    for captioned, parts in zip(both, marked(*said[image.name]), strict=True)
                ],
            )
            for image in shown
        ],
    )


def _page(template: str, **values: Any) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        trim_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template(template).render(values)


def _part_rows(parts: Iterable[Part]) -> list[tuple[str, ...]]:
    return [(part.name, *part_cells(part)) for part in parts]


def _word_row(word: WordCount) -> tuple[str, ...]:
    found = f"{100 * word.found / word.wanted:.0f} %" if word.wanted else UNTOLD
    right = f"{100 * word.right / word.said:.0f} %" if word.said else UNTOLD
    return (word.word, f"{word.wanted:,}", found, f"{word.said:,}", right)


def _most_made_up(objects: Objects) -> str:
    wrong = [(word.said - word.right, word.word) for word in objects.words]
    most = sorted((each for each in wrong if each[0]), key=lambda each: (-each[0], each[1]))
    return ", ".join(f"{word} ({count})" for count, word in most[:_MADE_UP]) or "nothing"


def _groups(shown: Evaluation, looker: Looker | None) -> list[dict[str, Any]]:
    """Choose the best pictures by CIDEr-D, the worst of which it was surest, and some by lot."""
    ciders = shown.measurement.of_each("cider")
    sureness = shown.captioned.sureness()
    tied = np.zeros(len(ciders)) if sureness is None else sureness
    order = np.lexsort((-tied, ciders)).tolist()
    lot = random.Random(_SEED).sample(range(len(ciders)), min(_SHOWN, len(ciders)))  # noqa: S311
    chosen = (
        ("best", "Best", "By CIDEr-D.", order[::-1][:_SHOWN]),
        ("worst", "Worst", "By CIDEr-D; of equals, those that it was surest of.", order[:_SHOWN]),
        ("random", "By lot", "The same pictures each time.", lot),
    )
    return [
        {"id": anchor, "title": title, "note": note, "cards": _cards(shown, rows, looker)}
        for anchor, title, note, rows in chosen
    ]


def _cards(shown: Evaluation, rows: Iterable[int], looker: Looker | None) -> list[Card]:
    cards = []
    for row in rows:
        image = shown.images[row]
        looks = looker(image.name) if looker else ()
        cards.append(card(image, [said_of(shown, row)], looks))
    return cards


def _pairs(first: Evaluation, second: Evaluation, rows: Iterable[int], ahead: int) -> list[Card]:
    cards = []
    for row in rows:
        image = first.images[row]
        both = [each.captioned.captions[image.name] for each in (first, second)]
        said = [
            said_of(each, row, parts=parts, by=each.captioned.name, ahead=place == ahead)
            for place, (each, parts) in enumerate(zip((first, second), marked(*both), strict=True))
        ]
        cards.append(card(image, said))
    return cards
