"""Tests wait two seconds where strangers wait three minutes: by an override of the operator's own."""

import program
import set_up

OVERRIDE = f"""recipe: postgrey
resources:
  - settings: /etc/default/postgrey
    values:
      POSTGREY_OPTS: "--inet=127.0.0.1:10023 --delay=2 --dbdir={set_up.STORAGE}/mail/postgrey/db"
"""


def shorten(box):
    box.run("mkdir", "-p", "/etc/mailinabox/recipes.d")
    box.write("/etc/mailinabox/recipes.d/postgrey.yaml", OVERRIDE)
    result = program.setup(box)
    assert program.ids(result) == ["settings:/etc/default/postgrey"], result
