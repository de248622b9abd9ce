"""The pages of benchmarks of base models, and of forecasts."""

from collections.abc import Iterable

from rich.console import RenderableType
from rich.text import Text

from brewslm.cli.render.parts import facts, table
from brewslm.cli.text import size
from brewslm.core.artifacts.outlook.benchmark import Benchmark, Candidate, FloorCheck
from brewslm.core.artifacts.outlook.forecast import Forecast
from brewslm.services.forecasting.book import Calibration

_STANDINGS = {"first": "lowest loss", "cannot tell": "cannot tell from the first", "behind": "behind"}


def benchmark_page(made: Benchmark) -> Iterable[RenderableType]:
    """The candidates, the best first, the floor of each, and what the figures rest on."""
    has_labels = made.candidates[0].zero_shot.accuracy is not None
    headers = ["base model", "bits/byte as it is", "after the probe", *(["accuracy"] if has_labels else []), "distance"]
    rows = [_row(one, has_labels=has_labels) for one in made.candidates]
    yield table(headers, rows, right=(1, 2, 3) if has_labels else (1, 2))
    yield Text("")
    yield table(
        ("base model", "against the floor", "parameters", "tokens/s scored", "trained", "peak memory"),
        [
            (
                one.name,
                _floor(one.floor),
                f"{one.num_parameters / 1e6:,.1f} M",
                f"{one.scored_tokens_per_second:,.0f}",
                "" if one.trained_tokens_per_second is None else f"{one.trained_tokens_per_second:,.0f}",
                size(one.peak_memory_bytes),
            )
            for one in made.candidates
        ],
        right=(2, 3, 4, 5),
    )
    yield Text("")
    left_out = (
        f", {made.num_left_out:,} left out because not every candidate can read them" if made.num_left_out else ""
    )
    probe = f"{made.probe_steps} steps on {made.num_train_rows:,} train rows" if made.probe_steps else "none"
    yield facts(
        [
            ("answer", made.sentence),
            *((f"not measured: {one.name}", one.problem) for one in made.failed),
            ("rows", f"{made.num_rows:,} of the eval split, the same for all{left_out}"),
            ("probe", probe),
            ("again", f"seed {made.seed}, data {made.dataset_id}, {made.runtime}, {made.device}"),
            *(("", f"{one.name} {one.model_hash[:12]}") for one in made.candidates),
        ]
    )


def _row(one: Candidate, *, has_labels: bool) -> tuple[str | Text, ...]:
    name = Text(one.name, style="bold" if one.standing != "behind" else "")
    distance = _STANDINGS[one.standing]
    if one.distance is not None:
        distance += f" [{one.distance.low:+.3f}, {one.distance.high:+.3f}]"
    accuracy = [f"{one.decisive.accuracy:.1%}"] if has_labels and one.decisive.accuracy is not None else []
    probed = "" if one.probed is None else f"{one.probed.bits_per_byte:.3f}"
    return name, f"{one.zero_shot.bits_per_byte:.3f}", probed, *accuracy, distance


def _floor(check: FloorCheck) -> Text:
    values = f"{check.value:.1%} against {check.floor:.1%}"
    if check.measure == "bits_per_byte":
        values = f"{check.value:.3f} against {check.floor:.3f}"
    says = "beats it" if check.passed else "not shown to beat it"
    return Text(f"{says}: {values}", style="" if check.passed else "red")


def forecast_page(made: Forecast) -> Iterable[RenderableType]:
    """What is expected, and what that rests on."""
    says = f"{made.outlook} to beat the base by the gates ({made.probability:.0%})"
    loss = made.loss
    yield facts(
        [
            ("forecast", says),
            ("eval loss", f"{loss.expected:.4f}, in 8 of 10 such runs from {loss.low:.4f} to {loss.high:.4f}"),
            ("untuned", f"{made.base_loss:.4f} on {made.num_rows:,} eval rows"),
            *(("because" if number == 0 else "", fact) for number, fact in enumerate(made.facts)),
        ]
    )


def calibration_page(found: Calibration) -> Iterable[RenderableType]:
    """Predicted against actual, a line for each forecast."""
    if not found.forecasts:
        yield Text("No forecast has been made; `brewslm forecast` makes one of the newest plan.")
        return
    rows = [
        (
            "" if view.experiment_id is None else f"exp-{view.experiment_id:03d}",
            view.forecast.outlook,
            f"{view.forecast.probability:.0%}",
            f"{view.forecast.loss.expected:.4f} [{view.forecast.loss.low:.4f}, {view.forecast.loss.high:.4f}]",
            "not trained yet" if view.eval_loss is None else f"{view.eval_loss:.4f}",
            {None: "", True: "inside", False: "outside"}[view.is_inside],
            {None: "", True: "passed", False: "failed"}[view.passed],
        )
        for view in found.forecasts
    ]
    headers = ("experiment", "outlook", "chance", "predicted eval loss", "came to", "80 % range", "gates")
    yield table(headers, rows, right=(2,))
    yield Text("")
    brier = "" if found.brier_score is None else f"; Brier score {found.brier_score:.3f} (0 perfect, 0.25 a coin)"
    yield facts(
        [
            ("in the range", f"{found.num_inside} of {found.num_ended}, where 8 of 10 are meant to be"),
            *((name, f"{passed} of {count} passed") for name, (passed, count) in found.passed_of.items() if count),
            ("judged", f"{found.num_judged}{brier}"),
        ]
    )
