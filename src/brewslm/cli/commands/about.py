"""`brewslm stages`, `brewslm reasons`, `brewslm version`: what this program is."""

from typing import TYPE_CHECKING, Annotated

import typer

from brewslm.cli import options

if TYPE_CHECKING:
    from rich.console import RenderableType


def stages(as_json: options.AsJson = False) -> None:
    """Show the eleven stages: what each takes, makes and checks."""
    from brewslm.cli.render.parts import table
    from brewslm.cli.session import print_json
    from brewslm.lifecycle import LIFECYCLE

    if as_json:
        print_json(
            [
                {
                    "number": number,
                    "name": stage.name,
                    "title": stage.title,
                    "is_optional": stage.optional,
                    "consumes": stage.consumes,
                    "produces": stage.produces,
                    "before": {check.name: check.sentence for check in stage.contract.before},
                    "after": {check.name: check.sentence for check in stage.contract.after},
                }
                for number, stage in enumerate(LIFECYCLE, start=1)
            ]
        )
        return
    rows = [
        (
            f"{number:02}",
            stage.title,
            ", ".join(stage.consumes) or "a source",
            stage.produces,
            "optional" if stage.optional else "",
        )
        for number, stage in enumerate(LIFECYCLE, start=1)
    ]
    _print(table(("#", "stage", "takes", "makes", ""), rows))


def reasons(
    stage: Annotated[str | None, typer.Option("--stage", help="Only those of this stage.")] = None,
    as_json: options.AsJson = False,
) -> None:
    """Show every reason that an event can have, what it means, and what to do next."""
    from brewslm.cli.render.parts import table
    from brewslm.cli.session import print_json
    from brewslm.core.events.reasons import TAXONOMY

    known = dict.fromkeys(row.stage for row in TAXONOMY.values())
    if stage is not None and stage not in known:
        message = f"{stage!r} has no reasons; choose one of {', '.join(known)}"
        raise typer.BadParameter(message, param_hint="--stage")
    found = {reason: row for reason, row in TAXONOMY.items() if stage in {None, row.stage}}
    if as_json:
        print_json(
            {
                str(reason): {
                    "stage": row.stage,
                    "severity": row.severity,
                    "meaning": row.meaning,
                    "next_step": row.next_step,
                }
                for reason, row in found.items()
            }
        )
        return
    rows = [(str(reason), row.severity, row.meaning, row.next_step) for reason, row in found.items()]
    _print(table(("reason", "severity", "meaning", "next step"), rows))


def version(as_json: options.AsJson = False) -> None:
    """Print the version."""
    import importlib.metadata

    number = importlib.metadata.version("brewslm")
    if as_json:
        from brewslm.cli.session import print_json

        print_json({"version": number})
    else:
        print(f"brewslm {number}")


def _print(part: "RenderableType") -> None:
    from brewslm.cli.session import console_for, print_parts

    print_parts(console_for(is_stderr=False), part)
