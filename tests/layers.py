#!/usr/bin/python3
"""Checks that the layers of the program know only what they may (src/README.md, "Layers").

    tests/layers.py SOURCE [BUILD]

SOURCE is the repository. With BUILD, the folder of a finished build, the layers' libraries are looked at too: which
libraries and which other layers their code really needs. Prints every violation and exits with 1 if there is one.
"""

import pathlib
import re
import subprocess
import sys

below = ["base", "crypto", "os", "net", "store", "engine", "facts", "resources", "recipe", "box"]
MAY_INCLUDE = {
    "base": set(),
    "crypto": {"base"},
    "os": {"base"},
    "net": {"base"},
    "store": {"base"},
    "engine": {"base", "os"},
    "facts": {"base", "crypto", "os", "net", "store", "engine"},
    "resources": {"base", "crypto", "os", "net", "store", "engine"},
    "recipe": {"base", "crypto", "os", "net", "store", "engine", "facts", "resources"},
    "box": {"base", "crypto", "net", "store"},
    "operations": set(below),
    "messages": {"base"},
    "helper": {"base", "crypto", "os", "store", "engine", "box", "operations", "messages"},
    "api": {"base", "messages"},
    "cli": {"base", "engine", "facts", "recipe", "box", "operations"},
    "apps": {"operations", "cli", "helper", "api", "messages"} | set(below),
}
# A library's headers, the names that its symbols begin with, and the layers that may use it.
LIBRARIES = [
    ("CLI11", r"CLI/", r"CLI::", {"cli"}),
    ("the streams of the process", r"iostream$", r"std::c(in|out|err|log)\b", {"apps"}),
    ("SQLite", r"sqlite3", r"sqlite3_", {"store"}),
    ("libcurl", r"curl/", r"curl_", {"net"}),
    ("libldns", r"ldns/", r"ldns_", {"net", "resources"}),
    ("yaml-cpp", r"yaml-cpp/", r"YAML::", {"base"}),
    ("Boost", r"boost/", r"boost::", {"os", "api"}),
    ("OpenSSL", r"openssl/", r"(EVP|X509|PEM|BIO|RSA|EC_KEY)_", {"base", "crypto", "resources", "apps"}),
    ("libidn2", r"idn2", r"idn2_", {"box"}),
    ("liboath", r"liboath/", r"oath_", {"box"}),
    ("qrcodegen", r"qrcodegen/", r"qrcodegen::", {"box"}),
    ("the terminal", r"termios|cli/dialogue", r"tc[gs]etattr", {"cli", "apps"}),
]


def layer_files(source):
    for layer in sorted(p.name for p in (source / "src").iterdir() if p.is_dir()):
        for path in sorted((source / "src" / layer).rglob("*.[ch]pp")):
            yield layer, path


def check_includes(source):
    for layer, path in layer_files(source):
        if layer not in MAY_INCLUDE:
            yield f"{path}: the layer {layer} is not in tests/layers.py"
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            ours = re.match(r'\s*#\s*include\s+"([a-z_]+)/', line)
            if ours and ours[1] != layer and ours[1] not in MAY_INCLUDE[layer]:
                yield f"{path}:{number}: {layer} includes {ours[1]}"
            included = re.match(r'\s*#\s*include\s+[<"]([^>"]+)', line)
            for name, headers, _, layers in LIBRARIES:
                if included and re.match(headers, included[1]) and layer not in layers:
                    yield f"{path}:{number}: {layer} uses {name}, which is for {', '.join(sorted(layers))}"


def symbols(archive, kind):
    out = subprocess.run(["nm", "-C", kind, archive], check=True, capture_output=True, text=True).stdout
    for line in out.splitlines():
        found = re.match(r"[0-9a-f]*\s+([A-Za-z])\s+(.*)", line)
        if found:
            yield found[1], found[2]


def check_libraries(build):
    archives = {name: build / f"lib{name}.a" for name in MAY_INCLUDE if (build / f"lib{name}.a").exists()}
    defined = {}
    for layer, archive in archives.items():
        for kind, name in symbols(archive, "--defined-only"):
            if kind in "TDBR" and name.startswith("mailinabox::"):
                defined.setdefault(name, set()).add(layer)
    for layer, archive in archives.items():
        for _, name in sorted(set(symbols(archive, "--undefined-only"))):
            owners = defined.get(name, set())
            if owners and layer not in owners and not owners & MAY_INCLUDE[layer]:
                yield f"{archive.name}: needs {name} of {', '.join(sorted(owners))}"
            for library, _, prefix, layers in LIBRARIES:
                if re.match(prefix, name) and layer not in layers:
                    yield f"{archive.name}: needs {name} of {library}, which is for {', '.join(sorted(layers))}"
    if len(archives) < 8:
        yield f"{build}: only {len(archives)} of the layers' libraries are there; build the program first"


def main():
    source = pathlib.Path(sys.argv[1])
    found = list(check_includes(source))
    if len(sys.argv) > 2:
        found += check_libraries(pathlib.Path(sys.argv[2]))
    for line in sorted(set(found)):
        print(line)
    return 1 if found else 0


sys.exit(main())
