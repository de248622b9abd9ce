"""Pages about data: the accounting of rows, the readings of a source, the splits."""

from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from brewslm.cli.render.parts import facts, heading, indented, table
from brewslm.cli.text import excerpt
from brewslm.core.artifacts.base import Tally
from brewslm.core.artifacts.dataset import Dataset, Rejection
from brewslm.core.artifacts.mapping import MappingPreview
from brewslm.core.artifacts.schema import ColumnMap, Hypothesis, Schema
from brewslm.core.artifacts.snapshot import Snapshot
from brewslm.core.data.example import Example, Message
from brewslm.core.mapping.convert import COLUMN_ROLES
from brewslm.core.mapping.rivalry import told_columns
from brewslm.services.data.mappings import SavedMapping
from brewslm.services.data.rejections import RejectedRow

_EXCERPT = 64


def accounting(tally: Tally, rejections: dict[str, int], repairs: dict[str, int]) -> RenderableType:
    """Every row in its bucket, and the buckets by reason."""
    line = Text.assemble(
        (f"{tally.total:,}", "bold"),
        " rows in = ",
        (f"{tally.accepted:,} accepted", "green"),
        " + ",
        (f"{tally.repaired:,} repaired", "yellow" if tally.repaired else ""),
        " + ",
        (f"{tally.rejected:,} rejected", "red" if tally.rejected else ""),
    )
    reasons = [("rejected", name, count) for name, count in _by_count(rejections)]
    reasons += [("repaired", name, count) for name, count in _by_count(repairs)]
    if not reasons:
        return line
    rows = [(bucket, name, f"{count:,}") for bucket, name, count in reasons]
    return Group(line, indented(table(("bucket", "reason", "rows"), rows, right=(2,))))


def dataset_page(dataset: Dataset, rejected: Sequence[Rejection | RejectedRow] = ()) -> Iterable[RenderableType]:
    """What became of a source."""
    yield accounting(dataset.tally, dataset.rejections, dataset.repairs)
    if dataset.cleaned_from is not None:
        removed = ", ".join(f"{count:,} {rule}" for rule, count in _by_count(dataset.removed)) or "nothing"
        yield Text(f"Cleaning removed {removed}; {dataset.num_examples:,} examples are left.")
    if dataset.num_conflicts:
        yield Text(f"{dataset.num_conflicts:,} texts carry more than one label; all of them are kept.", style="yellow")
    if rejected:
        yield heading("\nFirst rejections")
        yield indented(rejection_table(rejected))
    pairs = [("dataset", str(dataset.id)), ("shape", dataset.shape)]
    if dataset.labels:
        pairs.append(("labels", label_line(dataset.labels)))
    yield Text("")
    yield facts(pairs)


def mapping_table(mappings: Iterable[SavedMapping]) -> RenderableType:
    """Saved mappings with their newest versions."""
    rows = [(one.name, str(one.version), one.spec.shape, _roles_line(one.spec.columns)) for one in mappings]
    return table(("name", "version", "shape", "columns"), rows, right=(1,))


def _roles_line(columns: ColumnMap) -> str:
    pairs = [f"{role}={column}" for role in COLUMN_ROLES if (column := getattr(columns, role)) is not None]
    return excerpt(" ".join(pairs), 80)


def rejection_table(rejected: Iterable[Rejection | RejectedRow]) -> RenderableType:
    """Rejected rows with their lines."""
    rows = [
        (str(one.line), str(one.reason), excerpt(one.detail, _EXCERPT), excerpt(one.raw, _EXCERPT)) for one in rejected
    ]
    return table(("line", "reason", "what is wrong", "the row"), rows, right=(0,), whole=(0, 1))


def label_line(labels: Sequence[str]) -> str:
    """How many labels there are, and the first of them."""
    first = ", ".join(excerpt(label, 24) for label in labels[:6])
    return f"{len(labels)}: {first}{', …' if len(labels) > 6 else ''}"


_SHOWN_PARTS = 12


def snapshot_page(snapshot: Snapshot) -> Iterable[RenderableType]:
    """What was read, and how: format, encoding, dialect, header, files."""
    yield facts(
        [
            ("snapshot", str(snapshot.id)),
            ("source", snapshot.locator),
            *([("revision", f"{snapshot.revision}; no copy is kept")] if snapshot.revision else []),
            *([("licence", snapshot.licence)] if snapshot.licence else []),
            ("format", f"{snapshot.format}, {snapshot.encoding}"),
            *((name.replace("_", " "), value) for name, value in snapshot.reading.items()),
            ("records", f"{snapshot.num_rows:,}, of which {snapshot.num_malformed:,} malformed"),
            ("columns", _names_line(snapshot.columns)),
        ]
    )
    if snapshot.num_parts > 1:
        yield heading("\nFiles")
        yield indented(_parts_table(snapshot))
    if snapshot.num_parts > _SHOWN_PARTS:
        yield Text(f"  and {snapshot.num_parts - _SHOWN_PARTS:,} more files", style="dim")
    if snapshot.notes:
        yield heading("\nNoted")
        for note in snapshot.notes:
            yield Text(f"  {excerpt(note, 140)}", style="dim")
    if snapshot.first_problems:
        yield heading("\nFirst malformed records")
        for problem in snapshot.first_problems:
            yield Text(f"  {excerpt(problem, 110)}", style="yellow")


def _parts_table(snapshot: Snapshot) -> RenderableType:
    rows = [
        (
            part.name,
            part.split or "",
            part.format,
            part.encoding,
            f"{part.num_rows:,}",
            f"{part.num_malformed:,}",
            ", ".join(f"{name} {value}" for name, value in part.reading.items() if name in {"delimiter", "header"}),
        )
        for part in snapshot.parts[:_SHOWN_PARTS]
    ]
    return table(("file", "split", "format", "encoding", "records", "malformed", ""), rows, right=(4, 5))


def _names_line(columns: Sequence[str]) -> str:
    shown = ", ".join(excerpt(name, 32) for name in columns[:20])
    return f"{shown} and {len(columns) - 20:,} more" if len(columns) > 20 else shown


def schema_page(schema: Schema) -> Iterable[RenderableType]:
    """The columns, and the ranked readings."""
    columns = [
        (
            excerpt(one.name, 24),
            ", ".join(one.types),
            f"{one.fill_rate:.0%}",
            f"{one.num_distinct:,}",
            excerpt(one.examples[0], 40) if one.examples else "",
        )
        for one in schema.columns
    ]
    yield heading(f"Columns, seen in {schema.num_sampled:,} rows")
    yield indented(table(("column", "types", "filled", "distinct", "first value"), columns, right=(2, 3)))
    readings = [
        (one.shape, f"{one.confidence:.2f}", excerpt(_mapping_line(one), 60), excerpt("; ".join(one.evidence), 90))
        for one in schema.hypotheses[:4]
    ]
    yield heading("\nReadings")
    yield indented(table(("shape", "confidence", "mapping", "evidence"), readings, right=(1,)))
    yield Text("")
    if schema.chosen is None:
        yield Text(schema.problem, style="yellow")
    yield facts([("schema", str(schema.id)), ("chosen", schema.chosen or "none; choose one with --as SHAPE")])


def _mapping_line(hypothesis: Hypothesis) -> str:
    steps = ", ".join(step.op for step in hypothesis.transforms)
    return f"{steps + ' then ' if steps else ''}{told_columns(hypothesis)}"


def preview_page(preview: MappingPreview) -> Iterable[RenderableType]:
    """What a commit would give."""
    yield accounting(preview.tally, preview.rejections, preview.repairs)
    if preview.sample:
        yield heading("\nFirst examples")
        yield indented(Text("\n\n").join(_example(example) for example in preview.sample[:3]))
    if preview.rejected_sample:
        yield heading("\nFirst rejections")
        yield indented(rejection_table(preview.rejected_sample[:5]))
    yield Text("")
    yield facts([("mapping", str(preview.id)), ("shape", preview.plan.shape), ("plan", preview.plan_hash)])


def _example(example: Example) -> Text:
    lines: list[tuple[str, str]] = [(message.role, _said(message)) for message in example.messages[-2:]]
    lines += [("better", _said(message)) for message in example.chosen[-1:]]
    lines += [("worse", _said(message)) for message in example.rejected[-1:]]
    lines += [("text", example.text)] if example.text is not None else []
    lines += [("label", example.label)] if example.task == "binary_feedback" and example.label else []
    return Text("\n").join(Text.assemble((f"{who:>9}  ", "dim"), excerpt(what, 80)) for who, what in lines)


def _said(message: Message) -> str:
    calls = ", ".join(f"{call.name}({call.arguments})" for call in message.tool_calls)
    return " ".join(part for part in (message.content, f"calls {calls}" if calls else "") if part)


def _by_count(counts: dict[str, int]) -> list[tuple[str, int]]:
    return sorted(((name, count) for name, count in counts.items() if count), key=lambda pair: (-pair[1], pair[0]))
