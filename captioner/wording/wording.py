"""How captions are worded: what is set, and what it does to a caption."""

from dataclasses import dataclass, replace

import msgspec
from msgspec import UNSET, UnsetType

from captioner.errors import CaptionBlocked
from captioner.records import Alternative, Caption, Tag
from captioner.wording.neutral import neutral
from captioner.wording.terms import Pairs, holds_any, with_preferred


@dataclass(frozen=True, slots=True)
class Wording:
    """What captions are to say, and not to say; it does nothing where nothing is set.

    Preferred terms come first, so that they go before the neutral tables' own choice, and again
    after them, as they may name a neutral word too. A preferred term that tells somebody's sex is
    no help to `neutral`, which leaves it out. Blocked terms are looked for last: what a preferred
    term has cured is not blocked. `neutral` knows English only; terms hold for every language.

    Done to a caption that it was done to before, it changes nothing.
    """

    neutral: bool = False
    preferred: Pairs = ()
    blocked: tuple[str, ...] = ()

    def with_neutral(self, wanted: bool | None) -> "Wording":
        """Give the wording that one request asks for; None where it does not say."""
        return self if wanted is None else replace(self, neutral=wanted)

    def applied(self, caption: Caption) -> Caption:
        """Give a caption so worded: the text or, where a blocked term is in it, the next one.

        Alternatives and tags that hold a blocked term, or now say the same as another, are left
        out. Raises `CaptionBlocked` where no text is left.
        """
        if self == Wording():
            return caption
        texts: dict[str, Alternative] = {}
        for each in (Alternative(caption.text, caption.confidence), *caption.alternatives):
            text = self.text(each.text, caption.language)
            if not holds_any(text, self.blocked):
                texts.setdefault(text, msgspec.structs.replace(each, text=text))
        if not texts:
            raise CaptionBlocked(
                "Every caption for this image holds a blocked term; describe the image by hand, "
                "or change BLOCKED_TERMS."
            )
        best, *others = texts.values()
        return msgspec.structs.replace(
            caption,
            text=best.text,
            confidence=best.confidence,
            alternatives=tuple(others),
            tags=self._tags(caption),
        )

    def text(self, text: str, language: str) -> str:
        """Give a text with preferred and neutral words; `language` is a BCP 47 tag."""
        english = language.lower().partition("-")[0] == "en"
        if not (self.neutral and english):
            return with_preferred(text, self.preferred, articles=english)
        preferred = tuple(pair for pair in self.preferred if neutral(pair[1]) == pair[1])
        worded = neutral(with_preferred(text, preferred, articles=True))
        return with_preferred(worded, preferred, articles=True)

    def _tags(self, caption: Caption) -> tuple[Tag, ...] | UnsetType:
        """Word the tags too: a record without `man` in its captions has no tag `man` either."""
        if caption.tags is UNSET:
            return UNSET
        tags: dict[str, Tag] = {}
        for tag in caption.tags:
            name = self.text(tag.name, caption.language)
            if holds_any(name, self.blocked):
                continue
            known = tags.get(name, tag)
            told = [each for each in (known.confidence, tag.confidence) if each is not None]
            tags[name] = Tag(name, max(told, default=None))
        return tuple(tags.values())


AS_IT_IS = Wording()
"""The wording that changes nothing."""
