"""Optimizing: candidates are ranked by what was measured here, and nothing is claimed about a device's speed."""

from pathlib import Path
from typing import Any, get_args

import pytest

from brewslm.core.artifacts.bundle import Bundle
from brewslm.core.artifacts.optimization import DeviceName
from brewslm.core.ids import ArtifactId
from brewslm.core.wire.export import Quantization
from brewslm.core.wire.parity import Parity
from brewslm.core.wire.result import Measurement, MeasureResult
from brewslm.services.devices import DEVICES
from brewslm.services.optimizing import rank, speed_on
from tests.fakes.base_models import tiny_model

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


def measured(quantization: Quantization, *, loss: float, mib: int) -> Measurement:
    return Measurement(
        quantization=quantization,
        file_bytes=mib * MIB,
        loss=loss,
        tokens_per_second=10.0,
        prompt_tokens_per_second=100.0,
    )


def ranked(*measurements: Measurement, target: DeviceName = "mobile_iphone15", **base: Any) -> Any:
    result = MeasureResult(measurements=measurements, runtime="llama.cpp", device="cpu")
    facts = tiny_model(Path()).model_copy(
        update={"context_length": 1024, "num_layers": 2, "key_value_size": 64, **base}
    )
    return rank(BUNDLE, target, result, facts)


def test_of_equal_losses_the_smaller_form_wins() -> None:
    found = ranked(measured("f16", loss=1.0, mib=400), measured("q8_0", loss=1.002, mib=200))
    assert found.recommended == "q8_0"
    assert [candidate.dtype for candidate in found.candidates] == ["q8_0", "f16"]


def test_a_loss_that_is_really_lower_wins_over_size() -> None:
    found = ranked(measured("f16", loss=1.0, mib=400), measured("q8_0", loss=1.02, mib=200))
    assert found.recommended == "f16"


def test_what_does_not_fit_is_not_recommended_however_good_it_is() -> None:
    found = ranked(measured("f16", loss=1.0, mib=4000), measured("q8_0", loss=1.5, mib=2000))
    assert (found.recommended, found.candidates[1].fits) == ("q8_0", False)


def test_where_nothing_fits_nothing_is_recommended_and_the_reason_has_the_figure() -> None:
    found = ranked(measured("f16", loss=1.0, mib=4000), measured("q8_0", loss=1.0, mib=3900))
    assert found.recommended is None
    assert "q8_0" in found.reason
    assert "4090 MB" in found.reason


def test_a_full_context_counts_as_memory_and_shorter_ones_are_told() -> None:
    (one,) = ranked(
        measured("f16", loss=1.0, mib=3070), num_layers=8, key_value_size=256, context_length=2048
    ).candidates
    assert one.memory_bytes == 3070 * MIB + 2 * 8 * 256 * 2 * 2048
    assert [(context.num_tokens, context.fits) for context in one.contexts] == [(512, False), (2048, False)]
    (small,) = ranked(
        measured("f16", loss=1.0, mib=3060), num_layers=8, key_value_size=256, context_length=2048
    ).candidates
    assert [(context.num_tokens, context.fits) for context in small.contexts] == [(512, True), (2048, False)]


def test_the_speed_of_the_device_is_an_interval_that_says_that_it_is_estimated() -> None:
    (one,) = ranked(measured("f16", loss=1.0, mib=100)).candidates
    assert one.device_tokens_per_second is None
    assert 0 < one.device_speed.low < one.device_speed.high
    assert "bandwidth and arithmetic" in one.device_speed.basis
    assert one.tokens_per_second_here == 10.0


def test_a_token_cannot_be_faster_than_memory_is_read() -> None:
    device = DEVICES["raspberry_pi5"]
    speed = speed_on(device, memory_bytes=10**9, num_parameters=10**9)
    assert speed.high == pytest.approx(0.75 * 17.1)
    assert speed_on(device, memory_bytes=10**6, num_parameters=10**10).high == pytest.approx(0.5 * 153.6e9 / 2e10)


def test_what_another_form_beats_in_loss_and_memory_is_not_best() -> None:
    found = ranked(
        measured("f16", loss=1.0, mib=400), measured("q8_0", loss=1.1, mib=200), measured("q5_k_m", loss=1.2, mib=250)
    )
    assert {one.dtype: one.is_pareto for one in found.candidates} == {"f16": True, "q8_0": True, "q5_k_m": False}


@pytest.mark.parametrize("device", get_args(DeviceName))
def test_every_device_says_where_its_figure_comes_from(device: DeviceName) -> None:
    known = DEVICES[device]
    assert known.title
    for figure in (known.memory_bytes, known.bandwidth, known.arithmetic):
        assert figure.value > 0
        assert figure.source
