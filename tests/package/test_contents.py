"""What is in the package, and that the same commit gives the same bytes."""

import gzip
import json
import os
import re
import shutil
import subprocess

import pytest

import lab as laboratory

SHARE = "usr/share/mailinabox"
DOCUMENTS = "usr/share/doc/mailinabox"


def output(*argv, **options):
    return subprocess.run(argv, check=True, capture_output=True, text=True, **options).stdout


def field(package, name):
    return output("dpkg-deb", "-f", package, name).strip()


def test_lintian_finds_no_error(package):
    done = subprocess.run(["lintian", "--allow-root", "--fail-on", "error", package], check=False, capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not re.search(r"(?m)^[EW]: ", done.stdout), done.stdout


def test_needs_nothing_but_trust(package):
    assert field(package, "Depends") == "ca-certificates"
    assert field(package, "Pre-Depends") == ""
    assert re.search(r"\bopenssl \(= ", field(package, "Built-Using"))
    assert re.search(r"\bcurl \(= ", field(package, "Built-Using"))


def test_files_are_roots_and_of_plain_modes(package):
    for line in output("dpkg-deb", "-c", package).splitlines():
        mode, owner, path = line.split()[0], line.split()[1], line.split()[5]
        assert owner == "root/root", line
        program = path == "./usr/sbin/mailinabox"
        assert mode == ("drwxr-xr-x" if path.endswith("/") else "-rwxr-xr-x" if program else "-rw-r--r--"), line


def tracked(folder):
    return set(output("git", "-C", laboratory.REPOSITORY, "ls-files", folder).splitlines())


def test_has_every_recipe_and_template(unpacked):
    wanted = tracked("recipes") | tracked("templates")
    found = set()
    for folder, _, names in os.walk(f"{unpacked}/{SHARE}"):
        found |= {os.path.relpath(os.path.join(folder, name), f"{unpacked}/{SHARE}") for name in names}
    assert found == wanted
    for path in wanted:
        with open(f"{laboratory.REPOSITORY}/{path}", "rb") as source, open(f"{unpacked}/{SHARE}/{path}", "rb") as packed:
            assert source.read() == packed.read(), path


@pytest.mark.parametrize("path", [
    "usr/share/bash-completion/completions/mailinabox", "usr/share/man/man8/mailinabox.8.gz",
    "usr/share/man/man5/mailinabox-recipe.5.gz", DOCUMENTS + "/README.md.gz", DOCUMENTS + "/LICENSE",
    DOCUMENTS + "/copyright", DOCUMENTS + "/changelog.gz", DOCUMENTS + "/libraries.cdx.json"])
def test_has(unpacked, path):
    assert os.path.getsize(f"{unpacked}/{path}") > 100


def test_list_of_libraries_is_what_the_program_says(unpacked, program_file):
    with open(f"{unpacked}/{DOCUMENTS}/libraries.cdx.json", encoding="utf-8") as source:
        document = json.load(source)
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.4")
    listed = [(part["name"], part["version"], part["properties"][0]["value"]) for part in document["components"]]
    said = output(program_file, "--version", "--verbose").splitlines()
    assert [tuple(line.split()) for line in said[1:]] == listed
    assert {"openssl", "curl", "sqlite", "yaml-cpp", "libidn2", "libxcrypt", "glibc"} <= {name for name, _, _ in listed}
    assert "unknown" not in {version for _, version, _ in listed}


def test_list_names_every_archive_that_was_linked(unpacked):
    """The linker's own command line, so that a new library cannot be forgotten."""
    build = os.environ.get("BUILD_DIRECTORY", laboratory.REPOSITORY + "/build/portable")
    command = output("ninja", "-C", build, "-t", "commands", "mailinabox").splitlines()[-1]
    archives = {re.fullmatch(r"lib(.+)\.a", os.path.basename(word))[1] for word in command.split()
                if re.fullmatch(r"/.*\.a", word)}
    assert "crypto" in archives, command
    names = {"crypto": "openssl", "ssl": "openssl", "sqlite3": "sqlite", "crypt": "libxcrypt", "idn2": "libidn2",
             "unistring": "libunistring", "z": "zlib", "ldns": "libldns", "oath": "liboath", "qrcodegencpp": "qrcodegen"}
    with open(f"{unpacked}/{DOCUMENTS}/libraries.cdx.json", encoding="utf-8") as source:
        listed = {part["name"] for part in json.load(source)["components"]}
    assert {names.get(archive, archive) for archive in archives} <= listed


@pytest.mark.parametrize("page", ["man8/mailinabox.8.gz", "man5/mailinabox-recipe.5.gz"])
def test_manual_pages_are_well_formed(unpacked, page):
    done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z"], input=gzip.open(f"{unpacked}/usr/share/man/{page}").read(),
                          check=False, capture_output=True)
    assert (done.returncode, done.stderr.decode()) == (0, "")


def test_manual_of_recipes_has_every_kind_and_field(unpacked, program_file):
    page = gzip.open(f"{unpacked}/usr/share/man/man5/mailinabox-recipe.5.gz", "rt", encoding="utf-8").read().replace("\\-", "-")
    assert "@COMMON@" not in page and "@KINDS@" not in page
    kinds = {name[5:]: kind for name, kind in json.loads(output(program_file, "recipes", "schema"))["$defs"].items()
             if name.startswith("kind_")}
    assert len(kinds) > 15
    for name, kind in kinds.items():
        assert f"\n.SS {name}\n" in page
        for one in kind["properties"]:
            assert re.search(rf"(?m)^\.B {one}( \*|: \.\.\.)?$", page), f"{name}: {one}"


def commands_of(program_file):
    """Each command as the program lists it, with the option that all have."""
    commands = json.loads(output(program_file, "--help", "--json"))["commands"]
    assert len(commands) > 20
    return {command["command"]: [option["option"] for option in command["options"]] for command in commands}


def test_manual_has_every_command_and_option(unpacked, program_file):
    page = gzip.open(f"{unpacked}/usr/share/man/man8/mailinabox.8.gz", "rt", encoding="utf-8").read().replace("\\-", "-")
    assert "@COMMANDS@" not in page and "@KEYS@" not in page
    sections = dict(re.findall(r"(?ms)^\.SS mailinabox ([a-z][a-z -]*?)(?: [A-Z\[].*?)?$(.*?)(?=^\.S[SH] )", page))
    for command, options in commands_of(program_file).items():
        missing = [option for option in options if not re.search(rf"(?m)^\.B {option}( |$)", sections[command])]
        assert missing == [], command


def test_completion_knows_every_command_and_option(unpacked, program_file):
    commands = commands_of(program_file)
    asked = [["mailinabox", ""]] + [["mailinabox", *command.split(), "--"] for command in commands]
    script = f"source {unpacked}/usr/share/bash-completion/completions/mailinabox\n" + "".join(
        f"COMP_WORDS=({' '.join(word or chr(39) * 2 for word in words)}) COMP_CWORD={len(words) - 1}\n"
        '_mailinabox\necho "${COMPREPLY[*]}"\n' for words in asked)
    offered = output("bash", "-c", script).splitlines()
    assert {command.split()[0] for command in commands} <= set(offered[0].split())
    for (command, options), words in zip(commands.items(), offered[1:], strict=True):
        assert set(options) <= set(words.split()), command


def test_version_is_the_programs(package, program_file, unpacked):
    version = field(package, "Version")
    assert output(program_file, "--version") == f"mailinabox {version}\n"
    assert gzip.open(f"{unpacked}/{DOCUMENTS}/changelog.gz", "rt").readline().startswith(f"mailinabox ({version})")
    assert os.path.basename(package) == f"mailinabox_{version}_{field(package, 'Architecture')}.deb"


def test_program_does_not_tell_where_it_was_built(program_file):
    with open(program_file, "rb") as program:
        assert laboratory.REPOSITORY.encode() not in program.read()


def test_same_commit_gives_the_same_bytes(package, tmp_path, pytestconfig):
    """Built once more elsewhere, by a caller with other habits. What is compiled may come from the cache, but for a sample: that is
    the same without it, too. libcurl's archive has its own build."""
    if pytestconfig.getoption("no_second_build"):
        pytest.skip("--no-second-build")
    tree = tmp_path / "elsewhere"
    files = subprocess.run(["git", "-C", laboratory.REPOSITORY, "ls-files", "-z"], check=True, capture_output=True).stdout
    for name in files.decode().split("\0"):
        source = f"{laboratory.REPOSITORY}/{name}"
        if name and os.path.exists(source):
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, tree / name)
            os.utime(tree / name)
    epoch = output("git", "-C", laboratory.REPOSITORY, "log", "-1", "--format=%ct").strip()
    shutil.copytree(laboratory.REPOSITORY + "/build/portable/curl", tree / "build/portable/curl")
    environment = {**os.environ, "SOURCE_DATE_EPOCH": epoch, "CCACHE_BASEDIR": str(tree), "TZ": "Asia/Tokyo",
                   "LC_ALL": "C"}
    subprocess.run(["sh", "-c", 'umask 077; exec "$@"', "sh", tree / "packaging/build-deb.sh", tmp_path / "out"], check=True,
                   capture_output=True, env=environment)
    again = (tmp_path / "out" / os.path.basename(package)).read_bytes()
    with open(package, "rb") as first:
        assert first.read() == again, "diffoscope, or dpkg-deb -R of both and diff -r, shows where"
    name = "CMakeFiles/base.dir/Unity/unity_0_cxx.cxx.o"
    sample = tree / "build/portable" / name
    from_cache = sample.read_bytes()
    sample.unlink()
    command = output("ninja", "-C", tree / "build/portable", "-t", "commands", name).splitlines()[-1]
    subprocess.run(command, shell=True, check=True, cwd=tree / "build/portable", env={**environment, "CCACHE_DISABLE": "1"})
    assert sample.read_bytes() == from_cache
