"""Optimizing: candidates are ranked by what was measured here, and nothing is claimed about a device's speed."""

from typing import Any, get_args

import pytest

from brewslm.core.artifacts.bundle import Bundle, Parity
from brewslm.core.artifacts.optimization import DeviceName
from brewslm.core.ids import ArtifactId
from brewslm.core.wire.result import Measurement, MeasureResult
from brewslm.services.devices import DEVICES
from brewslm.services.optimizing import rank

MIB = 1 << 20
BUNDLE = Bundle(
    adapter_id=ArtifactId("adapter-0"),
    eval_report_id=ArtifactId("eval_report-0"),
    format="huggingface",
    target="transformers",
    folder="exports/x",
    dtype="float32",
    parity=Parity(
        num_examples=1,
        adapter_loss=1.0,
        merged_loss=1.0,
        largest_logprob_difference=0.0,
        same_greedy_tokens=True,
        tolerance=1e-3,
        passed=True,
    ),
)


def measured(dtype: str, *, loss: float, mib: int, cache: int = 1024) -> Measurement:
    return Measurement(
        dtype=dtype,
        weight_bytes=mib * MIB,
        loss=loss,
        tokens_per_second=10.0,
        prompt_tokens_per_second=100.0,
        kv_cache_bytes_per_token=cache,
    )


def ranked(*measurements: Measurement, target: DeviceName = "mobile_iphone15") -> Any:
    result = MeasureResult(measurements=measurements, runtime="transformers 5", device="cpu")
    return rank(BUNDLE, target, result, context_length=1024)


def test_of_equal_losses_the_smaller_form_wins() -> None:
    found = ranked(measured("float32", loss=1.0, mib=400), measured("bfloat16", loss=1.002, mib=200))
    assert found.recommended == "bfloat16"
    assert [candidate.dtype for candidate in found.candidates] == ["bfloat16", "float32"]


def test_a_loss_that_is_really_lower_wins_over_size() -> None:
    found = ranked(measured("float32", loss=1.0, mib=400), measured("bfloat16", loss=1.02, mib=200))
    assert found.recommended == "float32"


def test_what_does_not_fit_is_not_recommended_however_good_it_is() -> None:
    found = ranked(measured("float32", loss=1.0, mib=4000), measured("bfloat16", loss=1.5, mib=2000))
    assert (found.recommended, found.candidates[1].fits) == ("bfloat16", False)


def test_where_nothing_fits_nothing_is_recommended_and_the_reason_has_the_figure() -> None:
    found = ranked(measured("float32", loss=1.0, mib=4000), measured("bfloat16", loss=1.0, mib=3900))
    assert found.recommended is None
    assert "bfloat16" in found.reason
    assert "4090 MB" in found.reason


def test_a_full_context_counts_as_memory() -> None:
    found = ranked(measured("float32", loss=1.0, mib=100, cache=4096))
    assert found.candidates[0].memory_bytes == 100 * MIB + 4096 * 1024


def test_the_speed_of_the_device_is_never_claimed() -> None:
    found = ranked(measured("float32", loss=1.0, mib=100))
    assert found.candidates[0].device_tokens_per_second is None
    assert found.candidates[0].tokens_per_second_here == 10.0


@pytest.mark.parametrize("device", get_args(DeviceName))
def test_every_device_says_where_its_figure_comes_from(device: DeviceName) -> None:
    assert DEVICES[device].title
    assert DEVICES[device].source
