"""What `brewslm build` and `brewslm manifest` show: a project as code."""

from collections.abc import Iterable
from pathlib import Path

from rich.console import RenderableType
from rich.text import Text

from brewslm.cli.render.parts import facts, heading, indented, next_steps, table
from brewslm.core.brew.project_file import ProjectPlan
from brewslm.core.brew.trainer import BrewManifest


def manifest_page(manifest: BrewManifest, written: Path) -> list[RenderableType]:
    """Show what a file asks for, and where the manifest lies."""
    trainer = manifest.trainer
    recipe = [(name, str(value)) for name, value in sorted(trainer.recipe.items())]
    return [
        f"{manifest.file} is in order.",
        facts(
            [
                ("trainer", trainer.name),
                ("project", trainer.project_name),
                ("dataset", trainer.dataset),
                ("base model", trainer.base_model),
                ("profile", trainer.profile),
                *recipe,
                ("callbacks", ", ".join(trainer.callbacks) or "none"),
                ("manifest", str(written)),
            ]
        ),
        next_steps(("brewslm start", "run it here"), ("brewslm dev", "run and watch it in the Studio")),
    ]


def difference_page(plan: ProjectPlan) -> Iterable[RenderableType]:
    """Every value on which the two do not agree."""
    if not plan.differences:
        yield Text(f"Project {plan.project!r} is what the file says.", style="green")
        return
    before = "project" if plan.project_id is not None else "(no project yet)"
    rows = [(one.field, _value(one.project), _value(one.file)) for one in plan.differences]
    yield indented(table(("value", before, "file"), rows))


def project_plan_page(plan: ProjectPlan, file: str) -> Iterable[RenderableType]:
    """What will be done, what is there already, and every value that changes."""
    yield heading(f"Plan for project {plan.project!r}")
    words = {True: Text("do", style="yellow"), False: Text("is", style="green")}
    rows = [(words[one.is_due], one.name, one.told) for one in plan.steps]
    yield indented(table(("", "", ""), rows, whole=(0, 1)))
    if plan.differences:
        yield heading("\nValues that change")
        yield from difference_page(plan)
    for problem in plan.problems:
        yield Text(f"\n{problem}; name another project, or change the file.", style="bold red")
    if not any(one.is_due for one in plan.steps):
        yield Text("\nNothing is to be done.", style="green")
    elif not plan.problems:
        yield next_steps((f"brewslm manifest apply {file}", "do it; nothing is trained by that"))


def _value(value: object) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
