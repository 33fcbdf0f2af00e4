"""A WordNet of a dozen meanings, in the files and formats of the real one."""

from pathlib import Path

# Synset: lexicographer file, lemmas, hypernyms. A noun's meanings are in this order, usual first.
MEANINGS: dict[str, tuple[int, tuple[str, ...], tuple[str, ...]]] = {
    "n00000001": (3, ("entity",), ()),
    "n00000002": (3, ("animal",), ("n00000001",)),
    "n00000003": (5, ("bird",), ("n00000002",)),
    "n00000004": (5, ("dog", "domestic_dog"), ("n00000002",)),
    "n00000005": (5, ("golden_retriever",), ("n00000004",)),
    "n00000006": (6, ("kite",), ("n00000001",)),
    "n00000007": (5, ("kite",), ("n00000003",)),
    "n00000008": (18, ("man",), ("n00000001",)),
    "n00000009": (4, ("running",), ("n00000001",)),
    "n00000010": (8, ("back",), ("n00000001",)),
    "n00000011": (13, ("espresso",), ("n00000012",)),
    "n00000012": (13, ("coffee", "java"), ("n00000001",)),
    "n00000013": (27, ("glass",), ("n00000001",)),
}
# Sense key and how often it was tagged: "back" is an adverb (4) more often than a noun (1).
TAGGED = (("dog%1:05:00::", 42), ("back%1:08:00::", 70), ("back%4:02:00::", 181))


def write_wordnet(folder: Path) -> Path:
    folder.mkdir()
    licence = "  1 The files begin with lines like this one.\n"
    data = "".join(
        f"{name[1:]} {file:02d} n {len(lemmas):02x} {' '.join(f'{each} 0' for each in lemmas)} "
        f"{len(above):03d} {''.join(f'@ {each[1:]} n 0000 ' for each in above)}| a meaning\n"
        for name, (file, lemmas, above) in MEANINGS.items()
    )
    nouns = sorted({lemma for _, lemmas, _ in MEANINGS.values() for lemma in lemmas})
    index = "".join(_index(noun) for noun in nouns)
    tagged = "".join(f"{key} 1 {count}\n" for key, count in TAGGED)
    (folder / "data.noun").write_text(licence + data, encoding="utf-8")
    (folder / "index.noun").write_text(licence + index, encoding="utf-8")
    (folder / "noun.exc").write_text("men man\n", encoding="utf-8")
    (folder / "cntlist.rev").write_text(tagged, encoding="utf-8")
    return folder


def _index(noun: str) -> str:
    synsets = [name[1:] for name, (_, lemmas, _) in MEANINGS.items() if noun in lemmas]
    return f"{noun} n {len(synsets)} 1 @ {len(synsets)} 0 {' '.join(synsets)}  \n"
