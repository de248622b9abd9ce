"""What the front door of a trial needs, loaded once: processes are forked of one that has imported this."""

import gc
import importlib
import pkgutil

gc.disable()

import pyarrow as pa  # noqa: E402
import pytest  # noqa: E402, F401 - the main module of most trials, which each fork looks at

import brewslm.adapters  # noqa: E402
import brewslm.api  # noqa: E402
import brewslm.bootstrap  # noqa: E402
import brewslm.cli  # noqa: E402
import brewslm.core  # noqa: E402
import brewslm.services  # noqa: E402
import brewslm.stages  # noqa: E402
import tests.chaos.trial  # noqa: E402, F401

ROOMS = (
    brewslm.core,
    brewslm.stages,
    brewslm.services,
    brewslm.adapters,
    brewslm.bootstrap,
    brewslm.api,
    brewslm.cli,
)

for room in ROOMS:
    for module in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
        if "__main__" not in module.name and "versions" not in module.name and "parser" not in module.name:
            importlib.import_module(module.name)
pa.array([0])  # loads more where it is used first
gc.freeze()
gc.enable()
