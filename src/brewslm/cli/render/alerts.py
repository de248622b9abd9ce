"""Pages about notifications and alert channels."""

from collections.abc import Iterable

from rich.console import RenderableType
from rich.text import Text

from brewslm.cli.render.parts import table
from brewslm.cli.render.records import SEVERITY_STYLES
from brewslm.cli.text import excerpt, when_short
from brewslm.core.alerts.notification import Notification
from brewslm.services.alerts.alerts import AlertsReport, ChannelReport
from brewslm.services.alerts.notifications import NotificationPage


def notification_page(page: NotificationPage, *, is_all: bool) -> Iterable[RenderableType]:
    """One row for each notification."""
    if not page.notifications:
        yield "There are no notifications yet." if is_all else "Nothing is unread; `--all` lists what was read."
        return
    rows = [
        (
            str(one.id),
            when_short(one.created_at),
            Text(one.severity, style=SEVERITY_STYLES[one.severity]),
            _about(one),
            Text.assemble((one.title, "" if one.read_at else "bold"), f": {excerpt(one.line, 160)}"),
        )
        for one in page.notifications
    ]
    yield table(("id", "time", "severity", "about", "what happened"), rows, right=(0,), whole=(0, 1, 2, 3))
    if page.num_unread:
        yield f"{page.num_unread} unread; `brewslm notifications read --up-to {page.notifications[0].id}` marks them."


def channel_page(report: AlertsReport) -> Iterable[RenderableType]:
    """One row for each channel."""
    if not report.channels:
        yield f"{report.source} names no channel."
        return
    rows = [
        (
            one.name,
            one.kind,
            one.severity,
            str(one.num_waiting or ""),
            when_short(one.last_sent_at) if one.last_sent_at else "never",
            _state(one),
        )
        for one in report.channels
    ]
    headers = ("channel", "kind", "from", "waiting", "last sent", "state")
    yield table(headers, rows, right=(3,), whole=(0, 1, 2, 3, 4))
    hint = "; `brewslm alerts init` writes a file to add more" if report.source == "default" else ""
    yield f"Configured by {report.source}{hint}."


def _about(one: Notification) -> str:
    if one.job_id is not None:
        return f"job {one.job_id}"
    return f"project {one.project_id}" if one.project_id is not None else ""


def _state(one: ChannelReport) -> Text:
    if one.problem is not None:
        return Text(excerpt(one.problem, 120), style="yellow")
    if one.last_error is not None and one.last_failed_at is not None:
        given_up = "gave up: " if one.has_given_up else ""
        return Text(f"{given_up}{excerpt(one.last_error, 120)} ({when_short(one.last_failed_at)})", style="red")
    return Text("works" if one.last_sent_at else "not tried yet")
