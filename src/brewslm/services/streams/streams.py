"""Following the ledger: where a reader begins, and the frames that follow."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from brewslm.core.errors import NotFoundError
from brewslm.core.job import FINAL
from brewslm.core.ports.reading.feed import Cursor, Feed, FeedPage, JobState, Scope, parse_cursor
from brewslm.services.streams.frames import Frame, frame_of_event, frame_of_metric

PAGE_ROWS = 1000
_FINAL = frozenset(status.value for status in FINAL)


@dataclass(frozen=True, slots=True)
class Batch:
    """Frames that follow a cursor."""

    frames: list[Frame]
    cursor: Cursor
    """How far a reader is after them."""
    is_whole: bool
    """Whether nothing followed them at that moment."""
    states: list[JobState]
    """How far jobs are, at that moment; of a job's stream its own first."""
    ended: dict[int, str]
    """Jobs that have ended, with their status. Where `is_whole` is false, more of their frames may follow."""


@dataclass(frozen=True, slots=True)
class Opening:
    """Where a reader begins."""

    cursor: Cursor
    is_reset: bool
    """Whether the reader's own place is not of this ledger, so that it begins anew."""
    is_ended: bool
    """Whether its job has ended."""
    is_over: bool
    """Whether it has, and the reader has everything."""


class Streams:
    """Reads the feed for followers."""

    def __init__(self, feed: Feed) -> None:
        """Bind it."""
        self._feed = feed

    def open(self, scope: Scope, after: str | None) -> Opening:
        """Find a reader's place: that of `after`, the present for `now`, or the beginning.

        Raises:
            InvalidRequestError: `after` is no cursor.
            NotFoundError: there is no such job.
        """
        asked = parse_cursor(after) if after not in {None, "", "now"} else Cursor()
        page = self._feed.page(scope, after=asked, limit=1)
        if scope.job_id is not None and not page.states:
            message = f"There is no job {scope.job_id}; `brewslm jobs list` shows those that there are."
            raise NotFoundError(message)
        is_ended = any(state.id == scope.job_id and state.status in _FINAL for state in page.states)
        if after == "now":
            return Opening(page.newest, is_reset=False, is_ended=is_ended, is_over=is_ended)
        if not page.newest.covers(asked):
            return Opening(Cursor(), is_reset=True, is_ended=is_ended, is_over=False)
        is_over = bool(after) and is_ended and not page.events and not page.metrics
        return Opening(asked, is_reset=False, is_ended=is_ended, is_over=is_over)

    def newest(self) -> Cursor:
        """The end of the ledger."""
        return self._feed.page(Scope(), after=Cursor(), limit=1).newest

    def page(self, scope: Scope, after: Cursor) -> Batch:
        """The next frames after a cursor."""
        page = self._feed.page(scope, after=after, limit=PAGE_ROWS)
        has_more_events = len(page.events) == PAGE_ROWS
        has_more_metrics = len(page.metrics) == PAGE_ROWS
        frames = list(
            _merged(
                [frame_of_event(row) for row in page.events],
                [frame_of_metric(row) for row in page.metrics],
                has_more_events=has_more_events,
                has_more_metrics=has_more_metrics,
            )
        )
        is_whole = not (has_more_events or has_more_metrics)
        cursor = page.newest if is_whole else _last(frames, after)
        return Batch(frames, cursor, is_whole, page.states, _ended(scope, page))

    def has_changed(self) -> bool:
        """Whether it is worth asking for the next page."""
        return self._feed.has_changed()


def _merged(
    events: Sequence[Frame], metrics: Sequence[Frame], *, has_more_events: bool, has_more_metrics: bool
) -> Iterator[Frame]:
    """Put both in the order of time, each staying in its own; end where a side is at the end of its page."""
    left, right = 0, 0
    while True:
        if left == len(events):
            if not has_more_events:
                yield from metrics[right:]
            return
        if right == len(metrics):
            if not has_more_metrics:
                yield from events[left:]
            return
        if metrics[right].at <= events[left].at:
            yield metrics[right]
            right += 1
        else:
            yield events[left]
            left += 1


def _last(frames: Sequence[Frame], after: Cursor) -> Cursor:
    event = next((frame.event for frame in reversed(frames) if frame.event), after.event)
    metric = next((frame.metric for frame in reversed(frames) if frame.metric), after.metric)
    return Cursor(event, metric)


def _ended(scope: Scope, page: FeedPage) -> dict[int, str]:
    """A job changes its status together with a RunEvent, so that none is missed by looking at these."""
    if scope.job_id is not None:
        return {state.id: state.status for state in page.states if state.status in _FINAL}
    return {row.job_id: row.job_status for row in page.events if row.job_id is not None and row.job_status in _FINAL}
