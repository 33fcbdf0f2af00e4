"""The OpenAPI document as a page for people: no script, nothing fetched from elsewhere."""

import re
from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

import msgspec
from markupsafe import Markup, escape

from captioner.api.openapi.document import openapi_document

type Json = dict[str, Any]

_CODE = re.compile(r"`([^`]+)`")
_WORD = re.compile(r"\b[A-Z]\w+")
_FOLDER = files(__package__)


@cache
def docs_page() -> tuple[str, str]:
    """Give the page, and the content security policy that it keeps to."""
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415 - for this page only

    environment = Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    )
    environment.filters.update(
        marked=_marked, kind=_kind, laid_out=_laid_out, linked=_linked, resolved=_resolved
    )
    style = (_FOLDER / "page.css").read_text()
    template = environment.from_string((_FOLDER / "page.html.jinja").read_text())
    page = template.render(document=openapi_document(), style=style)
    digest = b64encode(sha256(style.encode()).digest()).decode()
    return page, (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )


def _marked(text: str) -> Markup:
    """Set the little Markdown that descriptions have: code, paragraphs, and lists."""

    def inline(text: str) -> str:
        return _CODE.sub(r"<code>\1</code>", str(escape(" ".join(text.split()))))

    def block(text: str) -> str:
        if not text.startswith("- "):
            return f"<p>{inline(text)}</p>"
        items = "".join(f"<li>{inline(item)}</li>" for item in re.split(r"(?:^|\n)- ", text)[1:])
        return f"<ul>{items}</ul>"

    return Markup("").join(Markup(block(each)) for each in text.strip().split("\n\n"))  # noqa: S704 - escaped above


def _resolved(schema: Json) -> Json:
    """Follow a reference to a schema in the document."""
    name = schema.get("$ref", "").rpartition("/")[2]
    found: Json = openapi_document()["components"]["schemas"][name] if name else schema
    return found


def _kind(schema: Json) -> str:
    """Say what a schema takes, in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "const" in schema:
        return msgspec.json.encode(schema["const"]).decode()
    if "enum" in schema:
        return " | ".join(msgspec.json.encode(each).decode() for each in schema["enum"])
    if "anyOf" in schema:
        return " | ".join(map(_kind, schema["anyOf"]))
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    return str(schema.get("format", schema.get("type", "bytes")))


def _linked(schema: Json) -> Markup:
    """Say the same, with links to the types that are named."""
    types = openapi_document()["components"]["schemas"]

    def link(found: re.Match[str]) -> str:
        name = found[0]
        return f'<a href="#type-{name}">{name}</a>' if name in types else name

    return Markup(_WORD.sub(link, str(escape(_kind(schema)))))  # noqa: S704 - escaped


def _laid_out(example: Any) -> str:
    """Lay an example out: text as it is, all else as JSON."""
    if isinstance(example, str):
        return example
    return msgspec.json.format(msgspec.json.encode(example), indent=2).decode()
