"""What continuous integration does in a container of each distribution, here in those that can be had: but Debian 13, in which
tests/box/test_bootstrap.py sets up a container, and test_box.py installs the package."""

import os
import shutil

import pytest

import lab as laboratory

RELEASES = {"bookworm": "debian-12", "bullseye": "debian-11"}


@pytest.mark.parametrize("release", RELEASES)
def test_package_makes_a_container_a_mail_server(lab, package, release):
    if not os.path.exists(f"{laboratory.REPOSITORY}/recipes/platforms/{RELEASES[release]}.yaml"):
        pytest.skip(f"recipes/platforms has no {RELEASES[release]}.yaml")
    with lab.box("container", lab.root(release), address="198.51.100.21", systemd=False, host_name="4fa1c0ffee00") as container:
        shutil.copy(package, container.path("/root/mailinabox.deb"))
        shutil.copy(laboratory.REPOSITORY + "/tests/package/try.sh", container.path("/root/try.sh"))
        container.start()
        done = container.run("/root/try.sh", "/root/mailinabox.deb", check=False, timeout=900)
        assert done.returncode == 0, laboratory.tail(done.stdout + done.stderr, 60)
        assert done.stdout.rstrip().endswith("== passed")
