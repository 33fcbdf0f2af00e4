"""What the real host refuses, the devhost refuses at once, with a sentence that says why."""

import json
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.e2e.conftest import StartHost
from tests.support.apps import write_app
from tests.support.host import DevHost

ROUTE = '@app.route("{route}")\ndef {name}(req): return "x"\n'
BLOB = """
    @app.blob_trigger("image", "images/{name}", "AzureWebJobsStorage")
    def landed(image: bytes) -> None: ...
"""


def refusal(app: Path, *arguments: str, **settings: str) -> str:
    """Start an app that cannot run; give what the host says, after checking how it ends."""
    host = DevHost(app, settings, arguments)
    try:
        host.spawn()
        assert host.wait() == 1
        return host.log
    finally:
        host.close()


@pytest.mark.parametrize(
    ("functions", "host_json", "said"),
    [
        (
            ROUTE.format(route="a/{*rest}/b", name="f"),
            {},
            "the catch-all parameter 'rest' must be the last segment",
        ),
        (
            ROUTE.format(route="a", name="f") + ROUTE.format(route="A", name="g"),
            {},
            "function 'f' has the same route",
        ),
        (
            BLOB,
            {"extensionBundle": None},
            "Function 'landed' has a blobTrigger, which the host only has with an extension bundle",
        ),
        (BLOB, {}, "Function 'landed' (blobTrigger) needs the app setting AzureWebJobsStorage"),
        (
            BLOB.replace("images/", "%NOWHERE%/"),
            {},
            "Binding 'image' of function 'landed' refers to %NOWHERE%",
        ),
        (BLOB.replace("images/", "Images/"), {}, "names 'Images': containers and queues have"),
        (BLOB.replace("images/", "{container}/"), {}, "must begin with the name of one container"),
        (
            '@app.timer_trigger("timer", "every day")\ndef f(timer: func.TimerRequest): ...\n',
            {},
            "write six NCRONTAB fields",
        ),
        (
            """
            @app.service_bus_queue_trigger("message", "Bus", "queue")
            def f(message: func.ServiceBusMessage) -> None: ...
            """,
            {},
            "Function 'f' has the input binding 'serviceBusTrigger', which the devhost does not",
        ),
        ("", {}, "has no function_app.py with functions in it"),
        ("", {"extensionBundel": {}}, "unknown field `extensionBundel`"),
        ("", {"version": "1.0"}, "Invalid enum value '1.0'"),
    ],
)
def test_an_app_that_cannot_run(
    tmp_path: Path, functions: str, host_json: dict[str, Any], said: str
) -> None:
    log = refusal(write_app(tmp_path, functions, **host_json), AzureWebJobsStorage="")
    assert said in log
    assert "Traceback" not in log


def test_an_app_that_cannot_be_imported_shows_its_own_traceback(tmp_path: Path) -> None:
    log = refusal(write_app(tmp_path, "import nowhere_to_be_found\n"))
    assert "The app cannot be loaded" in log
    assert "import nowhere_to_be_found" in log
    assert "ModuleNotFoundError" in log
    assert "azure_functions_runtime" not in log


def test_a_parameter_without_a_binding(tmp_path: Path) -> None:
    log = refusal(write_app(tmp_path, '@app.route("x")\ndef f(other): return "x"\n'))
    assert "cannot load the f function" in log


def test_a_folder_without_an_app(tmp_path: Path) -> None:
    assert "has no host.json" in refusal(tmp_path)


def test_a_connection_string_that_is_none(tmp_path: Path) -> None:
    log = refusal(write_app(tmp_path, BLOB), AzureWebJobsStorage="my secret account")
    assert "AzureWebJobsStorage is not a storage connection string" in log
    assert "my secret account" not in log


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_a_port_in_use(tmp_path: Path, taken_port: int) -> None:
    app = write_app(tmp_path, ROUTE.format(route="x", name="f"))
    log = refusal(app, "--port", str(taken_port))
    assert f"Port {taken_port} cannot be listened to (Address already in use):" in log
    assert "--port" in log


def test_settings_come_from_the_example_and_the_environment_wins(
    tmp_path: Path, start_host: StartHost
) -> None:
    app = write_app(
        tmp_path,
        """
        @app.route("settings")
        def settings(req: func.HttpRequest) -> str:
            return os.environ["FROM_FILE"] + os.environ["FROM_BOTH"]

        @app.route("off")
        def off(req: func.HttpRequest) -> str:
            return "off"
        """,
    )
    values = {"FROM_FILE": "file ", "FROM_BOTH": "file", "AzureWebJobs.off.Disabled": "true"}
    example = app / "local.settings.json.example"
    example.write_text(json.dumps({"IsEncrypted": False, "Values": values}))
    host = start_host(
        app, {"FROM_BOTH": "environment"}, ["--settings", str(app / "local.settings.json")]
    )
    assert requests.get(f"{host.url}/api/settings", timeout=30).text == "file environment"
    assert requests.get(f"{host.url}/api/off", timeout=30).status_code == 404
    assert "FROM_BOTH is set in the environment already" in host.log
    assert "off: disabled" in host.log
    assert (app / "local.settings.json").exists()


def test_host_json_may_choose_functions(tmp_path: Path, start_host: StartHost) -> None:
    functions = ROUTE.format(route="a", name="a") + ROUTE.format(route="b", name="b")
    host = start_host(write_app(tmp_path, functions, functions=["a"]))
    assert requests.get(f"{host.url}/api/a", timeout=30).status_code == 200
    assert requests.get(f"{host.url}/api/b", timeout=30).status_code == 404


def test_a_function_that_takes_too_long_fails(tmp_path: Path, start_host: StartHost) -> None:
    app = write_app(
        tmp_path,
        """
        @app.route("slow")
        def slow(req: func.HttpRequest) -> str:
            while not Path("release").exists():
                time.sleep(0.05)
            return "too late"
        """,
        functionTimeout="00:00:01",
    )
    host = start_host(app)
    assert requests.get(f"{host.url}/api/slow", timeout=30).status_code == 500
    assert "It ran longer than host.json's functionTimeout of 1 s." in host.log
    (app / "release").touch()
    assert host.stop(by=signal.SIGINT) == 0
