"""The pages of how a training is."""

from collections.abc import Iterable, Sequence

from rich.console import RenderableType
from rich.text import Text

from brewslm.cli.render.parts import facts, heading, indented, table
from brewslm.core.health.layers import SourcedThresholds
from brewslm.core.health.report import Alert, HealthFinding, Verdict
from brewslm.core.health.watch import WatchCheck
from brewslm.services.monitoring.health import HealthReport


def health_page(report: HealthReport) -> Iterable[RenderableType]:
    """What was told on the way, what is the matter now, and what to do about it."""
    verdict = report.verdict
    if report.alerts:
        yield heading("Alerts")
        rows = [(_step(alert.finding, alert), alert.event, *_named(alert.finding)) for alert in report.alerts]
        yield indented(table(("step", "event", "level", "detector", "what was seen"), rows, whole=(0, 1, 2, 3)))
        yield Text("")
    if verdict.findings:
        yield heading("What to do")
        yield indented(table(("detector", "next step"), [(one.detector, one.action) for one in verdict.findings]))
        yield Text("")
    yield facts([("health", verdict.verdict), *_counts(verdict), ("log", f"{report.log} ({report.format})")])
    for note in (*report.notes, verdict.note):
        if note:
            yield Text(f"note: {note}")


def watch_page(checks: Sequence[WatchCheck]) -> Iterable[RenderableType]:
    """The lines of the active watch; nothing where there are none."""
    if not checks:
        return
    yield Text("")
    yield heading("Watch over the first steps")
    rows = [(f"{one.step:,}", one.check, one.level, one.seen) for one in checks]
    yield indented(table(("step", "check", "level", "what was seen"), rows, whole=(0, 1, 2)))


def _step(finding: HealthFinding, alert: Alert) -> str:
    step = finding.recovery_step if alert.event == "resolved" else finding.step
    return f"{step:,}" if step is not None else ""


def _named(finding: HealthFinding) -> tuple[str, str, str]:
    return finding.level, finding.detector, finding.seen


def _counts(verdict: Verdict) -> list[tuple[str, str]]:
    of_all = f" of {verdict.total_steps:,}" if verdict.total_steps else ""
    step = f"{verdict.step:,}{of_all}" if verdict.step is not None else "none yet"
    loss = f"{verdict.loss:.4g} (median of the last 8 records)" if verdict.loss is not None else "none"
    records = f"{verdict.num_records:,}"
    if verdict.num_repeated:
        records += f", and {verdict.num_repeated:,} that came twice"
    return [("step", step), ("loss", loss), ("watch", verdict.watch), ("records", records)]


def thresholds_page(found: SourcedThresholds) -> RenderableType:
    """One line a threshold."""
    rows = [(one.name, f"{one.value:g}", one.source, one.meaning) for one in found.values]
    return table(("threshold", "value", "source", "meaning"), rows, whole=(0, 1))
