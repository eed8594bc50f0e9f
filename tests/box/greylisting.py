"""Tests wait two seconds where strangers wait three minutes: by an override of the operator's own."""

import program

OVERRIDE = """recipe: postgrey
variables: {delay: "2"}
"""


def shorten(box):
    box.run("mkdir", "-p", "/etc/mailinabox/recipes.d")
    box.write("/etc/mailinabox/recipes.d/postgrey.yaml", OVERRIDE)
    result = program.setup(box)
    assert program.ids(result) == ["settings:/etc/default/postgrey"], result
