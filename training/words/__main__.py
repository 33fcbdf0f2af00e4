"""`python -m training.words`: makes the tables anew."""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from training.console import console, run
from training.data.datasets import load_dataset
from training.data.texts import load_texts
from training.words import FOLDER
from training.words.make import counted, imagenet, kinds, objects, read_exceptions
from training.words.wordnet import WordNet

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def make(
    captions: Annotated[
        list[Path],
        typer.Argument(help="Data sets, of which the training split is read, and files of texts."),
    ],
    wordnet: Annotated[
        Path, typer.Option(help="WordNet 3.0's files, as Debian's wordnet-base installs them.")
    ] = Path("/usr/share/wordnet"),
    tables: Annotated[
        Path, typer.Option(help="Folder of the tables and of exceptions.csv.")
    ] = FOLDER,
) -> None:
    """Make imagenet.csv, objects.csv and kinds.csv from WordNet, captions and exceptions.csv."""
    nouns = WordNet(wordnet)
    exceptions = read_exceptions(tables / "exceptions.csv")
    counts = counted(caption for path in captions for caption in _captions(path))
    forms = objects(counts, nouns, exceptions.objects)
    classes = list(imagenet(_classes(tables), nouns, forms, counts, exceptions.imagenet))
    names = sorted(set(forms.values()))
    pairs = list(kinds(names, nouns, exceptions))
    _write(tables / "kinds.csv", ("object", "kind_of"), pairs)
    _write(tables / "objects.csv", ("form", "object"), sorted(forms.items()))
    _write(tables / "imagenet.csv", ("index", "synset", "label", "word"), classes)
    words = {word for *_, word in classes} - {""}
    console.print(f"objects.csv: {len(forms)} forms of {len(names)} objects")
    console.print(f"kinds.csv: {len(pairs)} pairs")
    console.print(f"imagenet.csv: {len(words)} words for {len(classes)} classes")


def _captions(path: Path) -> Iterator[str]:
    if path.is_dir():
        for image in load_dataset(path).train:
            yield from image.captions
    else:
        for said in load_texts(path).captions:
            yield from said


def _classes(tables: Path) -> list[str]:
    """The classes' synsets in their order, which the table keeps when it is made anew."""
    with (tables / "imagenet.csv").open(encoding="utf-8", newline="") as file:
        return [row["synset"] for row in csv.DictReader(file)]


def _write(path: Path, header: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def main() -> None:
    """Run the command line; what went wrong is told in a sentence, with exit status 1."""
    run(app)


if __name__ == "__main__":
    main()
