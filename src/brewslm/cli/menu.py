"""The order and the sections in which `brewslm --help` lists the commands."""

from typing import Any

from typer.core import TyperGroup

SECTIONS: dict[str, tuple[str, ...]] = {
    "Begin": ("quickstart", "doctor", "serve", "open"),
    "Code first": ("build", "start", "dev", "manifest"),
    "Data": (
        *("project", "dataset", "ingest", "introspect", "map", "mappings", "clean", "prepare"),
        *("xray", "manifests", "golden"),
    ),
    "Training": (
        "benchmark",
        "preflight",
        "forecast",
        "train",
        "sweep",
        "engines",
        "health",
        "patrol",
        "results",
        "curves",
        "evaluate",
        "eval",
        "optimize",
    ),
    "Release": ("export", "bundle", "deploy", "releases", "keys", "endpoint", "drift", "backlog"),
    "Records": (
        *("jobs", "gates", "notifications", "alerts", "events", "timeline", "failures"),
        *("artifacts", "audit", "replay", "support-bundle", "db", "stages", "reasons", "version"),
    ),
}


class Menu(TyperGroup):
    """A group whose help has sections."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401 - typer's type is private
        """Return the commands in the order of the sections."""
        del ctx
        return [name for names in SECTIONS.values() for name in names]

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - typer's types are private
        """Write one section after the other, in columns of one width."""
        del ctx
        width = max(len(name) for name in self.commands)
        for title, names in SECTIONS.items():
            with formatter.section(title):
                rows = [(name.ljust(width), self.commands[name].get_short_help_str(60)) for name in names]
                formatter.write_dl(rows)
