"""Verbs after `they`: `"is"` -> `"are"`, `"watches"` -> `"watch"`."""

_IRREGULAR = {
    "is": "are",
    "was": "were",
    "has": "have",
    "does": "do",
    "goes": "go",
    "isn't": "aren't",
    "wasn't": "weren't",
    "hasn't": "haven't",
    "doesn't": "don't",
    "ties": "tie",
    "lies": "lie",
    "dies": "die",
    "aches": "ache",
    "focuses": "focus",
    "canoes": "canoe",
    "tiptoes": "tiptoe",
    "hoes": "hoe",
    "skis": "ski",
}
# Words in -s that are no verbs of the third person.
_OTHERS = frozenset({"his", "its", "this", "us", "as", "yes", "thus", "always", "perhaps", "less"})


def plural_form(verb: str) -> str:
    """Give the form after `they`; what has one form only (wore, can) comes back as it is."""
    if verb in _IRREGULAR:
        return _IRREGULAR[verb]
    if not verb.endswith("s") or verb.endswith(("ss", "us", "is")) or verb in _OTHERS:
        return verb
    if verb.endswith("ies"):
        return f"{verb[:-3]}y"
    if verb.endswith(("sses", "shes", "ches", "xes", "zzes", "oes", "tzes")):
        return verb[:-2]
    return verb[:-1]
