"""A release made with a key of the tests' own."""

import os
import re
import subprocess

import lab as laboratory

BASE = "file:/srv/release"  # where boxes find it


class Makers:
    """Have a secret key; release.sh signs with it."""

    def __init__(self, directory, name="makers@example.test"):
        self.name = name
        self.directory = directory
        self.environment = {**os.environ, "GNUPGHOME": directory + "/gnupg"}
        os.makedirs(directory + "/gnupg", mode=0o700)
        self._run("gpg", "--batch", "--quiet", "--passphrase", "", "--quick-generate-key", name, "ed25519", "sign", "never")

    def close(self):
        subprocess.run(["gpgconf", "--kill", "all"], env=self.environment, check=False, capture_output=True)

    def _run(self, *argv, check=True):
        done = subprocess.run(argv, env=self.environment, check=False, capture_output=True, text=True)
        assert not check or done.returncode == 0, f"{argv}: {done.stdout}{done.stderr}"
        return done

    def publish(self, folder, *packages, base=BASE, check=True):
        return self._run(laboratory.REPOSITORY + "/packaging/release.sh", "--key", self.name, "--base", base, folder,
                         *packages, check=check)


def repacked(package, directory, version, change=lambda root: None):
    """The same package under another version, with changed files."""
    root = f"{directory}/repacked-{version}"
    subprocess.run(["dpkg-deb", "-R", package, root], check=True)
    with open(root + "/DEBIAN/control", encoding="utf-8") as source:
        control = source.read()
    with open(root + "/DEBIAN/control", "w", encoding="utf-8") as output:
        output.write(re.sub(r"(?m)^Version: .*$", "Version: " + version, control))
    change(root)
    target = f"{directory}/mailinabox_{version}.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Zgzip", "-b", root, target], check=True, capture_output=True)
    return target
