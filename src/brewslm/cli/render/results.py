"""The page of what a training came to."""

from collections.abc import Iterable

from rich.console import RenderableType
from rich.text import Text

from brewslm.cli.render.parts import facts, heading, indented, table
from brewslm.cli.text import duration, maybe, signed
from brewslm.core.outcome.results import Delta, Results


def results_page(results: Results) -> Iterable[RenderableType]:
    """Metrics beside those of the base, then speed by length, then the run."""
    yield heading(f"{results.experiment}: {results.base_model}, {results.mode}, {results.method}")
    rows = [
        _row(_name(results, split, name), value, results.baselines[split][name], _delta(results, split, name))
        for split, found in results.metrics.items()
        for name, value in found.items()
    ]
    headers = ("", "tuned", "base", "tuned - base", "95 % interval")
    yield indented(table(headers, rows, right=(1, 2, 3)))
    if results.throughput:
        yield heading("\nSpeed, forward and backward, by length of the examples")
        lengths = [
            (f"up to {one.up_to_tokens:,}", f"{one.tokens_per_second:,.0f}", f"{one.num_tokens:,}")
            for one in results.throughput
        ]
        yield indented(table(("tokens", "tokens/s", "tokens seen"), lengths, right=(1, 2)))
    yield heading("\nRun")
    yield indented(facts(_run(results)))


def _name(results: Results, split: str, name: str) -> str:
    place = f", batch of step {results.train_step:,}" if split == "train" and results.train_step else ""
    return f"{split} {name.replace('_', ' ')}{place}"


def _row(
    name: str, tuned: float | None, base: float | None, delta: Delta | None
) -> tuple[str | Text, str, str, str | Text, str]:
    if delta is None and tuned is not None and base is not None:
        delta = Delta(value=tuned - base)
    if delta is None:
        return name, maybe(tuned), maybe(base), "", ""
    is_known = delta.low is not None and delta.high is not None
    interval = f"{signed(delta.low)} to {signed(delta.high)}" if is_known else ""  # type: ignore[arg-type]
    return name, maybe(tuned), maybe(base), signed(delta.value), interval


def _delta(results: Results, split: str, name: str) -> Delta | None:
    return results.deltas.get(split, {}).get(name)


def _run(results: Results) -> Iterable[tuple[str, str]]:
    ended = results.ended
    told = {"total_steps": "after its last step", "cancel": "cancelled"}.get(ended.by) or ended.why
    yield "steps", f"{ended.step:,} of {results.total_steps:,}, best at {results.best_step:,}"
    yield "ended", told
    if results.num_attempts > 1:
        yield "attempts", f"{results.num_attempts}"
    yield "time", duration(results.training_time_hours * 3600)
    rate = "not measured" if results.tokens_per_second is None else f"{results.tokens_per_second:,.0f} tokens/s"
    yield "rate", f"{rate}, {results.num_tokens:,} tokens in all"
    memory = results.memory_peak_gb
    yield "memory, peak", "not measured" if memory is None else f"{memory:.3f} GB"
    if results.cost is not None:
        yield "cost", f"{results.cost:,.4g} (estimated: time by the prices of the budget)"
    if results.energy_kwh is not None:
        yield "energy", f"{results.energy_kwh:,.3g} kWh (estimated: time by budget.power_watts)"
    yield "last train loss", maybe(results.final_train_loss)
