"""Tests of what users get: the package, its program on other systems, setup.sh. They share the box tests' laboratory.

`packaging/build-deb.sh` makes the package first (tests/run.sh package does); $MAILINABOX_PACKAGE names another one.
"""

import glob
import os
import subprocess
import sys

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(TESTS, "box"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import pytest  # noqa: E402
from box_fixtures import lab, pytest_configure, pytest_runtest_makereport  # noqa: E402,F401

import lab as laboratory  # noqa: E402
import release as releases  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--no-second-build", action="store_true", help="leave out building the package once more")


@pytest.fixture(scope="session")
def package():
    """The path of the package."""
    named = os.environ.get("MAILINABOX_PACKAGE")
    found = [named] if named else glob.glob(laboratory.REPOSITORY + "/build/package/mailinabox_*.deb")
    if len(found) != 1 or not os.path.exists(found[0]):
        pytest.fail(f"not one package but {found}: run packaging/build-deb.sh, or name one in MAILINABOX_PACKAGE")
    return os.path.abspath(found[0])


@pytest.fixture(scope="session")
def unpacked(package, tmp_path_factory):
    """A directory with the package's files."""
    directory = tmp_path_factory.mktemp("unpacked")
    subprocess.run(["dpkg-deb", "-x", package, directory], check=True)
    return str(directory)


@pytest.fixture(scope="session")
def program_file(unpacked):
    return unpacked + "/usr/sbin/mailinabox"


@pytest.fixture(scope="session")
def makers(tmp_path_factory):
    """Those who release: a key of their own and a folder to publish from."""
    made = releases.Makers(str(tmp_path_factory.mktemp("makers")))
    yield made
    made.close()
