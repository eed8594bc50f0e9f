"""Box tests; the fixtures stand in box_fixtures.py, which the fault tests share."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from box_fixtures import *  # noqa: E402,F401,F403


def pytest_addoption(parser):
    add_options(parser)  # noqa: F405
