"""scripts.start: what is said before anything runs, and when the host ends by itself."""

import argparse
import subprocess
import sys
import threading

import pytest

from captioner.settings import Settings
from scripts import start
from scripts.captions import SidecarWatch
from scripts.errors import SetupError


@pytest.mark.parametrize("text", ["0", "65534", "-1", "http", ""])
def test_what_is_no_port_is_told(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=f"from 1 to 65533, not '{text}'"):
        start.port(text)


def test_a_port_is_read() -> None:
    assert start.port("8071") == 8071


def test_a_host_that_ends_by_itself_is_told_with_its_status(blobs, unique_name, monkeypatch):
    monkeypatch.setattr(start, "LOOK_EVERY_S", 0)
    with (
        blobs.create_container(unique_name("captions")) as captions,
        subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"], text=True) as process,
    ):
        watch = SidecarWatch(captions)
        process.wait()
        with pytest.raises(SetupError, match="ended with status 3"):
            start.show_captions(watch, process, threading.Event())


def test_the_greeting_names_another_storage_account_first() -> None:
    usual = start.greeting(8071, Settings(), 0, "UseDevelopmentStorage=true")
    other = start.greeting(8071, Settings(), 0, "AccountName=x")
    assert "export" not in usual
    assert "export AzureWebJobsStorage='AccountName=x'" in other
    assert "http://127.0.0.1:8071/api/health" in other


def test_the_greeting_leads_to_the_gallery_before_all_else() -> None:
    told = start.greeting(8071, Settings(), 2, "UseDevelopmentStorage=true")
    assert "http://127.0.0.1:8071/ in a browser" in told
    assert told.index("See the gallery") < told.index("Drop an image")
