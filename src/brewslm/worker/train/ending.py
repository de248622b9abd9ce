"""What ends a training before its last step: pure functions of where it stands, so that a resume decides alike."""

from collections.abc import Mapping

from brewslm.core.recipe.ending import Budget, EarlyStopping
from brewslm.core.recipe.recipe import Recipe
from brewslm.core.wire.progress import EarlyEnd
from brewslm.worker.train.state import TrainState


def early_end(recipe: Recipe, state: TrainState, *, seconds: float) -> tuple[EarlyEnd, str] | None:
    """Return what ends the run after `state`, and why in words; None where it goes on.

    Args:
        recipe: names the limits.
        state: after a step.
        seconds: wall time of this and earlier attempts.
    """
    is_begun = state.step > 0  # whatever loading took: a run of no step would leave nothing
    if is_begun and recipe.budget is not None and (used := _used_up(recipe.budget, state, seconds)):
        return used[0], f"Stopped after step {state.step}: the budget of {used[1]} is used up."
    stopping = recipe.early_stopping
    if stopping is not None and (num_worse := num_without_best(state.evaluated, stopping)) >= stopping.patience:
        best = min(state.evaluated, key=lambda step: (state.evaluated[step], step))
        message = f"Stopped after step {state.step}: in {num_worse} evaluations in a row the loss did not fall by more "
        message += f"than {stopping.min_delta:g}; the best is {state.evaluated[best]:.4f} at step {best}."
        return "early_stopping", message
    return None


def num_without_best(evaluated: Mapping[int, float], stopping: EarlyStopping) -> int:
    """Return how many evaluations there were since the last one that was better than all before by `min_delta`."""
    best, since = float("inf"), 0
    for step in sorted(evaluated):
        if evaluated[step] < best - stopping.min_delta:
            best, since = evaluated[step], 0
        else:
            since += 1
    return since


def _used_up(budget: Budget, state: TrainState, seconds: float) -> tuple[EarlyEnd, str] | None:
    if budget.max_tokens is not None and state.num_tokens_seen >= budget.max_tokens:
        return "budget", f"{budget.max_tokens:,} tokens"
    cost = budget.cost_at(seconds)
    if budget.max_cost is not None and cost is not None and cost >= budget.max_cost:
        return "budget", f"{budget.max_cost:g} at {budget.prices}"
    kwh = budget.kwh_at(seconds)
    if budget.max_kwh is not None and kwh is not None and kwh >= budget.max_kwh:
        return "budget", f"{budget.max_kwh:g} kWh at {budget.power_watts:g} W"
    if budget.max_minutes is not None and seconds >= 60.0 * budget.max_minutes:
        return "timeout", f"{budget.max_minutes:g} minutes"
    return None
