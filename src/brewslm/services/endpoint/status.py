"""How an endpoint fares: who answers, how fast, and how often not."""

from datetime import timedelta

from brewslm.core.ids import ProjectId
from brewslm.core.release import ReleaseRow, ReleaseState
from brewslm.core.serving.host import LoggedRequest
from brewslm.core.value import Value
from brewslm.services.endpoint.fleet import Fleet
from brewslm.services.endpoint.requests import Requests
from brewslm.services.endpoint.unit import ServedRelease
from brewslm.services.releases.book import Releases


class Percentiles(Value):
    """Of a time, in seconds."""

    p50: float
    p95: float
    p99: float


class Traffic(Value):
    """What was measured in a span of time."""

    num_requests: int
    num_errors: int
    """Of the server: status 500 and above, and streams that broke."""
    num_refused: int
    """429: over a limit."""
    num_left: int
    """Whose client did not wait for the end."""
    seconds: Percentiles | None
    """Of whole answers; None where there was none."""
    first_token_seconds: Percentiles | None
    tokens_per_second: float | None
    """Of one answer, the median: after its first token."""
    prompt_tokens: int
    completion_tokens: int


class EndpointStatus(Value):
    """An endpoint now, and its last hours."""

    live: ReleaseRow | None
    canaries: tuple[ReleaseRow, ...]
    served: tuple[ServedRelease, ...]
    """Empty where no server runs in this process."""
    hours: float
    traffic: Traffic
    of_version: dict[int, Traffic]


def status_of(
    releases: Releases, requests: Requests, project_id: ProjectId, *, hours: float, fleet: Fleet | None = None
) -> EndpointStatus:
    """Gather it.

    Raises:
        NotFoundError: there is no such project.
    """
    rows = releases.list(project_id)
    entries = requests.since(project_id, timedelta(hours=hours))
    versions = sorted({entry.version for entry in entries if entry.version is not None})
    return EndpointStatus(
        live=next((row for row in rows if row.state is ReleaseState.LIVE), None),
        canaries=tuple(row for row in rows if row.canary_share > 0.0),
        served=fleet.served(project_id) if fleet is not None else (),
        hours=hours,
        traffic=traffic_of(entries),
        of_version={version: traffic_of([e for e in entries if e.version == version]) for version in versions},
    )


def traffic_of(entries: "tuple[LoggedRequest, ...] | list[LoggedRequest]") -> Traffic:
    """Sum requests up."""
    whole = [entry for entry in entries if entry.status == 200 and entry.error is None]
    known = [entry for entry in whole if entry.first_token_seconds is not None]
    first = [entry.queue_seconds + (entry.first_token_seconds or 0.0) for entry in known]
    speeds = [speed for entry in whole if (speed := _speed(entry)) is not None]
    return Traffic(
        num_requests=len(entries),
        num_errors=sum(entry.status >= 500 or (entry.status == 200 and _is_broken(entry)) for entry in entries),
        num_refused=sum(entry.status == 429 for entry in entries),
        num_left=sum(_has_left(entry) for entry in entries),
        seconds=_percentiles([entry.seconds for entry in whole]),
        first_token_seconds=_percentiles(first),
        tokens_per_second=_at(sorted(speeds), 0.5) if speeds else None,
        prompt_tokens=sum(entry.prompt_tokens or 0 for entry in entries),
        completion_tokens=sum(entry.completion_tokens or 0 for entry in entries),
    )


def _has_left(entry: LoggedRequest) -> bool:
    return entry.status == 499 or (entry.error or "").startswith("the client left")


def _is_broken(entry: LoggedRequest) -> bool:
    return entry.error is not None and not _has_left(entry)


def _speed(entry: LoggedRequest) -> float | None:
    if entry.first_token_seconds is None or (entry.completion_tokens or 0) < 2:
        return None
    seconds = entry.seconds - entry.queue_seconds - entry.first_token_seconds
    return ((entry.completion_tokens or 0) - 1) / seconds if seconds > 0.0 else None


def _percentiles(values: list[float]) -> Percentiles | None:
    if not values:
        return None
    ordered = sorted(values)
    return Percentiles(p50=_at(ordered, 0.5), p95=_at(ordered, 0.95), p99=_at(ordered, 0.99))


def _at(ordered: list[float], share: float) -> float:
    """The smallest value that so large a share does not exceed."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
