"""scripts.web: what browsers get is held to a style, and may never parse markup."""

from pathlib import Path

import pytest

from scripts.errors import SetupError
from scripts.web import check_style

SINKS = (
    "body.innerHTML = text;",
    "body.innerHTML += text;",
    "body.outerHTML = text;",
    'body.insertAdjacentHTML("beforeend", text);',
    "body.setHTMLUnsafe(text);",
    "document.write(text);",
    "document.createRange().createContextualFragment(text);",
    'new DOMParser().parseFromString(text, "text/html");',
    'document.createElement("iframe").srcdoc = text;',
)


@pytest.fixture
def module(tmp_path: Path) -> Path:
    (tmp_path / "captioner" / "api").mkdir(parents=True)
    (tmp_path / "captioner" / "web").mkdir()
    return tmp_path / "captioner" / "web" / "a.js"


def written(module: Path, line: str) -> Path:
    module.write_text(f"const body = document.body;\nconst text = body.title;\n{line}\n")
    return module.parent.parent.parent


def test_what_is_as_it_should_be_passes(module: Path) -> None:
    check_style(written(module, "body.textContent = text;"))


@pytest.mark.parametrize("sink", SINKS)
def test_markup_is_never_parsed(module: Path, sink: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SetupError, match="not as it should be"):
        check_style(written(module, sink))
    assert "Markup is never parsed" in "".join(capfd.readouterr())


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("console.log(body, text);", "noConsole"),
        ("alert(body, text);", "noAlert"),
        ('body.title = text + "a"', "noUnusedTemplate|useTemplate"),
    ],
)
def test_what_is_not_in_style_is_told(
    module: Path, line: str, told: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SetupError):
        check_style(written(module, line))
    said = "".join(capfd.readouterr())
    assert any(rule in said for rule in told.split("|"))


def test_what_is_a_matter_of_style_is_mended(module: Path) -> None:
    root = written(module, "body.textContent=text")
    check_style(root, mend=True)
    assert module.read_text().endswith("body.textContent = text;\n")
