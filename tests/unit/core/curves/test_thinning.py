"""Thinned series look the same: no spike, no gap and no end is lost."""

from hypothesis import given
from hypothesis import strategies as st

from brewslm.core.curves.thinning import thinned


def test_a_spike_of_one_step_stays_in_a_long_series() -> None:
    points = [(step, 9.0 if step == 154_321 else 1.0 + step % 7 / 100) for step in range(300_000)]
    found = thinned(points, 500)
    assert (154_321, 9.0) in found
    assert len(found) <= 500


@given(
    st.lists(st.none() | st.floats(-1e6, 1e6), min_size=1, max_size=400).map(lambda v: list(enumerate(v))),
    st.integers(6, 60),
)
def test_ends_extremes_and_gaps_stay_in_order_and_within_bounds(
    points: list[tuple[int, float | None]], most: int
) -> None:
    found = thinned(points, most)
    assert len(found) <= max(most, 6)
    assert list(found) == sorted(set(found) & set(points), key=lambda point: point[0])
    assert (found[0], found[-1]) == (points[0], points[-1])
    values = [value for _, value in points if value is not None]
    kept = [value for _, value in found if value is not None]
    if values:
        assert (min(kept), max(kept)) == (min(values), max(values))
    assert (len(values) == len(points)) == (len(kept) == len(found))
