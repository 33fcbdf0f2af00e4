"""What a compiler would say of the Bicep files, as far as that can be told without one."""

import re

import pytest

from tests.support.bicep import Bicep, Module, files, names, read

VERIFIED = re.compile(r"public:avm/res/[a-z/-]+:\d+\.\d+\.\d+")
MAIN = read("main.bicep")
LOCAL = [each for each in MAIN.modules.values() if not each.source.startswith("public:")]


@pytest.fixture(params=names())
def file(request: pytest.FixtureRequest) -> Bicep:
    return read(request.param)


def test_every_file_belongs_to_a_deployment() -> None:
    assert {each.source for each in LOCAL} | {"main.bicep", "app/subscription.bicep"} == {*names()}


def test_names_are_declared(file: Bicep) -> None:
    assert file.used <= file.declared


def test_nothing_is_declared_in_vain(file: Bicep) -> None:
    outside = {"images"}  # a resource that nothing refers to is made for its own sake
    made = file.section("modules").keys() | outside
    assert file.declared - file.used - made == set()


@pytest.mark.parametrize("module", LOCAL, ids=lambda module: module.name)
def test_a_module_gets_what_it_asks_for_and_no_more(module: Module) -> None:
    asked = read(module.source)
    assert set(module.params) <= asked.section("parameters").keys()
    assert asked.required <= set(module.params)


@pytest.mark.parametrize("module", LOCAL, ids=lambda module: module.name)
def test_a_module_has_the_outputs_that_are_read(module: Module) -> None:
    read_of_it = set(re.findall(rf"\b{module.name}!?\.outputs\.(\w+)", MAIN.text))
    assert read_of_it == read(module.source).outputs.keys()


def test_modules_of_others_are_verified_ones_of_a_fixed_version(file: Bicep) -> None:
    for module in file.modules.values():
        assert module.source in names() or VERIFIED.fullmatch(module.source), module.source


def test_one_version_of_each_verified_module() -> None:
    sources = {
        module.source
        for file in files()
        for module in file.modules.values()
        if module.source.startswith("public:")
    }
    paths = [source.partition(":avm")[2].rpartition(":")[0] for source in sources]
    assert len(paths) == len(set(paths))


def test_no_two_deployments_in_the_group_have_one_name() -> None:
    deployments = [each.deployment for file in files() for each in file.modules.values()]
    assert len(deployments) == len(set(deployments))


def test_every_parameter_of_the_deployment_is_described() -> None:
    parameters = MAIN.section("parameters")
    assert all(MAIN.description(name) for name in parameters)


def test_files_hold_no_secret(file: Bicep) -> None:
    assert not re.search(r"[A-Za-z0-9+]{40,}", file.text)
