"""Which images of the collection are asked for."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

ANY = "any"


class Filters(Struct, frozen=True, kw_only=True):
    """What images must be like, all of it at once; what is not told does not matter."""

    status: Annotated[
        Literal["machine", "approved", "edited", "none"] | None,
        Meta(description="machine, approved, edited or none, as the alt texts are to be"),
    ] = None
    review: Annotated[
        Literal["pending", "stale"] | None,
        Meta(
            description="pending, for images behind whose alt text no person stands or whose alt "
            "text is stale, or stale, for these alone"
        ),
    ] = None
    problem: Annotated[
        str | None,
        Meta(description=f"the code of a problem that the images must have, or '{ANY}'"),
    ] = None
    prefix: Annotated[
        str | None, Meta(description="how the images' names must begin, such as a folder's name/")
    ] = None
    source: Annotated[
        str | None, Meta(description="the captioner that the images must have a caption by")
    ] = None
