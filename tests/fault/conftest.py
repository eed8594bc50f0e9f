"""Fault tests share the box tests' laboratory and fixtures."""

import os
import sys

BOX_TESTS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "box")
sys.path.insert(0, BOX_TESTS)

import box_fixtures  # noqa: E402
import pytest  # noqa: E402
from box_fixtures import *  # noqa: E402,F401,F403


# The program that can be ended is not the package's: it needs the libraries of the machine that builds.
box_fixtures.RELEASES = (laboratory.OWN_RELEASE,)  # noqa: F405


def pytest_addoption(parser):
    parser.addoption("--every", type=int, default=1, help="try every N-th kill point only")
    parser.addoption("--turn", type=int, default=0, help="which of those: N successive turns try every point")
    parser.addoption("--random-kills", type=int, default=50, help="how many kills at random instants")
    add_options(parser)  # noqa: F405


@pytest.fixture(scope="module")
def faulty(box, build):
    """The set-up box with the program that can be ended at its k-th change beside the real one."""
    with open(f"{build}/tests/mailinabox_faults", "rb") as source, open(box.path("/usr/sbin/mailinabox-faults"), "wb") as out:
        out.write(source.read())
    os.chmod(box.path("/usr/sbin/mailinabox-faults"), 0o755)
    return box
