"""Files of one image and of many."""

import io
import zipfile

import pytest

from captioner.errors import ContradictoryRequest, NoAltText
from captioner.exports import Format, document_of, export_of, export_one, sidecar
from captioner.records import CaptionRecord
from tests.support.exported import CANVAS, human, machine, silent


def archive(*records: CaptionRecord) -> dict[str, bytes]:
    export = export_of("xmp", records, CANVAS)
    with zipfile.ZipFile(io.BytesIO(export.data)) as opened:
        assert opened.testzip() is None
        assert not any(each.is_dir() for each in opened.infolist())
        return {name: opened.read(name) for name in opened.namelist()}


def test_several_sidecars_are_an_archive_with_the_paths_of_their_images() -> None:
    records = [machine("attic/a.jpg"), silent(), human(name="写真/ä.png")]

    assert archive(*records) == {
        "attic/a.jpg.xmp": sidecar(records[0]),
        "写真/ä.png.xmp": sidecar(records[2]),
    }
    export = export_of("xmp", records, CANVAS)
    assert (export.media_type, export.name, export.left_out) == (
        "application/zip",
        "alt-texts.xmp.zip",
        1,
    )
    assert export == export_of("xmp", records, CANVAS)


def test_no_name_leaves_the_folder_that_an_archive_is_opened_in() -> None:
    names = ["../up.jpg", "/etc/x.jpg", "C:/y.jpg", "a/../../z.jpg", "\u202egpj.exe"]

    assert list(archive(*map(machine, names))) == [
        "_/up.jpg.xmp",
        "etc/x.jpg.xmp",
        "C_/y.jpg.xmp",
        "a/_/_/z.jpg.xmp",
        "_gpj.exe.xmp",
    ]


def test_names_that_come_out_the_same_lose_no_sidecar() -> None:
    found = archive(machine("a?.jpg", "one"), machine("a*.jpg", "two"), machine("a:.jpg", "three"))

    assert list(found) == ["a_.jpg.xmp", "a_.jpg~2.xmp", "a_.jpg~3.xmp"]
    assert len(set(found.values())) == 3


@pytest.mark.parametrize(
    ("wanted", "name", "media_type"),
    [
        ("csv", "dog.jpg.csv", "text/csv"),
        ("jsonl", "dog.jpg.jsonl", "application/x-ndjson"),
        ("xmp", "dog.jpg.xmp", "application/rdf+xml"),
        (
            "annotations",
            "dog.jpg.annotations.json",
            'application/ld+json;profile="http://www.w3.org/ns/anno.jsonld"',
        ),
        ("html", "dog.jpg.html", "text/html"),
    ],
)
def test_the_file_of_one_image_is_called_after_it(
    wanted: Format, name: str, media_type: str
) -> None:
    export = export_one(wanted, machine("attic/dog.jpg"), CANVAS)

    assert (export.name, export.media_type, export.left_out) == (name, media_type, 0)


@pytest.mark.parametrize("wanted", ["xmp", "annotations", "html"])
def test_what_is_made_of_alt_texts_needs_one(wanted: Format) -> None:
    with pytest.raises(NoAltText, match=r"'broken\.jpg' has no alt text"):
        export_one(wanted, silent(), CANVAS)
    assert export_of(wanted, [silent(), silent()], CANVAS).left_out == 2


@pytest.mark.parametrize("wanted", ["csv", "jsonl"])
def test_tables_and_lines_tell_of_images_without_text(wanted: Format) -> None:
    assert b"broken.jpg" in export_one(wanted, silent(), CANVAS).data


def test_one_file_of_xmp_cannot_hold_many_images() -> None:
    with pytest.raises(ContradictoryRequest):
        document_of("xmp", CANVAS)
