"""The OpenAPI document: operations, and the types that their requests are read into."""

from collections.abc import Iterator, Mapping
from functools import cache
from http import HTTPStatus
from itertools import groupby
from typing import Any

import msgspec
from msgspec import UNSET

from captioner import __version__
from captioner.api.documents import ProblemDocument
from captioner.api.openapi.examples_alt_texts import CURRENT
from captioner.api.openapi.meanings import MEANINGS
from captioner.api.openapi.operations import (
    OPERATIONS,
    Answer,
    Content,
    Operation,
    Place,
    Schema,
)
from captioner.errors import CaptionerError, EditConflict, SettingsError, kinds_of

type Json = dict[str, Any]

_PROBLEM = "application/problem+json"
_SCHEMAS = "#/components/schemas/{name}"

_ABOUT = """\
Captions of images, by the team's own model and by Azure AI Vision side by side.

Every problem that the app tells is `application/problem+json` (RFC 9457) with a stable `code` and a
`detail` that says what to do. Status 400 says that a request is not as described here; 422 that it
is, and still cannot be done; 5xx that the fault lies elsewhere.

Limits:

- An image: `MAX_IMAGE_BYTES`, `MAX_IMAGE_PIXELS` and `MAX_IMAGE_MEMORY` of the settings.
- JSON or a list of URLs: 32 MiB, 100,000 URLs of at most 8,192 characters each.
- A form: 32 images. All bodies: the platform's 210 MB.
- An answer with captions of what is fetched: two minutes, then what is left is a problem; one image
  from its URL: `SOURCE_TIMEOUT_SECONDS`.
- On each instance 8 requests at once and 56 that wait; the next ones are answered 429.
- An image that had no turn at the model within a minute: `captioner_busy`, with `Retry-After`.

What the Functions host refuses by itself has no problem document: 401 without a valid key, 404 for
a path that there is not and for a method that its path does not have, 413 for too large a body, 429
while too many requests wait.
"""

_KEYS: Json = {
    "key": {
        "type": "apiKey",
        "in": "header",
        "name": "x-functions-key",
        "description": "A function key or host key of the app. Where it runs locally, none is "
        "asked for.",
    },
    "code": {
        "type": "apiKey",
        "in": "query",
        "name": "code",
        "description": "The same, where no header can be sent.",
    },
}

# The host's own answers: they have no body.
_HOSTS: Json = {
    "NoKey": {"description": "The host: the request has no valid key."},
    "TooBusy": {"description": "The host: too many requests wait; try again later."},
}


@cache
def openapi_document() -> Json:
    """Give the OpenAPI 3.1 document of the API."""
    types, components = _schemas()
    paths: dict[str, Json] = {}
    for each in OPERATIONS:
        paths.setdefault(each.path, {})[each.method] = _operation(each, types, components)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "captioner",
            "version": __version__,
            "description": _ABOUT,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/", "description": "Where this document is from."}],
        "tags": [{"name": name} for name in dict.fromkeys(each.group for each in OPERATIONS)],
        "paths": paths,
        "components": {
            "schemas": {
                name: _told(name, schema)
                for name, schema in components.items()
                if name not in {each.query.__name__ for each in OPERATIONS if each.query}
            },
            "responses": _HOSTS,
            "securitySchemes": _KEYS,
        },
    }


def faults_of(operation: Operation) -> list[type[CaptionerError]]:
    """Give every error that an operation may answer with, by status and code."""
    named = {each for fault in (*operation.faults, SettingsError) for each in kinds_of(fault)}
    return sorted({*named, CaptionerError}, key=lambda each: (each.status, each.code))


def _schemas() -> tuple[dict[Any, Json], dict[str, Json]]:
    """Give the schema of each type that operations name, and what these refer to."""
    contents = [
        content
        for each in OPERATIONS
        for content in (*each.body, *(c for answer in each.answers for c in answer.content))
    ]
    types = dict.fromkeys(
        [
            *(each for content in contents for each in content.types),
            *(each.query for each in OPERATIONS if each.query),
            ProblemDocument,
        ]
    )
    schemas, components = msgspec.json.schema_components(types, ref_template=_SCHEMAS)
    return dict(zip(types, schemas, strict=True)), components


def _operation(
    operation: Operation, types: Mapping[Any, Schema], components: Mapping[str, Json]
) -> Json:
    query = components[operation.query.__name__] if operation.query else {}
    parameters = [*map(_place, operation.places), *_query_parameters(query)]
    body = {
        "requestBody": {
            "required": True,
            "content": {each.media_type: _content(each, types) for each in operation.body},
        }
    }
    return {
        "operationId": operation.id,
        "tags": [operation.group],
        "summary": operation.summary,
        "description": operation.description,
        **({"parameters": parameters} if parameters else {}),
        **(body if operation.body else {}),
        "responses": {
            **{str(each.status): _answer(each, types) for each in operation.answers},
            **dict(_problems(operation, types[ProblemDocument])),
            **({"401": {"$ref": "#/components/responses/NoKey"}} if operation.keyed else {}),
            "429": {"$ref": "#/components/responses/TooBusy"},
        },
        "security": [{name: []} for name in _KEYS] if operation.keyed else [],
    }


def _place(place: Place) -> Json:
    return {
        "name": place.name,
        "in": place.within,
        "description": place.description,
        **({"required": True} if place.within == "path" or place.required else {}),
        "schema": place.schema,
        "example": place.example,
    }


def _query_parameters(query: Schema) -> Iterator[Json]:
    """Give a type's fields as parameters: left out of a query is what is null in JSON."""
    for name, field in query.get("properties", {}).items():
        schema = {key: value for key, value in field.items() if key != "description"}
        if alternatives := schema.pop("anyOf", None):
            (only,) = (each for each in alternatives if each != {"type": "null"})
            schema.update(only)
        if schema.get("default") is None:
            schema.pop("default", None)
        is_list = schema.get("type") == "array"
        yield {
            "name": name,
            "in": "query",
            "description": _sentence(field["description"]),
            "required": name in query["required"],
            # The host drops parameters without a value.
            **({} if name in query["required"] else {"allowEmptyValue": True}),
            "schema": schema,
            **({"style": "form", "explode": False} if is_list else {}),
        }


def _content(content: Content, types: Mapping[Any, Schema]) -> Json:
    schemas = [types[each] for each in content.types]
    schema = content.schema
    if schemas and not schema:
        schema = schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
    examples = _examples(content.examples)
    return {
        **({"schema": schema} if schema else {}),
        **({"examples": examples} if examples else {}),
    }


def _examples(values: Mapping[str, Any]) -> Json:
    return {
        name: {"value": msgspec.json.decode(msgspec.json.encode(value))}
        for name, value in values.items()
    }


def _answer(answer: Answer, types: Mapping[Any, Schema]) -> Json:
    headers = {
        name: {"description": told, "schema": {"type": "string"}}
        for name, told in answer.headers.items()
    }
    links = {
        name: {
            "operationId": name,
            "parameters": {"id": "$response.body#/id"},
            "description": told,
        }
        for name, told in answer.links.items()
    }
    return {
        "description": answer.description,
        **({"headers": headers} if headers else {}),
        **({"links": links} if links else {}),
        **(
            {"content": {each.media_type: _content(each, types) for each in answer.content}}
            if answer.content
            else {}
        ),
    }


def _problems(operation: Operation, problem: Schema) -> Iterator[tuple[str, Json]]:
    """Give the response of each status that something may fail with, and the codes it has."""
    for status, group in groupby(faults_of(operation), key=lambda each: each.status):
        faults = list(group)
        told = {
            fault.code: ProblemDocument(
                title=HTTPStatus(status).phrase,
                status=status,
                code=fault.code,
                detail=fault.meaning,
                current=CURRENT if fault is EditConflict else UNSET,
            )
            for fault in faults
        }
        codes = {"properties": {"code": {"enum": list(told)}}}
        yield (
            str(status),
            {
                "description": "\n".join(f"- `{each.code}`: {each.meaning}" for each in faults),
                "content": {
                    _PROBLEM: {"schema": {"allOf": [problem, codes]}, "examples": _examples(told)}
                },
            },
        )


def _told(name: str, schema: Json) -> Json:
    """Let every field of an object say in a sentence what it means."""
    meanings = MEANINGS.get(name, {})
    fields = {
        field: {**told, "description": _sentence(told.get("description") or meanings[field])}
        for field, told in schema.get("properties", {}).items()
    }
    return {**schema, **({"properties": fields} if fields else {})}


def _sentence(description: str) -> str:
    return f"{description[:1].upper()}{description[1:]}."
