"""Strangers' domains end in .test, which OpenDKIM takes for reserved: an override of the operator's own tells it otherwise."""

import program

SETTINGS = "/etc/opendkim/reserved-names.conf"
OVERRIDE = f"""recipe: dkim
variables: {{resolver_configuration: {SETTINGS}}}
resources:
  - file: {SETTINGS}
    content: |
      server:
          local-zone: "test." nodefault
          domain-insecure: "test."
    notify: opendkim
"""


def allow(box):
    box.run("mkdir", "-p", "/etc/mailinabox/recipes.d")
    box.write("/etc/mailinabox/recipes.d/dkim.yaml", OVERRIDE)
    assert program.ids(program.setup(box)) == ["file:/etc/opendkim.conf", "file:" + SETTINGS]
