"""The names of the eleven stages, as a type. Their order is in `brewslm.lifecycle`."""

from typing import Literal

StageName = Literal[
    "ingest",
    "introspect",
    "map_dry_run",
    "map_commit",
    "clean",
    "prepare",
    "preflight",
    "train",
    "evaluate",
    "export",
    "deploy",
]
