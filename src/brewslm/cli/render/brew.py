"""What `brewslm build` shows."""

from pathlib import Path

from rich.console import RenderableType

from brewslm.cli.render.parts import facts, next_steps
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
