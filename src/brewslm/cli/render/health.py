"""The pages of data health, and of the way of a row."""

from collections.abc import Iterable

from rich.console import RenderableType
from rich.text import Text

from brewslm.cli.render.parts import facts, heading, indented, level, next_steps, table
from brewslm.cli.render.records import row_facts
from brewslm.services.data.health import HealthReport
from brewslm.services.data.trace import RowTrace


def health_page(report: HealthReport) -> Iterable[RenderableType]:
    """One line a check, then what to do about those that are not well."""
    lines = [
        (
            level(check.level),
            check.check.replace("_", " "),
            check.seen + (" (estimated)" if check.is_estimated else ""),
        )
        for check in report.checks
    ]
    yield table(("", "check", "what was seen"), lines, whole=(0, 1))
    unwell = [check for check in report.checks if check.level != "ok" and check.fix]
    if unwell:
        yield heading("\nWhat to do")
        yield indented(table(("check", "fix"), [(one.check.replace("_", " "), one.fix) for one in unwell], whole=(0,)))
    looked = f"{report.num_scanned:,} of {report.num_examples:,}" if report.num_scanned < report.num_examples else "all"
    yield Text("")
    yield facts(
        [
            ("health", report.level),
            ("dataset", f"{report.dataset_id}, {looked} examples looked at"),
            ("splits", report.manifest_id or "none of this dataset yet"),
        ]
    )
    steps = {check.command: check.fix for check in reversed(unwell) if check.command}
    if steps:
        yield next_steps(*reversed(steps.items()))


def trace_page(trace: RowTrace) -> Iterable[RenderableType]:
    """What every table on the way says of a row, from the source on."""
    for sighting in trace.sightings:
        yield heading(f"{sighting.table} of {sighting.artifact_id}")
        yield indented(row_facts(sighting.row))
    yield Text(f"\nRow {trace.source_row:,}: {trace.fate}")
