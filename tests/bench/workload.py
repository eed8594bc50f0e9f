"""The generated workload of the benchmark, in the language of each tool.

One state, written four times: N files from one 1.5 KB template with owner and mode, 60 packages that are installed, 20
services that run, 40 settings in 4 files, 10 users. `write` makes below a directory:

    share/          recipes and templates for `mailinabox setup --share`
    written-out/    the same with every file as a resource of its own instead of a loop
    cfengine.cf     a policy for cf-agent
    ansible.yml     a playbook for ansible-playbook on localhost
    manifest        what tests/bench/floor.cpp compares (the state must have been made first)
"""

import json
import os

OWNER, GROUP, MODE = "mail", "adm", "0640"
ROOT = "/srv/bench"
SERVICES = [f"bench-{number:02d}" for number in range(20)]
USERS = [f"bench{number}" for number in range(10)]
SETTINGS = {f"{ROOT}-settings-{file}.conf": {f"key_{file}_{key}": f"value {key}" for key in range(10)} for file in range(4)}

TEMPLATE = "# File {{item}} of the box {{primary_hostname}}\n" + "".join(
    f"setting_{line:02d} = {'a value of some length':<28} # {{{{item}}}}\n" if line % 8 == 0
    else f"setting_{line:02d} = {'a value of some length':<28} # {line}\n"
    for line in range(28)
)


def names(count):
    return [f"{number:05d}" for number in range(count)]


def expected(name, hostname):
    return TEMPLATE.replace("{{item}}", name).replace("{{primary_hostname}}", hostname)


def put(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def recipe(count, packages, loop):
    lines = ["recipe: bench", "summary: the generated workload"]
    if loop:
        lines += ["variables:", "  names: [" + ", ".join(f'"{name}"' for name in names(count)) + "]"]
    lines += ["packages: [" + ", ".join(packages) + "]", "resources:"]
    lines += [f"  - directory: {ROOT}"]
    attributes = f'template: bench/file\n    owner: {OWNER}\n    group: {GROUP}\n    mode: "{MODE}"'
    if loop:
        lines += [f'  - file: "{ROOT}/{{{{item}}}}"\n    for_each: bench.names\n    {attributes}']
    else:
        for name in names(count):
            text = "\n".join("      " + line for line in expected(name, "{{primary_hostname}}").splitlines())
            lines += [f'  - file: {ROOT}/{name}\n    content: |\n{text}\n    owner: {OWNER}\n    group: {GROUP}\n    mode: "{MODE}"']
    for path, values in SETTINGS.items():
        lines += [f"  - settings: {path}", "    format: equals", "    values:"]
        lines += [f'      {key}: "{value}"' for key, value in values.items()]
    for user in USERS:
        lines += [f"  - user: {user}", f"    home: /nonexistent", "    shell: /usr/sbin/nologin"]
    lines += ["services:"]
    for service in SERVICES:
        lines += [f"  {service}: {{}}"]
    return "\n".join(lines) + "\n"


def cfengine(count, packages, directory):
    """One package listing and one service query for all promises: CFEngine's quickest form."""
    listed = ", ".join(f'"{package}"' for package in packages)
    services = ", ".join(f'"{service}"' for service in SERVICES)
    users = ", ".join(f'"{user}"' for user in USERS)
    settings = ""
    edits = ""
    for index, (path, values) in enumerate(SETTINGS.items()):
        for key, value in values.items():
            settings += f'    "settings{index}[{key}]" string => "{value}";\n'
        edits += f'    "{path}" create => "true", edit_line => set_line_based("main.settings{index}", " = ", " = ", ".*", "\\s*#\\s*"), edit_defaults => bench_keep;\n'
    units = " ".join(f"{service}.service" for service in SERVICES)
    return f"""
body common control
{{
  bundlesequence => {{ "main" }};
  inputs => {{ "/usr/share/cfengine3/masterfiles/lib/stdlib.cf" }};
}}

body edit_defaults bench_keep
{{
  edit_backup => "false";
  empty_file_before_editing => "false";
}}

bundle agent main
{{
  vars:
    "names" slist => {{ {", ".join(f'"{name}"' for name in names(count))} }};
    "packages" slist => {{ {listed} }};
    "services" slist => {{ {services} }};
    "users" slist => {{ {users} }};
    "installed" string => execresult("/usr/bin/dpkg-query -W -f '[${{Package}}]'", "noshell");
    "states" string => execresult("/usr/bin/systemctl show -p Id,ActiveState,UnitFileState {units}", "noshell");
{settings}
  classes:
    "missing_$(packages)" not => regcmp(".*\\[$(packages)\\].*", "$(installed)");
    "stopped_$(services)" not => regcmp("(?s).*Id=$(services)\\.service\\nActiveState=active\\nUnitFileState=enabled.*", "$(states)");
  files:
    "{ROOT}/." create => "true", perms => mog("0755", "root", "root");
    "{ROOT}/$(names)"
      create => "true",
      perms => mog("{MODE}", "{OWNER}", "{GROUP}"),
      template_method => "inline_mustache",
      edit_template_string => readfile("{directory}/template.mustache", 0),
      template_data => mergedata('{{ "item": "$(names)", "primary_hostname": "bench.example.org" }}'),
      edit_defaults => bench_keep;
{edits}
  users:
    "$(users)" policy => "present", home_dir => "/nonexistent", shell => "/usr/sbin/nologin";
  commands:
    "/usr/bin/apt-get -y install $(packages)" if => canonify("missing_$(packages)");
    "/usr/bin/systemctl enable --now $(services)" if => canonify("stopped_$(services)");
}}
"""


def ansible(count, packages, directory):
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars": {"primary_hostname": "bench.example.org"},
        "tasks": [
            {"ansible.builtin.apt": {"name": packages, "state": "present"}},
            {"ansible.builtin.file": {"path": ROOT, "state": "directory", "mode": "0755"}},
            {"ansible.builtin.template": {"src": f"{directory}/template.mustache", "dest": f"{ROOT}/{{{{ item }}}}",
                                          "owner": OWNER, "group": GROUP, "mode": MODE}, "loop": names(count)},
        ],
    }
    for path, values in SETTINGS.items():
        play["tasks"].append({"ansible.builtin.lineinfile": {
            "path": path, "create": True, "regexp": "^{{ item.key }} *=", "line": "{{ item.key }} = {{ item.value }}"},
            "loop": [{"key": key, "value": value} for key, value in values.items()]})
    play["tasks"] += [
        {"ansible.builtin.user": {"name": "{{ item }}", "home": "/nonexistent", "create_home": False, "system": True,
                                  "shell": "/usr/sbin/nologin"}, "loop": USERS},
        {"ansible.builtin.systemd": {"name": "{{ item }}", "enabled": True, "state": "started"}, "loop": SERVICES},
    ]
    return json.dumps([play], indent=1)


def manifest(root, count, packages, hostname, uid, gid):
    """The floor's list: generated files, then the settings files as they are on disk below `root`."""
    lines = []
    for name in names(count):
        content = expected(name, hostname)
        lines.append(f"{MODE} {uid} {gid} {len(content)} {ROOT}/{name}\n{content}\n")
    for path in SETTINGS:
        with open(root + path, encoding="utf-8") as file:
            content = file.read()
        lines.append(f"0644 0 0 {len(content)} {path}\n{content}\n")
    lines += [f"package {package}\n" for package in packages]
    return "".join(lines)


def write(directory, seen_as, count, packages, platform):
    """`seen_as`: the directory's name inside the box."""
    for share, loop in (("share", True), ("written-out", False)):
        put(f"{directory}/{share}/recipes/bench.yaml", recipe(count, packages, loop))
        put(f"{directory}/{share}/recipes/platforms/{platform}.yaml", "platform: " + platform + "\n")
        put(f"{directory}/{share}/templates/bench/file", TEMPLATE)
    put(f"{directory}/template.mustache", TEMPLATE)
    put(f"{directory}/cfengine.cf", cfengine(count, packages, seen_as))
    put(f"{directory}/ansible.yml", ansible(count, packages, seen_as))
