"""Pages of an endpoint."""

from collections.abc import Sequence

from rich.console import RenderableType

from brewslm.cli.render.parts import facts, heading, table
from brewslm.cli.text import excerpt, when_short
from brewslm.core.serving.host import LoggedRequest
from brewslm.services.endpoint.drift import DriftReport
from brewslm.services.endpoint.status import EndpointStatus, Percentiles, Traffic

NONE = "-"


def status_page(status: EndpointStatus) -> list[RenderableType]:
    """Who answers, and how it goes."""
    live = status.live
    said = f"v{live.version} is live since {when_short(live.live_at)}." if live and live.live_at else "Nothing is live."
    canaries = [f"v{row.version} answers {row.canary_share:.0%}." for row in status.canaries]
    parts: list[RenderableType] = [" ".join([said, *canaries]), heading(f"\nThe last {status.hours:g} hours")]
    parts.append(facts(_facts(status.traffic)))
    if len(status.of_version) > 1:
        rows = [
            (f"v{number}", str(one.num_requests), str(one.num_errors), _times(one.seconds), _first(one))
            for number, one in status.of_version.items()
        ]
        heads = ("release", "requests", "errors", "latency p50/p95/p99", "first token p50/p95/p99")
        parts += [heading("\nBy release"), table(heads, rows, right=(1, 2))]
    return parts


def request_table(entries: Sequence[LoggedRequest]) -> RenderableType:
    """One line for each."""
    rows = [
        (
            when_short(entry.at),
            f"v{entry.version}" if entry.version else NONE,
            str(entry.status),
            f"{entry.prompt_tokens or 0} → {entry.completion_tokens or 0}",
            _seconds(entry.first_token_seconds),
            _seconds(entry.seconds),
            f"{entry.mean_logprob:.2f}" if entry.mean_logprob is not None else NONE,
            excerpt(entry.error or entry.prompt or entry.finish_reason or "", 60),
        )
        for entry in entries
    ]
    heads = ("at", "release", "status", "tokens", "first token", "whole", "log-prob", "what")
    return table(heads, rows, right=(2, 3, 4, 5, 6))


def drift_page(report: DriftReport) -> list[RenderableType]:
    """The verdict, and a line for each check."""
    verdict = report.verdict.replace("_", " ")
    rows = [(check.name, check.verdict.replace("_", " "), check.said) for check in report.checks]
    head = f"v{report.version}: {verdict} ({when_short(report.at)})"
    return [head, table(("check", "verdict", "what was found"), rows)]


def _facts(traffic: Traffic) -> list[tuple[str, str]]:
    speed = f"{traffic.tokens_per_second:.1f} tokens/s" if traffic.tokens_per_second is not None else NONE
    return [
        ("requests", f"{traffic.num_requests} ({traffic.num_errors} errors, {traffic.num_refused} over a limit)"),
        ("latency p50/p95/p99", _times(traffic.seconds)),
        ("first token p50/p95/p99", _first(traffic)),
        ("speed of an answer", speed),
        ("tokens", f"{traffic.prompt_tokens:,} read, {traffic.completion_tokens:,} written"),
        ("clients that left", str(traffic.num_left)),
    ]


def _first(traffic: Traffic) -> str:
    return _times(traffic.first_token_seconds)


def _times(times: Percentiles | None) -> str:
    return NONE if times is None else f"{_seconds(times.p50)} / {_seconds(times.p95)} / {_seconds(times.p99)}"


def _seconds(seconds: float | None) -> str:
    if seconds is None:
        return NONE
    return f"{seconds * 1000:.0f} ms" if seconds < 1.0 else f"{seconds:.2f} s"
