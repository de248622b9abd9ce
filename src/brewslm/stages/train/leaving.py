"""What a training leaves for people beside its checkpoints: `results.yaml` and its curves."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import yaml
from pydantic import ValidationError

from brewslm.core.curves.drawing import Drawing, Painter, ThemeName
from brewslm.core.curves.page import Caption, page_of
from brewslm.core.curves.series import Curves, curves_of
from brewslm.core.curves.svg import svg_of
from brewslm.core.errors import WorkerError
from brewslm.core.events.reasons import Reason
from brewslm.core.outcome.results import Results, results_of
from brewslm.core.recipe.recipe import Recipe
from brewslm.core.wire import rundir
from brewslm.core.wire.order import ORDER, TrainOrder
from brewslm.core.wire.progress import RECORD, Record
from brewslm.core.wire.recovery import RecoveryFile
from brewslm.core.wire.result import TrainResult

log = logging.getLogger(__name__)

_UNITS = {"dpo": "pair", "orpo": "pair", "kto": "answer"}


def leave_results(folder: Path, result: TrainResult, recipe: Recipe) -> Results:
    """Write `results.yaml` into a run directory, absent or whole.

    Raises:
        WorkerError: the training did not produce all that it must.
    """
    try:
        results = results_of(result, recipe, experiment=folder.name)
    except ValidationError as error:
        why = "; ".join(str(one["msg"]).removeprefix("Value error, ") for one in error.errors())
        message = f"{folder.name}: {why}; read {folder / rundir.WORKER_LOG_FILE}, then train again"
        raise WorkerError(message, reason=Reason.TRAINING_RESULTS_INCOMPLETE) from error
    text = yaml.safe_dump(results.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
    write_whole(folder / rundir.RESULTS_FOR_PEOPLE_FILE, text.encode())
    return results


def read_results(path: Path) -> Results:
    """Read a `results.yaml` strictly.

    Raises:
        OSError: it is not there.
        ValueError: it is not whole.
    """
    try:
        return Results.model_validate(yaml.safe_load(path.read_bytes()))
    except yaml.YAMLError as error:
        raise ValueError(f"it is no YAML ({error})") from error


def leave_curves(folder: Path, painter: Painter) -> None:
    """Write `curves.svg` and `curves.png` into a run directory. They can be drawn again, so nothing fails for them."""
    try:
        drawing = draw(folder)
        write_whole(folder / f"{rundir.CURVES_NAME}.svg", svg_of(drawing).encode())
        write_whole(folder / f"{rundir.CURVES_NAME}.png", painter.png(drawing))
    except (OSError, ValueError, ArithmeticError):
        log.exception("the curves of %s could not be written; `brewslm curves` draws them", folder.name)


def draw(folder: Path, *, theme: ThemeName = "light") -> Drawing:
    """Draw the curves of the training in a run directory, as far as it has come.

    Raises:
        FileNotFoundError: it has no journal yet.
    """
    order = ORDER.validate_json((folder / rundir.ORDER_FILE).read_bytes())
    if not isinstance(order, TrainOrder):
        raise FileNotFoundError(f"{folder} is no training")
    try:
        recovery = RecoveryFile.model_validate_json((folder / rundir.RECOVERY_FILE).read_bytes())
    except FileNotFoundError:
        recovery = RecoveryFile()
    curves = curves_of(_records(folder / rundir.LOG_FILE), recovery.measures)
    recipe = order.recipe
    caption = Caption(
        title=f"{folder.name}   {recipe.base_model}, {recipe.mode}, {recipe.method}",
        subtitle=_subtitle(curves),
        unit=f"nats per {_UNITS.get(recipe.mode, 'trained token')}",
        max_grad_norm=recipe.optim.max_grad_norm,
    )
    return page_of(curves, caption, theme=theme)


def _subtitle(curves: Curves) -> str:
    """Say in one line how the training stands beside its base."""
    measured = [one for one in curves.evaluated if one.loss is not None and one.delta is not None]
    best = next((one for one in measured if one.step == curves.best_step), measured[-1] if measured else None)
    if best is None or curves.base_eval_loss is None:
        return f"step {curves.last_step:,} of {curves.total_steps:,}, not evaluated yet"
    interval = "" if best.low is None or best.high is None else f", 95 % interval {best.low:+.4f} to {best.high:+.4f}"
    return (
        f"eval loss {best.loss:.4f} at step {best.step:,} of {curves.total_steps:,}; "
        f"untuned base {curves.base_eval_loss:.4f}, delta {best.delta:+.4f}{interval}"
    )


def _records(path: Path) -> Iterator[Record]:
    """Yield the whole lines of a journal; what cannot be read is told elsewhere."""
    with path.open("rb") as lines:
        for line in lines:
            if line.endswith(b"\n"):
                try:
                    yield RECORD.validate_json(line)
                except ValidationError:
                    continue


def write_whole(path: Path, content: bytes) -> None:
    """Replace a file once its new content is on disk."""
    draft = path.with_name(f".{path.name}.tmp")
    with draft.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(path)
