"""What `MODEL_URI` leads to."""

import pytest

from captioner.errors import SettingsError
from captioner.serving.place import Place

OWN = "https://museum.blob.core.windows.net"
EMULATOR = "http://127.0.0.1:10000/devstoreaccount1"


@pytest.mark.parametrize(
    ("uri", "own", "expected"),
    [
        (f"{OWN}/models/tiny", OWN, Place(OWN, "models", "tiny")),
        (f"{OWN}/models/tiny/1f", OWN, Place(OWN, "models", "tiny", "1f")),
        (f"{OWN}/models/tiny", "", Place(OWN, "models", "tiny")),
        (
            f"{OWN}/models/tiny?sig=x&se=y",
            OWN,
            Place(OWN, "models", "tiny", None, "sig=x&se=y"),
        ),
        (f"{EMULATOR}/models/tiny/1", EMULATOR, Place(EMULATOR, "models", "tiny", "1")),
        (
            "https://other.blob.core.windows.net/models/tiny",
            EMULATOR,
            Place("https://other.blob.core.windows.net", "models", "tiny"),
        ),
    ],
)
def test_a_uri_is_taken_apart(uri: str, own: str, expected: Place) -> None:
    assert Place.of(uri, own) == expected


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        ("http://museum.blob.core.windows.net/models/tiny", "must begin with https"),
        (f"{OWN}/models", "must end with /CONTAINER/NAME"),
        (f"{OWN}/a/b/c/d", "must end with /CONTAINER/NAME"),
    ],
)
def test_a_uri_that_leads_to_no_model(uri: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        Place.of(uri, OWN)


def test_a_signature_is_shown_nowhere() -> None:
    assert "secret" not in repr(Place.of(f"{OWN}/models/tiny?sig=secret", OWN))


def test_models_of_two_containers_are_kept_apart() -> None:
    keys = {Place.of(f"{OWN}/{path}", OWN).key for path in ("a/tiny", "b/tiny", "a/small")}
    assert len(keys) == 3
    assert Place.of(f"{OWN}/a/tiny/1", OWN).key == Place.of(f"{OWN}/a/tiny", OWN).key
