"""A run killed at any instant, and a normal run after it: the box is as if nothing had happened."""

import json
import random

import pytest

import drift
import program


@pytest.fixture(scope="module")
def undisturbed(faulty):
    """The state that a run which was never disturbed makes of a drifted box."""
    drift.make(faulty)
    program.setup(faulty)
    assert drift.complaints(faulty, drift.state(faulty)) == []
    return drift.state(faulty)


def _finish_and_compare(box, undisturbed):
    done = program.call(box, "setup", "--json")
    if done.returncode != 0:
        return [f"the next run failed: {program.told(done)}"]
    lines = drift.complaints(box, undisturbed)
    again = json.loads(program.call(box, "plan", "--json").stdout)
    return lines + [f"still to do: {change['id']}" for change in again["changes"]]


def _report(what, tried, different):
    print(f"\n{what}: {tried} points tried, {len(different)} differed")
    assert not different, "\n".join(f"{point}: {'; '.join(lines)}" for point, lines in different.items())


def test_killed_after_every_change(faulty, undisturbed, pytestconfig):
    drift.make(faulty)
    faulty.run("mailinabox-faults", "setup", env={"NONINTERACTIVE": "1", "MAILINABOX_COUNT_CALLS": "/root/calls"}, timeout=300)
    points = int(faulty.read("/root/calls"))
    assert points > 30, "the hook is not called where things change"
    step, tried, different = pytestconfig.getoption("every"), 0, {}
    first = 1 + pytestconfig.getoption("turn") % step
    for point in range(first, points + 1, step):
        drift.make(faulty)
        killed = faulty.run("mailinabox-faults", "setup", check=False, timeout=300,
                            env={"NONINTERACTIVE": "1", "MAILINABOX_KILL_AT": str(point)})
        assert killed.returncode in (0, -9, 137), program.told(killed)
        tried += 1
        lines = _finish_and_compare(faulty, undisturbed)
        if lines:
            different[point] = lines
    _report(f"killed at change k of {points}, k from {first} in steps of {step}", tried, different)


def test_killed_at_random_instants(faulty, undisturbed, pytestconfig):
    """From outside, with no hook in the program."""
    dice, different = random.Random(2026 + pytestconfig.getoption("turn")), {}
    count = pytestconfig.getoption("random_kills")
    for _ in range(count):
        seconds = f"{dice.uniform(0.02, 3.0):.3f}"
        drift.make(faulty)
        faulty.run("timeout", "-s", "KILL", seconds, "mailinabox", "setup", check=False, env={"NONINTERACTIVE": "1"})
        lines = _finish_and_compare(faulty, undisturbed)
        if lines:
            different[f"{seconds} s"] = lines
    _report("killed at random instants", count, different)


def test_a_released_program_has_no_hook(faulty):
    drift.make(faulty)
    done = faulty.run("mailinabox", "setup", check=False, env={"NONINTERACTIVE": "1", "MAILINABOX_KILL_AT": "1"})
    assert done.returncode == 0
