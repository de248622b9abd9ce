"""`results.yaml`: the final metrics and their baselines, for people."""

import yaml

from brewslm.core.wire.order import TrainOrder
from brewslm.core.wire.result import TrainResult
from brewslm.core.wire.rundir import RESULTS_FOR_PEOPLE_FILE
from brewslm.worker.files import write_whole
from brewslm.worker.run import Run
from brewslm.worker.train.state import TrainState


def write_results_for_people(run: Run, order: TrainOrder, result: TrainResult, state: TrainState) -> None:
    """Write `results.yaml`; `metrics` and `baselines` have the same keys.

    Losses are nats per trained token; of `dpo` and `orpo` they are per pair, of `kto` per answer.
    """
    peak = result.peak_memory_bytes
    content = {
        "experiment": run.folder.name,
        "status": result.status,
        "base_model": order.recipe.base_model,
        "mode": order.recipe.mode,
        "method": order.recipe.method,
        "total_steps": result.total_steps,
        "best_step": result.step,
        "training_time_hours": round(result.training_seconds / 3600, 6),
        "metrics": {"eval": {"loss": result.eval_loss} | _rewards(result, "")},
        "baselines": {"eval": {"loss": result.base_eval_loss} | _rewards(result, "baseline_")},
        "final_train_loss": result.final_train_loss,
        "tokens_per_second": round(state.num_tokens_seen / max(state.training_seconds, 1e-9), 1),
        "memory_peak_gb": None if peak is None else round(peak / 1e9, 3),
    }
    write_whole(run.folder / RESULTS_FOR_PEOPLE_FILE, yaml.safe_dump(content, sort_keys=False).encode(), disk=run.disk)


def _rewards(result: TrainResult, prefix: str) -> dict[str, float]:
    if result.rewards is None:
        return {}
    return {f"reward_{name}": getattr(result.rewards, prefix + name) for name in ("accuracy", "margin")}
