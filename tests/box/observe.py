"""What is looked at to see that nothing happened: files' states and services' processes."""

import hashlib
import os
import stat

import lab as laboratory

WATCHED = ["/etc", "/var/lib/mailinabox", "/home/user-data"]


def files(box, directories=None, ignore=()):
    """path -> what a write to it would change."""
    found = {}
    for directory in directories or WATCHED:
        for folder, folders, names in os.walk(box.path(directory)):
            for name in [""] + names + [entry for entry in folders if os.path.islink(os.path.join(folder, entry))]:
                path = os.path.join(folder, name) if name else folder
                shown = path[len(box.root):]
                if any(shown == part or shown.startswith(part + "/") for part in ignore):
                    continue
                try:
                    status = os.lstat(path)
                except FileNotFoundError:
                    continue
                target = os.readlink(path) if stat.S_ISLNK(status.st_mode) else ""
                found[shown] = (oct(status.st_mode), status.st_uid, status.st_gid, status.st_size, status.st_mtime_ns,
                                target)
    return found


def contents(box, directory, ignore=()):
    """path -> what a rollback puts back: kind and mode, owner, group, and the content or where a link leads."""
    found = {}
    for path, state in files(box, [directory], ignore).items():
        mode, uid, gid, _, _, target = state
        if stat.S_ISREG(int(mode, 8)):
            with open(box.path(path), "rb") as source:
                target = hashlib.sha256(source.read()).hexdigest()
        found[path] = (mode, uid, gid, target)
    return found


def services(box):
    """unit -> (main process, since when), of all running services that set up has to do with. A service may serve before
    the process that started it has ended, and be another process to systemd a moment later (spampd): this waits until
    each has the number that is in its PID file."""
    shown = laboratory.wait_for(lambda: _settled_services(box), 60)
    assert shown, "some service's main process is still not the one in its PID file"
    return {values["Id"]: (values["MainPID"], values["ExecMainStartTimestampMonotonic"]) for values in shown}


def _settled_services(box):
    """What systemd shows of each; None if that is about to change."""
    names = box.run("systemctl list-units --type=service --state=running --no-legend --plain | cut -d' ' -f1")
    units = [name for name in names.stdout.split()
             if not name.startswith(("systemd-", "dbus", "user@", "getty@", "console-getty", "apt-", "dpkg-"))]
    properties = box.run("systemctl", "show", "-p", "Id,MainPID,ExecMainStartTimestampMonotonic,PIDFile", *units).stdout
    shown = [dict(line.split("=", 1) for line in part.splitlines()) for part in properties.strip().split("\n\n")]
    for values in shown:
        if not values.get("PIDFile"):
            continue
        written = box.run("cat", values["PIDFile"], check=False).stdout.strip()
        if written != values["MainPID"]:
            return None
    return shown


def differences(before, after):
    """Readable lines, empty where nothing differs."""
    lines = [f"gone: {name}" for name in before if name not in after]
    lines += [f"new: {name}" for name in after if name not in before]
    lines += [f"changed: {name}: {before[name]} -> {after[name]}"
              for name in before if name in after and before[name] != after[name]]
    return sorted(lines)
