"""Route templates: what ASP.NET Core takes, how it matches, what it refuses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devhost.errors import HostError
from devhost.routes import decode_path, order, parse_route, refuse_conflicts


def match(template: str, path: str) -> dict[str, str] | None:
    return parse_route("f", template).match(path)


@pytest.mark.parametrize(
    ("template", "path", "values"),
    [
        ("api/health", "/api/health", {}),
        ("api/health", "/API/Health/", {}),
        ("api/health", "/api", None),
        ("api/health", "/api/health/x", None),
        ("api/health", "/api//health", None),
        ("/api/health", "/api/health", {}),
        ("jobs/{id}", "/jobs/7", {"id": "7"}),
        ("jobs/{id}", "/jobs", None),
        ("jobs/{id}", "/jobs/", None),
        ("jobs/{id?}", "/jobs", {}),
        ("jobs/{id?}", "/jobs/7", {"id": "7"}),
        ("jobs/{id=all}", "/jobs", {"id": "all"}),
        ("jobs/{id:int}/results", "/jobs/7/results", {"id": "7"}),
        ("jobs/{id:int}/results", "/jobs/x/results", None),
        ("captions/{*name}", "/captions/a/b c.jpg", {"name": "a/b c.jpg"}),
        ("captions/{**name}", "/captions/a/b", {"name": "a/b"}),
        ("captions/{*name}", "/captions/a/", {"name": "a/"}),
        ("captions/{*name}", "/captions", {}),
        ("captions/{*name}", "/other/a", None),
        ("{*name:maxlength(3)}", "/abc", {"name": "abc"}),
        ("{*name:maxlength(3)}", "/abcd", None),
        ("{ignored:maxlength(0)?}", "/", {}),
        ("{ignored:maxlength(0)?}", "/x", None),
        ("{file}.{extension}", "/a.b.jpg", {"file": "a.b", "extension": "jpg"}),
        ("{file}.{extension?}", "/a.jpg", {"file": "a", "extension": "jpg"}),
        ("{file}.{extension?}", "/a", {"file": "a"}),
        ("v{version:int}", "/v2", {"version": "2"}),
        ("v{version:int}", "/vx", None),
        ("{{literal}}/{x}", "/{literal}/1", {"x": "1"}),
        (r"{code:regex(^\d{{2}}$)}", "/42", {"code": "42"}),
        (r"{code:regex(^\d{{2}}$)}", "/423", None),
        ("{when:regex(a/b|c:d)}", "/c:d", {"when": "c:d"}),
    ],
)
def test_a_template_matches_what_asp_net_core_matches(
    template: str, path: str, values: dict[str, str] | None
) -> None:
    assert match(template, path) == values


@pytest.mark.parametrize(
    ("constraint", "good", "bad"),
    [
        ("alpha", "abc", "ab1"),
        ("bool", "True", "yes"),
        ("datetime", "2026-11-23", "soon"),
        ("decimal", "1.5", "x"),
        ("double", "-1.5", "x"),
        ("file", "a.jpg", "a"),
        ("float", "1e3", "1_000"),
        ("guid", "a1a2a3a4-b1b2-c1c2-d1d2-e1e2e3e4e5e6", "a1a2"),
        ("int", "-12", "2147483648"),
        ("length(2)", "ab", "abc"),
        ("length(2,3)", "abc", "a"),
        ("long", "2147483648", "9223372036854775808"),
        ("max(5)", "5", "6"),
        ("maxlength(2)", "ab", "abc"),
        ("min(5)", "5", "4"),
        ("minlength(2)", "ab", "a"),
        ("nonfile", "a", "a.jpg"),
        ("range(2,4)", "3", "5"),
        ("regex(^x)", "XYZ", "yx"),
        ("int:min(3)", "3", "2"),
    ],
)
def test_constraints(constraint: str, good: str, bad: str) -> None:
    assert match(f"{{value:{constraint}}}", f"/{good}") == {"value": good}
    assert match(f"{{value:{constraint}}}", f"/{bad}") is None


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("captions/{*name}/more", "must be the last segment"),
        ("captions/x{*name}", "a segment of its own"),
        ("{*name?}", "may not be optional"),
        ("{a}{b}", "without text between"),
        ("{a}/{A}", "appears twice"),
        ("{a?}x", "must end its segment"),
        ("x{a?}", "only '.' may stand before"),
        ("{a?=1}", "proper name"),
        ("{a=1?}", "may not have a default"),
        ("a//b", "twice in a row"),
        ("a?b", "outside a parameter"),
        ("{a", "do not match"),
        ("a}", "do not match"),
        ("{}", "proper name"),
        ("{***a}", "proper name"),
        ("{a*b}", "proper name"),
        ("{a:nonsense}", "no constraint 'nonsense'"),
        ("{a:int(3)}", "no constraint 'int(3)'"),
        ("{a:length}", "no constraint 'length'"),
        ("{a:length(x)}", "wrong arguments"),
        ("{a:range(1)}", "wrong arguments"),
        ("{a:regex([)}", "wrong arguments"),
        ("~a", "may not begin with '~'"),
        ("admin/x", "belong to the host"),
        ("Runtime", "belong to the host"),
    ],
)
def test_what_the_real_host_refuses_is_refused_with_the_reason(template: str, reason: str) -> None:
    with pytest.raises(HostError) as refused:
        parse_route("caption", template)
    assert reason in str(refused.value)
    assert "'caption'" in str(refused.value)


def test_an_empty_route_is_the_functions_name() -> None:
    assert parse_route("caption", "", "api").match("/api/caption") == {}


def test_the_prefix_comes_before_every_route() -> None:
    route = parse_route("f", "jobs/{id}", "api")
    assert route.match("/api/jobs/1") == {"id": "1"}
    assert route.match("/jobs/1") is None


def test_no_methods_mean_every_method() -> None:
    assert parse_route("f", "a").allows("PURGE")
    assert not parse_route("f", "a", methods=["get"]).allows("POST")
    assert parse_route("f", "a", methods=["get"]).allows("GET")


def test_literal_routes_come_before_parameters_and_longer_before_shorter() -> None:
    templates = ["{*rest}", "api/{name}", "api/{id:int}", "api/ping", "api/ping/{id}", "api"]
    ordered = order([parse_route("f", each) for each in templates])
    assert [route.template for route in ordered] == [
        "api/ping/{id}",
        "api/ping",
        "api/{id:int}",
        "api/{name}",
        "api",
        "{*rest}",
    ]


def test_the_same_route_twice_is_refused() -> None:
    routes = [parse_route("a", "x/{id}", methods=["GET"]), parse_route("b", "X/{id}/")]
    with pytest.raises(HostError, match="function 'a' has the same route"):
        refuse_conflicts(routes)


def test_the_same_route_with_other_methods_is_fine() -> None:
    refuse_conflicts(
        [parse_route("a", "x", methods=["GET"]), parse_route("b", "x", methods=["PUT"])]
    )


@pytest.mark.parametrize(
    ("raw", "decoded"),
    [
        ("/a%20b", "/a b"),
        ("/a%2Fb%2fc", "/a%2Fb%2fc"),
        ("/50%2525off", "/50%25off"),
        ("/%C3%A9", "/é"),
        ("/%FF", "/%FF"),
        ("/a+b", "/a+b"),
    ],
)
def test_paths_are_decoded_as_kestrel_decodes_them(raw: str, decoded: str) -> None:
    assert decode_path(raw) == decoded


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/"), min_size=1))
def test_a_catch_all_gives_back_any_name(name: str) -> None:
    assert match("captions/{*name}", f"/captions/{name}/x") == {"name": f"{name}/x"}
