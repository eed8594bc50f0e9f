"""The program as an operator calls it, and what its --json says."""

import json

import set_up

SECONDS = 300


def call(box, *arguments, env=None, timeout=SECONDS, input=None):
    """Runs mailinabox without a terminal; any exit code."""
    return box.run("mailinabox", *arguments, check=False, env={"NONINTERACTIVE": "1", **(env or {})}, timeout=timeout,
                   input=input)


def parsed(done):
    """The one JSON object on standard output, of a CompletedProcess or of a record."""
    text = done["stdout"] if isinstance(done, dict) else done.stdout
    errors = done["stderr"] if isinstance(done, dict) else done.stderr
    try:
        return json.loads(text)
    except ValueError as error:
        raise AssertionError(f"standard output is not one JSON object ({error}):\n{text[-2000:]}\n{errors[-2000:]}") \
            from None


def setup(box, *arguments, env=None):
    """A run that has to succeed; its JSON."""
    done = call(box, "setup", "--json", *arguments, env=env)
    assert done.returncode == 0, f"setup ended with exit code {done.returncode}:\n{told(done)}"
    return parsed(done)


def plan(box, *arguments, env=None):
    done = call(box, "plan", "--json", *arguments, env=env)
    assert done.returncode in (0, 2), f"plan ended with exit code {done.returncode}:\n{told(done)}"
    return parsed(done)


def history(box):
    """The generations there are, the oldest first."""
    return parsed(call(box, "history", "--json"))["generations"]


def told(done):
    return f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"


def ids(result):
    return sorted(change["id"] for change in result["changes"])


def fingerprint(box, storage=set_up.STORAGE):
    """The certificate's SHA-256 as the program has to print it: pairs of hexadecimal digits with colons."""
    import hashlib
    import ssl
    pem = box.run("cat", storage + "/ssl/ssl_certificate.pem").stdout
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem[:pem.index("-----END CERTIFICATE-----") + 26])).hexdigest()
    return ":".join(digest[at:at + 2] for at in range(0, len(digest), 2)).upper()
