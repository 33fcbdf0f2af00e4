"""What the app tells of itself."""

from captioner.api.documents import Health
from captioner.api.openapi import examples
from captioner.api.openapi.operations.telling import JSON, Answer, Content, Operation

ABOUT = (
    Operation(
        id="health",
        method="get",
        path="/api/health",
        group="About",
        summary="Whether images can be captioned here",
        description="Tells codes only, as it is open to anybody; the log has the rest.",
        answers=(
            Answer(200, "They can.", (Content(JSON, (Health,), examples={"ok": examples.HEALTH}),)),
            Answer(503, "They cannot.", (Content(JSON, (Health,)),)),
        ),
        keyed=False,
    ),
    Operation(
        id="schema",
        method="get",
        path="/api/schema",
        group="About",
        summary="The JSON Schema of a record",
        description="For those who check sidecars.",
        answers=(
            Answer(
                200,
                "A JSON Schema (2020-12).",
                (Content("application/schema+json", schema={"type": "object"}),),
            ),
        ),
    ),
    Operation(
        id="openapi",
        method="get",
        path="/api/openapi.json",
        group="About",
        summary="This description, for programs",
        description="OpenAPI 3.1.",
        answers=(
            Answer(
                200,
                "An OpenAPI document.",
                (Content("application/vnd.oai.openapi+json", schema={"type": "object"}),),
            ),
        ),
        keyed=False,
    ),
    Operation(
        id="docs",
        method="get",
        path="/api/docs",
        group="About",
        summary="This description, for people",
        description="One page, made of the same.",
        answers=(Answer(200, "The page.", (Content("text/html", schema={"type": "string"}),)),),
        keyed=False,
    ),
)
