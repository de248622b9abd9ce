"""Identifiers, one type each, so that an id of one noun is never passed for another."""

from typing import NewType

ProjectId = NewType("ProjectId", int)
"""A small integer, as users type it."""

ExperimentId = NewType("ExperimentId", int)
"""A small integer, counted per project; shown as `exp-001`."""

JobId = NewType("JobId", int)
"""A small integer, counted per workspace."""

ArtifactId = NewType("ArtifactId", str)
"""`<kind>-<first 16 hex digits of the content hash>`."""

RunId = NewType("RunId", str)
"""What RunEvents are grouped by: `<stage or flow>-<job id>`, for example `ingest-7`."""
