import base64
import io
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support.scored import CAPTIONS, REFERENCES
from training.data.datasets import CaptionedImage
from training.evaluation.captioned import Captioned
from training.evaluation.cards import card
from training.evaluation.evaluation import Evaluation, evaluate
from training.evaluation.pages import comparison_page, report_page

HISTORY = "epoch,loss,val_loss,dev_cider\n1,5.0,5.1,21.5\n2,4.0,4.4,35.2\n"


class Page(HTMLParser):
    """Every element of a page, by its name, with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.elements if tag == name]


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> list[CaptionedImage]:
    folder = tmp_path_factory.mktemp("images")
    for number, name in enumerate(REFERENCES):
        Image.new("RGB", (60 + number, 40), (40 * number, 90, 10)).save(folder / f"{name}.png")
    return [
        CaptionedImage(name, folder / f"{name}.png", captions)
        for name, captions in REFERENCES.items()
    ]


@pytest.fixture(scope="module")
def evaluation(images: list[CaptionedImage]) -> Evaluation:
    captions = CAPTIONS | {"sea": "a <b>surfer</b> & waves"}
    sureness = {name: 0.1 * place for place, name in enumerate(captions, 1)}
    return evaluate(images, Captioned("ours", captions, sureness))


@pytest.fixture(scope="module")
def other(images: list[CaptionedImage]) -> Evaluation:
    return evaluate(images, Captioned("theirs", CAPTIONS | {"pool": "a dog", "cat": "a cat"}))


def looker(image: str) -> list[tuple[str, np.ndarray]]:
    return [("a", np.eye(4, dtype=np.float32) / 4), ("word", np.ones((4, 4), np.float32) / 16)]


@pytest.fixture(scope="module")
def report(evaluation: Evaluation, tmp_path_factory: pytest.TempPathFactory) -> str:
    history = tmp_path_factory.mktemp("run") / "history.csv"
    history.write_text(HISTORY)
    return report_page([evaluation], "A report", looker=looker, histories={"decoder": history})


@pytest.fixture(scope="module")
def comparison(evaluation: Evaluation, other: Evaluation) -> str:
    differences = other.measurement.against(evaluation.measurement)
    return comparison_page(evaluation, other, differences, "A comparison")


@pytest.fixture(params=["report", "comparison"])
def page(request: pytest.FixtureRequest) -> str:
    return request.getfixturevalue(request.param)


def test_a_page_is_one_file_without_scripts(page: str) -> None:
    elements = Page(page)
    assert not elements.all("script")
    assert not elements.all("link")
    sources = [attributes["src"] or "" for attributes in elements.all("img")]
    assert sources
    assert all(source.startswith("data:image/") for source in sources)


def test_a_page_can_be_read_without_seeing(page: str) -> None:
    elements = Page(page)
    assert elements.all("html") == [{"lang": "en"}]
    assert all(attributes.get("alt") for attributes in elements.all("img"))
    drawings = [each for each in elements.all("div") if each.get("role") == "img"]
    assert all(each["aria-label"] for each in drawings)
    assert len(drawings) == len(elements.all("svg"))
    assert len(elements.all("h1")) == 1
    assert all("scope" in attributes for attributes in elements.all("th"))


def test_captions_are_text_and_no_markup(page: str) -> None:
    text = re.sub("</?mark>", "", page)  # where two captions differ
    assert "a &lt;b&gt;surfer&lt;/b&gt; &amp; waves" in text
    assert not Page(page).all("b")


def test_a_report_shows_the_best_the_worst_and_some_by_lot(report: str) -> None:
    best, worst, lot = report.split("<h2 id=")[4:7]
    assert best.startswith('"best"')
    assert best.index("pool.png" if "pool.png" in best else "pool") < best.index("snow")
    assert worst.index("a dog lies on the grass") < worst.index("two dogs play in the snow")
    assert lot.count("<article") == len(REFERENCES)
    assert 'made up: <span class="wrong">dog, grass</span>' in worst
    assert "confidence 0.50" in worst


def test_a_report_tells_figures_and_curves(report: str, evaluation: Evaluation) -> None:
    low, high = evaluation.scores.intervals["cider"]
    assert f"<td>{evaluation.scores.cider:.1f} ({low:.1f} to {high:.1f})</td>" in report
    assert "snow and water" in report
    assert "Stage decoder" in report
    assert report.count('class="looks"') == report.count("<article")


def test_a_report_of_captions_from_elsewhere(other: Evaluation) -> None:
    page = report_page([other], "Theirs")
    assert 'class="looks"' not in page
    assert 'id="curves"' not in page
    assert "confidence 0" not in page


def test_a_comparison_shows_where_each_is_ahead(comparison: str) -> None:
    theirs, ours = comparison.split("<h2>")[2:4]
    assert theirs.startswith("theirs is ahead")
    assert "A cat sleeps" in theirs
    assert "jumps into the pool" not in theirs
    assert ours.startswith("ours is ahead")
    assert "jumps into the pool" in ours
    assert ours.count("<article") == 1


def test_a_veil_is_clear_where_the_model_looked(images: list[CaptionedImage]) -> None:
    attention = np.zeros((8, 8), np.float32)
    attention[:4, :4] = 1 / 16
    shown = card(images[0], [], [("word", attention)])
    (word,) = shown.looks
    veil = Image.open(io.BytesIO(base64.b64decode(word.overlay.partition(",")[2])))
    assert veil.mode == "LA"
    assert veil.getpixel((4, 4))[1] < 10
    assert veil.getpixel((28, 28))[1] > 200
    assert word.place == "upper left"
    assert shown.shape == "60 / 40"


def test_photographs_stand_upright(tmp_path: Path, images: list[CaptionedImage]) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # stored turned by a quarter
    Image.new("RGB", (90, 30)).save(tmp_path / "turned.jpg", exif=exif)
    shown = card(replace(images[0], path=tmp_path / "turned.jpg"), [])
    assert shown.shape == "30 / 90"
