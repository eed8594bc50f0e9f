"""What box and fault tests share: the laboratory, the set-up box and its users. Taken over by their conftest.py."""

import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import lab as laboratory  # noqa: E402
import set_up as set_up_box  # noqa: E402
from mail_user import MailUser  # noqa: E402


RELEASES = ("trixie",)  # what boxes run where a test does not say


def add_options(parser):
    """Of the tests that use these fixtures."""
    parser.addoption("--reuse", action="store_true",
                     help="take the set-up box of an earlier session where program and recipes are the same")
    parser.addoption("--release", choices=sorted(laboratory.RELEASES),
                     help="only tests of boxes that run this, by Debian's code name")


def pytest_configure(config):
    config.addinivalue_line("markers", "releases(name...): what the test's boxes run, one after the other")


def pytest_generate_tests(metafunc):
    if "release" not in metafunc.fixturenames:
        if "box" not in metafunc.fixturenames:
            return
        metafunc.fixturenames.append("release")  # a module's own `box` hides from pytest what it is made from
    mark = metafunc.definition.get_closest_marker("releases")
    wanted, only = mark.args if mark else RELEASES, metafunc.config.getoption("release")
    metafunc.parametrize("release", [name for name in wanted if only in (None, name)], indirect=True, scope="session")


def pytest_collection_modifyitems(config, items):
    """What does not run on the one release that was asked for is not even skipped."""
    only = config.getoption("release")
    ours = [item for item in items if only is None or only == getattr(item, "callspec", None).params.get("release")]
    config.hook.pytest_deselected(items=[item for item in items if item not in ours])
    items[:] = ours


@pytest.fixture(scope="session")
def build():
    directory = os.environ.get("MAILINABOX_BUILD") or os.path.join(laboratory.REPOSITORY, "build")
    if not os.path.exists(directory + "/mailinabox"):
        pytest.fail(f"{directory}/mailinabox is not there: build first, or name the build directory in MAILINABOX_BUILD")
    return directory


@pytest.fixture(scope="session")
def lab(pytestconfig):
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")

    def log(line):
        with capture.global_and_fixture_disabled():
            print("\n" + line, end="", flush=True)

    with laboratory.Lab(log) as session:
        yield session


@pytest.fixture(scope="session")
def release(request):
    """Debian's code name of what the boxes run."""
    return request.param


@pytest.fixture(scope="session")
def fresh_layers(lab, release, request):
    """A new machine on which only the program has been installed: the one just built, or where the boxes run another release
    than this machine, that of the package, which carries its libraries with it."""
    if release == laboratory.OWN_RELEASE:
        return lab.program(request.getfixturevalue("build"))
    files = os.path.join(laboratory.REPOSITORY, "build/portable/root/usr")
    if not os.path.exists(files + "/sbin/mailinabox"):
        pytest.fail(f"{files}/sbin/mailinabox is not there: packaging/build-deb.sh makes it")
    return lab.program(program=files + "/sbin/mailinabox", share=files + "/share/mailinabox", below=lab.machine(release))


@pytest.fixture(scope="session")
def set_up_layers(lab, fresh_layers, pytestconfig):
    """Of a machine on which programs ran that the box's take the place of."""
    occupied = lab.layer_with_packages("occupied", fresh_layers[1:], set_up_box.OCCUPANTS)
    return set_up_box.layers(lab, fresh_layers[:1] + occupied, again=not pytestconfig.getoption("reuse"))


@pytest.fixture(scope="session")
def first_run(set_up_layers):
    """What `plan` and `setup` said on the fresh machine."""
    return set_up_box.record(set_up_layers)


@pytest.fixture(scope="module")
def box(lab, set_up_layers):
    """This module's own copy of the set-up box, running."""
    with lab.box("box", set_up_layers) as machine:
        yield machine.start().wait_for_listeners(set_up_box.LISTENERS)


@pytest.fixture
def fresh_box(lab, fresh_layers):
    """A new machine for one test."""
    with lab.box("fresh", fresh_layers, host_name="fresh") as machine:
        yield machine.start()


@pytest.fixture(scope="module")
def user(lab, box):
    """The first mail user."""
    return MailUser(lab, box, set_up_box.ADDRESS, set_up_box.PASSWORD)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows what the box's logs said last."""
    report = (yield).get_result()
    if report.when == "call" and report.failed:
        for name in ("box", "fresh_box", "container"):
            machine = item.funcargs.get(name)
            if machine is not None and machine.running:
                report.sections.append((f"last lines of the logs of {machine.name}", machine.log_tails()))
