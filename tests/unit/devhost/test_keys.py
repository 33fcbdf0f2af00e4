"""Access keys: which opens what, and the file that keeps them."""

import stat
from pathlib import Path

import pytest

from devhost.errors import HostError
from devhost.keys import Keys, generate_keys, load_keys

KEYS = Keys(
    master_key="master",
    function_keys={"default": "host"},
    system_keys={"blobs_extension": "blobs"},
    functions={"caption": {"default": "caption", "museum": "museum"}},
)


@pytest.mark.parametrize("key", ["master", "host", "caption", "museum"])
def test_keys_that_open_a_function(key: str) -> None:
    assert KEYS.open("function", key, "caption")


@pytest.mark.parametrize("key", [None, "", "wrong", "blobs", "hosté"])
def test_keys_that_do_not_open_a_function(key: str | None) -> None:
    assert not KEYS.open("function", key, "caption")


def test_a_functions_key_opens_no_other_function() -> None:
    assert not KEYS.open("function", "caption", "health")


def test_only_the_master_key_opens_what_is_for_administrators() -> None:
    assert KEYS.open("admin", "master", "caption")
    assert not KEYS.open("admin", "host", "caption")
    assert not KEYS.open("admin", "caption", "caption")


def test_what_is_anonymous_needs_no_key() -> None:
    assert KEYS.open("anonymous", None, "health")


def test_the_webhook_takes_its_own_key_and_the_master_key() -> None:
    assert KEYS.open_webhook("blobs")
    assert KEYS.open_webhook("master")
    assert not KEYS.open_webhook("host")
    assert not KEYS.open_webhook(None)


def test_a_webhook_without_a_key_is_not_opened_by_an_empty_one() -> None:
    bare = Keys(master_key="master", function_keys={}, system_keys={}, functions={})
    assert not bare.open_webhook("")


def test_new_keys_are_all_different() -> None:
    keys = generate_keys(["a", "b"])
    everything = [
        keys.master_key,
        *keys.function_keys.values(),
        *keys.system_keys.values(),
        *(key for each in keys.functions.values() for key in each.values()),
    ]
    assert len(set(everything)) == 5


def test_the_file_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    made = load_keys(path, ["caption"])
    assert load_keys(path, ["other"]) == made
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text('{"master": 1}')
    with pytest.raises(HostError, match="does not hold keys"):
        load_keys(path, [])
