"""The pages of the spine and of the taxonomy."""

from collections.abc import Mapping

from brewslm.core.events.reasons import TAXONOMY, EventStage
from brewslm.lifecycle import LIFECYCLE
from pages.marks import head, note, row

REASONS = """\
# Troubleshooting by reason

Everything that happens is an event with a *reason*, and so is everything that fails. Find the reason that a command,
the Studio, an alert or `brewslm events` showed you: its heading says what it means and what to do next.

Scripts may rely on these names: a reason is never re-used and never removed. Success is the bare noun of the stage,
failure is the noun and its cause. `brewslm reasons --stage training` prints the same in a terminal, `GET /api/reasons`
over HTTP.
"""

GUIDES: Mapping[str, str] = {
    "ingestion": "[sources](sources.md), [formats](formats.md)",
    "introspection": "[mapping](mapping.md)",
    "mapping": "[mapping](mapping.md#why-a-row-is-rejected)",
    "cleaning": "[cleaning](data.md#clean-it-05-optional)",
    "preparation": "[preparing](data.md#prepare-it-06)",
    "preflight": "[preflight](preflight.md#what-each-check-says)",
    "training": "[training](training.md#when-it-fails), [resume and recover](how-to/resume-and-recover.md)",
    "monitoring": "[how a training is](health.md#what-is-watched)",
    "evaluation": "[evaluation](evaluation.md)",
    "export": "[export](export.md#what-is-compared)",
    "deployment": "[serving](serving.md#releases)",
    "gate": "[gates](gates.md)",
}
"""Stage of a reason to the pages that say how it works."""


def reasons_page() -> str:
    """Return the page of the taxonomy: each reason under a heading of its own, with its meaning and next step."""
    lines = [REASONS, note("src/brewslm/core/events/reasons.py")]
    stages: list[EventStage] = list(dict.fromkeys(meaning.stage for meaning in TAXONOMY.values()))
    for stage in stages:
        lines += ["", f"## {stage.capitalize()}"]
        if stage in GUIDES:
            lines += ["", f"How it works: {GUIDES[stage]}."]
        for reason, meaning in TAXONOMY.items():
            if meaning.stage == stage:
                lines += [
                    "",
                    f"### `{reason}` {{ #{reason} }}",
                    "",
                    f"*{meaning.severity}*{{ .severity .{meaning.severity} }} {meaning.meaning}",
                    "",
                    f"**Next:** {meaning.next_step}",
                ]
    return "\n".join(lines) + "\n"


def stages_page() -> str:
    """Return the page of the lifecycle: every stage, what it takes and makes, what it checks."""
    lines = [
        "# The eleven stages",
        "",
        "Each stage takes artifacts from the shelf and puts one there. Before and after its work it keeps a contract.",
        "",
        note("src/brewslm/lifecycle.py"),
        "",
        *head("#", "stage", "consumes", "produces", "optional"),
    ]
    for number, stage in enumerate(LIFECYCLE, start=1):
        consumes = ", ".join(stage.consumes) or "a source"
        optional = "yes" if stage.optional else ""
        lines.append(row(f"{number:02}", f"{stage.title} (`{stage.name}`)", consumes, stage.produces, optional))
    for number, stage in enumerate(LIFECYCLE, start=1):
        lines += ["", f"## {number:02} {stage.title}", ""]
        lines += [f"- before: {check.sentence} (`{check.name}`)" for check in stage.contract.before]
        lines += [f"- after: {check.sentence} (`{check.name}`)" for check in stage.contract.after]
    return "\n".join(lines) + "\n"
