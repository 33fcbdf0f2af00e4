"""What a request or a job asks of the captioners; what requests are parsed with is made of it.

Each description completes a sentence that begins with the field's name and "must be".
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

MOST_ALTERNATIVES = 10

CaptionerName = Literal["onnx", "azure-vision"]
Captioners = Annotated[
    Annotated[tuple[CaptionerName, ...], Meta(min_length=1)] | None,
    Meta(description="the captioners to ask: onnx, azure-vision or both"),
]


class Options(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The wishes of a request or a job; None where it leaves things as the settings have them."""

    captioners: Captioners = None
    language: Annotated[
        Annotated[str, Meta(pattern="^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")] | None,
        Meta(description="the tag of a language, such as en, es, ja, pt or zh"),
    ] = None
    alternatives: Annotated[
        Annotated[int, Meta(ge=0, le=MOST_ALTERNATIVES)] | None,
        Meta(description="a whole number from 0 to 10, of further captions at most"),
    ] = None
    neutral: Annotated[
        bool | None, Meta(description="true for captions that tell nobody's sex, else false")
    ] = None


AS_SET = Options()
"""No wishes."""
