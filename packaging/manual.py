#!/usr/bin/python3
"""Makes mailinabox(8) from the page written by hand and the program's own list of its commands.

    mailinabox --help --json | packaging/manual.py packaging/mailinabox.8.in > mailinabox.8

Fails if the page's text lacks a command, or names an option that no command has.
"""

import json
import re
import sys


def escaped(text):
    """Escaped for roff."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text.startswith((".", "'")) else text


def entry(words, text):
    return [".TP", ".B " + escaped(words), escaped(text)]


def arguments(command):
    text = ""
    for argument in command["arguments"]:
        word = argument["argument"] + ("..." if argument.get("repeatable") else "")
        text += f" {word}" if argument["required"] else f" [{word}]"
    return text


def run_keys(commands):
    """Those of every command that makes or plans a run."""
    sets = [{key["key"] for key in command["json"]} for command in commands]
    return set.intersection(*(keys for keys in sets if "elapsed_ms" in keys and "changes" in keys))


def section(command, of_run):
    lines = [f".SS mailinabox {escaped(command['command'] + arguments(command))}", escaped(command["summary"]) + "."]
    for argument in command["arguments"]:
        lines += entry(argument["argument"], argument["doc"])
    for option in command["options"]:
        more = " (may be repeated)" if option.get("repeatable") else ""
        lines += entry(option["option"] + (" " + option["value"] if "value" in option else ""), option["doc"] + more)
    if command["json"]:
        keys = [f"\\fB{escaped(key['key'])}\\fR" + ("" if key["always"] else " (if it applies)")
                for key in command["json"] if key["key"] not in of_run or len(command["json"]) < len(of_run)]
        if len(keys) < len(command["json"]):
            keys.insert(0, "those of a run")
        lines += [".PP", f"Keys of its JSON object: {', '.join(keys)}."]
    return lines


def key_entries(commands):
    """Each key once, with every meaning that it has."""
    meanings = {}
    for command in commands:
        for key in command["json"]:
            meanings.setdefault((key["key"], key["doc"]), []).append(command["command"])
    of_run = run_keys(commands)
    lines = []
    for (key, doc), users in sorted(meanings.items()):
        of = " (every run)" if key in of_run and len(users) > 3 else f" ({', '.join(users)})"
        lines += entry(key, doc + of)
    return lines


def check(page, commands):
    text = page.replace("\\-", "-").replace("\\fB", "").replace("\\fR", "").replace("\\fI", "").replace('"', "")
    known = {option["option"] for command in commands for option in command["options"]}
    known |= {"--share", "--version", "--verbose", "--help"}
    wrong = [f"the text lacks the command {command['command']}" for command in commands if command["command"] not in text]
    wrong += [f"no command has the option {option}" for option in sorted(set(re.findall(r"--[a-z][a-z-]*", text)) - known)]
    if wrong:
        raise SystemExit("manual: " + "; ".join(wrong))


def main():
    with open(sys.argv[1], encoding="utf-8") as source:
        page = source.read()
    commands = json.load(sys.stdin)["commands"]
    check(page, commands)
    of_run = run_keys(commands)
    lines = [line for command in commands for line in section(command, of_run)]
    sys.stdout.write(page.replace("@COMMANDS@", "\n".join(lines)).replace("@KEYS@", "\n".join(key_entries(commands))))


if __name__ == "__main__":
    main()
