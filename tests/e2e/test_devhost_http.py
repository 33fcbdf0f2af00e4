"""HTTP triggers under the devhost: requests and answers are as the real host passes them."""

import json
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.e2e.conftest import StartHost
from tests.support.apps import write_app
from tests.support.host import DevHost

TIMEOUT_S = 30

FUNCTIONS = """
    barrier = threading.Barrier(2)

    @app.route("echo/{name?}", methods=["GET", "POST"])
    def echo(req: func.HttpRequest) -> func.HttpResponse:
        told = {
            "method": req.method, "url": req.url, "headers": dict(req.headers),
            "query": dict(req.params), "route": dict(req.route_params),
            "length": len(req.get_body()),
        }
        return func.HttpResponse(json.dumps(told), mimetype="application/json")

    @app.route("files/{*name}")
    def files(req: func.HttpRequest) -> str:
        return req.route_params.get("name", "nothing")

    @app.route("mirror", methods=["POST"])
    def mirror(req: func.HttpRequest) -> func.HttpResponse:
        return func.HttpResponse(
            req.get_body(), status_code=203, mimetype="application/octet-stream",
            headers={"X-One": "1"},
        )

    @app.route("cookies")
    def cookies(req: func.HttpRequest) -> func.HttpResponse:
        answer = func.HttpResponse("")
        answer.headers.add("Set-Cookie", "a=1; Path=/; Max-Age=60; Secure; HttpOnly; SameSite=Lax")
        answer.headers.add("Set-Cookie", "b=2; Expires=Wed, 21 Oct 2026 07:28:00 GMT")
        return answer

    @app.route("meet")
    def meet(req: func.HttpRequest) -> str:
        barrier.wait(timeout=30)
        return "met"

    @app.route("block")
    async def block(req: func.HttpRequest) -> str:
        logging.info("blocking the loop")
        while not Path("release").exists():
            time.sleep(0.05)
        return "released"

    @app.route("fail")
    def fail(req: func.HttpRequest) -> str:
        raise ValueError("a fault of the app")

    @app.route("log")
    def log(req: func.HttpRequest) -> str:
        logging.getLogger("museum").warning("a line of the app")
        print("a printed line")
        return "ok"

    @app.route("where")
    def where(req: func.HttpRequest) -> str:
        return str(Path.cwd())

    @app.route("guarded", auth_level=func.AuthLevel.FUNCTION)
    def guarded(req: func.HttpRequest) -> str:
        return "in"

    @app.route("forbidden", auth_level=func.AuthLevel.ADMIN)
    def forbidden(req: func.HttpRequest) -> str:
        return "in"
"""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_app(tmp_path_factory.mktemp("http"), FUNCTIONS, extensionBundle=None)


@pytest.fixture(scope="module")
def host(app: Path) -> Iterator[DevHost]:
    """One host for all tests that leave it as it was."""
    with DevHost(app, {"FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": "5000"}) as running:
        yield running


def get(host: DevHost, path: str, **options: object) -> requests.Response:
    return requests.get(f"{host.url}{path}", timeout=TIMEOUT_S, **options)


def test_a_request_arrives_as_the_real_host_hands_it_on(host: DevHost) -> None:
    answer = requests.post(
        f"{host.url}/api/echo/a%20b?x=1&empty=&x=2&y=%C3%A9+z",
        data=b"12345",
        headers={"X-Museum": "Uffizi"},
        timeout=TIMEOUT_S,
    )
    told = answer.json()
    assert answer.headers["Content-Type"] == "application/json"
    assert told["method"] == "POST"
    assert told["query"] == {"x": "1,2", "y": "é z"}
    assert told["route"] == {"name": "a b"}
    assert told["headers"]["x-museum"] == "Uffizi"
    assert all(name == name.lower() for name in told["headers"])
    assert told["url"] == f"{host.url}/api/echo/a%20b?x=1&empty=&x=2&y=%C3%A9+z"
    assert told["length"] == 5


def test_an_optional_route_value_may_be_absent(host: DevHost) -> None:
    assert get(host, "/api/echo").json()["route"] == {}


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("a/b%20c.jpg", "a/b c.jpg"),
        ("a%2Fb", "a%2Fb"),
        ("%C3%A9%2B%23%25.jpg", "é+#%.jpg"),
        ("", "nothing"),
    ],
)
def test_a_catch_all_takes_the_rest_of_the_path(host: DevHost, raw: str, name: str) -> None:
    answer = get(host, f"/api/files/{raw}")
    assert answer.text == name
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"


def test_bodies_are_bytes_in_both_directions(host: DevHost) -> None:
    everything = bytes(range(256))
    answer = requests.post(f"{host.url}/api/mirror", data=everything, timeout=TIMEOUT_S)
    assert (answer.status_code, answer.content) == (203, everything)
    assert answer.headers["X-One"] == "1"


def test_a_compressed_body_stays_compressed(host: DevHost) -> None:
    answer = requests.post(
        f"{host.url}/api/mirror",
        data=b"not really gzip",
        headers={"Content-Encoding": "gzip"},
        timeout=TIMEOUT_S,
    )
    assert answer.content == b"not really gzip"


def test_cookies_arrive_whole(host: DevHost) -> None:
    sent = get(host, "/api/cookies").raw.headers.getlist("Set-Cookie")
    assert len(sent) == 2
    assert all(part in sent[0] for part in ("a=1", "Path=/", "Max-Age=60", "Secure", "HttpOnly"))
    assert "SameSite=Lax" in sent[0]
    assert sent[1].startswith("b=2; expires=Wed, 21 Oct 2026 07:28:00 GMT")


def test_a_wrong_method_and_an_unknown_route_get_an_empty_404(host: DevHost) -> None:
    for answer in (
        requests.put(f"{host.url}/api/echo", timeout=TIMEOUT_S),
        get(host, "/api/nowhere"),
        get(host, "/echo"),
        get(host, "/admin/functions/nothing"),
    ):
        assert (answer.status_code, answer.content) == (404, b"")


def test_a_body_over_the_limit_gets_413(host: DevHost) -> None:
    answer = requests.post(f"{host.url}/api/mirror", data=bytes(5001), timeout=TIMEOUT_S)
    assert answer.status_code == 413


def test_a_function_that_fails_gives_an_empty_500_and_its_traceback_in_the_log(
    host: DevHost,
) -> None:
    answer = get(host, "/api/fail")
    assert (answer.status_code, answer.content) == (500, b"")
    log = host.wait_for_log("ValueError: a fault of the app")
    assert "Executed 'Functions.fail' (Failed, Id=" in log
    assert "function_app.py" in log
    assert "azure_functions_runtime" not in log


def test_two_requests_run_at_the_same_time(host: DevHost) -> None:
    with ThreadPoolExecutor(2) as both:
        answers = list(both.map(lambda _: get(host, "/api/meet").text, range(2)))
    assert answers == ["met", "met"]


def test_an_async_function_that_blocks_does_not_hold_up_the_host(host: DevHost, app: Path) -> None:
    with ThreadPoolExecutor(1) as other:
        blocked = other.submit(get, host, "/api/block")
        host.wait_for_log("blocking the loop")
        assert get(host, "/admin/host/ping").status_code == 200
        assert not blocked.done()
        (app / "release").touch()
        assert blocked.result(timeout=60).text == "released"


def test_what_the_app_logs_and_prints_appears(host: DevHost) -> None:
    get(host, "/api/log")
    log = host.wait_for_log("a printed line")
    assert "] a line of the app" in log


def test_the_app_runs_in_its_own_folder(host: DevHost, app: Path) -> None:
    assert get(host, "/api/where").text == str(app)


def test_the_log_lists_functions_with_their_urls(host: DevHost) -> None:
    assert f"echo: [GET,POST] {host.url}/api/echo/{{name?}}" in host.log
    assert f"log: {host.url}/api/log" in host.log


def test_the_host_tells_its_state_and_its_functions(host: DevHost) -> None:
    status = get(host, "/admin/host/status").json()
    assert (status["state"], status["id"]) == ("Running", host.host_id)
    names = {each["name"] for each in get(host, "/admin/functions").json()}
    assert {"echo", "files", "mirror"} <= names


def test_without_the_option_nobody_needs_a_key(host: DevHost) -> None:
    assert get(host, "/api/guarded").text == "in"
    assert get(host, "/api/forbidden").text == "in"


def test_keys_are_asked_for_with_the_option(
    app: Path, tmp_path: Path, start_host: StartHost
) -> None:
    file = tmp_path / "keys.json"
    host = start_host(app, arguments=["--enforce-keys", "--keys", str(file)])
    keys = json.loads(file.read_text())
    host_key = keys["functionKeys"]["default"]
    own_key = keys["functions"]["guarded"]["default"]
    for key, guarded, forbidden in (
        ("", 401, 401),
        ("wrong", 401, 401),
        (host_key, 200, 401),
        (own_key, 200, 401),
        (keys["masterKey"], 200, 200),
    ):
        header = {"x-functions-key": key}
        assert get(host, "/api/guarded", headers=header).status_code == guarded
        assert get(host, f"/api/guarded?code={key}").status_code == guarded
        assert get(host, "/api/forbidden", headers=header).status_code == forbidden
    assert get(host, "/api/log").status_code == 200
    assert get(host, "/api/nowhere").status_code == 404
    assert get(host, "/api/guarded").content == b""
    assert get(host, "/admin/host/status").status_code == 401
    assert host_key not in host.log


def test_a_flood_of_requests_gets_429(tmp_path: Path, start_host: StartHost) -> None:
    app = write_app(
        tmp_path,
        """
        released = threading.Event()

        @app.route("wait")
        def wait(req: func.HttpRequest) -> str:
            logging.info("waiting")
            released.wait(timeout=30)
            return "ok"

        @app.warm_up_trigger("context")
        def later(context) -> None:
            while not Path("release").exists():
                time.sleep(0.05)
            released.set()
        """,
        extensions={"http": {"maxOutstandingRequests": 1, "customHeaders": {"X-Frame": "DENY"}}},
    )
    host = start_host(app)
    with ThreadPoolExecutor(1) as other:
        first = other.submit(get, host, "/api/wait")
        host.wait_for_log("] waiting")
        assert get(host, "/api/wait").status_code == 429
        (app / "release").touch()
        answer = first.result(timeout=60)
    assert answer.text == "ok"
    assert answer.headers["X-Frame"] == "DENY"


def test_the_root_is_the_hosts_page_unless_switched_off_or_taken(
    tmp_path: Path, start_host: StartHost
) -> None:
    plain = write_app(tmp_path / "plain", '@app.route("x")\ndef x(req): return "x"\n')
    host = start_host(plain)
    assert "up and running" in get(host, "/").text
    host = start_host(plain, {"AzureWebJobsDisableHomepage": "true"})
    assert get(host, "/").status_code == 204
    taken = write_app(
        tmp_path / "taken",
        """
        @app.route("{ignored:maxlength(0)?}")
        def page(req: func.HttpRequest) -> str:
            return "our page"
        """,
        extensions={"http": {"routePrefix": ""}},
    )
    assert get(start_host(taken), "/").text == "our page"


def test_browsers_of_other_origins_are_let_in_as_the_settings_say(
    tmp_path: Path, start_host: StartHost
) -> None:
    app = write_app(tmp_path, '@app.route("x")\ndef x(req): return "x"\n')
    settings = app / "local.settings.json"
    settings.write_text('{"Host": {"CORS": "http://museum.example", "CORSCredentials": true}}')
    host = start_host(app, arguments=["--settings", str(settings)])
    origin = {"Origin": "http://museum.example"}
    answer = get(host, "/api/x", headers=origin)
    assert answer.headers["Access-Control-Allow-Origin"] == "http://museum.example"
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    asked = requests.options(
        f"{host.url}/api/x",
        headers={**origin, "Access-Control-Request-Method": "PUT"},
        timeout=TIMEOUT_S,
    )
    assert (asked.status_code, asked.headers["Access-Control-Allow-Methods"]) == (204, "PUT")
    other = get(host, "/api/x", headers={"Origin": "http://elsewhere.example"})
    assert "Access-Control-Allow-Origin" not in other.headers


SLOW = """
    @app.route("slow")
    def slow(req: func.HttpRequest) -> str:
        logging.info("begun")
        while not Path("release").exists():
            time.sleep(0.05)
        return "finished"
"""


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_lets_what_runs_come_to_its_end(
    tmp_path: Path, start_host: StartHost, by: signal.Signals
) -> None:
    host = start_host(write_app(tmp_path, SLOW), arguments=["--stop-timeout", "60"])
    with ThreadPoolExecutor(1) as other:
        running = other.submit(get, host, "/api/slow")
        host.wait_for_log("] begun")
        host.signal(by)
        host.wait_for_log("Stopping")
        (tmp_path / "release").touch()
        assert running.result(timeout=60).text == "finished"
    assert host.wait() == 0


def test_a_stop_does_not_wait_for_ever(tmp_path: Path, start_host: StartHost) -> None:
    host = start_host(write_app(tmp_path, SLOW), arguments=["--stop-timeout", "0.5"])
    with ThreadPoolExecutor(1) as other:
        running = other.submit(get, host, "/api/slow")
        host.wait_for_log("] begun")
        assert host.stop() == 0
        assert isinstance(running.exception(timeout=60), requests.ConnectionError)
    assert "had not finished" in host.log


def test_a_second_signal_ends_it_at_once(tmp_path: Path, start_host: StartHost) -> None:
    host = start_host(write_app(tmp_path, SLOW), arguments=["--stop-timeout", "600"])
    with ThreadPoolExecutor(1) as other:
        running = other.submit(get, host, "/api/slow")
        host.wait_for_log("] begun")
        host.signal(signal.SIGINT)
        host.wait_for_log("Stopping")
        host.signal(signal.SIGINT)
        assert host.wait() == -signal.SIGINT
        assert isinstance(running.exception(timeout=60), requests.ConnectionError)
