"""The pages of sweeps."""

from collections.abc import Iterable, Sequence

from rich.console import RenderableType
from rich.text import Text

from brewslm.cli.render.parts import facts, table
from brewslm.services.sweeps.book import Sweep, SweepRun


def sweep_page(sweep: Sweep) -> Iterable[RenderableType]:
    """The trainings, the lowest eval loss first, and which is the best."""
    headers = (*sweep.fields, "eval loss", "untuned", "on test", "gates", "job", "")
    yield table(headers, [_row(run, sweep) for run in sweep.runs], right=(len(sweep.fields), len(sweep.fields) + 1))
    yield Text("")
    best = sweep.best
    answer = (
        "none has ended" if best is None else f"{values_of(best)}: eval loss {best.eval_loss:.4f}, job {best.job_id}"
    )
    pairs = [("best", answer), ("data", sweep.manifest_id or "")]
    if sweep.num_open:
        pairs.append(("open", f"{sweep.num_open} of {len(sweep.runs)}"))
    yield facts(pairs)


def sweeps_page(sweeps: Sequence[Sweep]) -> Iterable[RenderableType]:
    """Every sweep, newest first."""
    rows = [
        (
            one.name,
            ", ".join(one.fields),
            f"{len(one.runs) - one.num_open} of {len(one.runs)}",
            "" if one.best is None else f"{values_of(one.best)}: {one.best.eval_loss:.4f}",
        )
        for one in sweeps
    ]
    yield table(("sweep", "over", "ended", "best eval loss"), rows)


def values_of(run: SweepRun) -> str:
    """Name a training by what it tries."""
    return ", ".join(f"{field.rpartition('.')[2]}={value}" for field, value in run.values.items())


def _row(run: SweepRun, sweep: Sweep) -> tuple[str | Text, ...]:
    is_best = sweep.best is not None and run.job_id == sweep.best.job_id
    style = "bold" if is_best else ""
    gates = "" if run.passed is None else "passed" if run.passed else "failed"
    return (
        *(Text(str(run.values.get(field, "")), style=style) for field in sweep.fields),
        "" if run.eval_loss is None else Text(f"{run.eval_loss:.4f}", style=style),
        "" if run.base_eval_loss is None else f"{run.base_eval_loss:.4f}",
        run.verdict or "",
        gates,
        str(run.job_id),
        "" if run.status.value == "completed" else f"{run.status}{': ' if run.message else ''}{run.message}",
    )
