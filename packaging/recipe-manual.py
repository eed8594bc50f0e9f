#!/usr/bin/python3
"""Makes mailinabox-recipe(5) from the page written by hand and the program's declarations of the kinds.

    mailinabox recipes schema | packaging/recipe-manual.py packaging/mailinabox-recipe.5.in > mailinabox-recipe.5
"""

import json
import sys

COMMON = ("notify", "when", "for_each", "as", "sensitive", "after_services")


def escaped(text):
    """Escaped for roff; words in `backquotes` become bold."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    parts = text.split("`")
    if len(parts) % 2 == 0:
        raise SystemExit(f"recipe-manual: a backquote is missing: {text}")
    text = "".join(f"\\fB{part}\\fR" if number % 2 else part for number, part in enumerate(parts))
    return "\\&" + text if text.startswith((".", "'")) else text


def entry(name, field, required=False):
    return [".TP", f".B {escaped(name)}{' *' if required else ''}", escaped(field["description"])]


def main():
    with open(sys.argv[1], encoding="utf-8") as source:
        page = source.read()
    kinds = {name[len("kind_"):]: kind for name, kind in json.load(sys.stdin)["$defs"].items() if name.startswith("kind_")}
    some_kind = kinds["file"]["properties"]
    common = [line for name in COMMON for line in entry(name, some_kind[name])]
    lines = []
    for name, kind in sorted(kinds.items()):
        lines += [f".SS {escaped(name)}", escaped(kind["description"])]
        lines += entry(name + ": ...", kind["properties"][name])
        for field, schema in kind["properties"].items():
            if field != name and field not in COMMON:
                lines += entry(field, schema, field in kind["x-needed"])
    page = page.replace("@COMMON@", "\n".join(common)).replace("@KINDS@", "\n".join(lines))
    sys.stdout.write(page)


if __name__ == "__main__":
    main()
