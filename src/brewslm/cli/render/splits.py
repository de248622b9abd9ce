"""What was prepared: splits, lengths, leaks, and examples token by token."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from brewslm.cli.render.parts import facts, heading, indented, table
from brewslm.cli.text import excerpt, harmless, when_short
from brewslm.core.artifacts.manifest import Manifest
from brewslm.services.data.manifests import ManifestRow
from brewslm.services.data.xray import Xray

_WIDTH = 40
_EXCERPT = 56
_STYLES = {"trained": "bold green", "context": "dim", "padding": "dim italic"}


def manifest_page(manifest: Manifest, first_leaks: Sequence[dict[str, Any]] = ()) -> Iterable[RenderableType]:
    """The splits, their lengths, and their leaks."""
    rows = [
        (
            split.name,
            f"{split.num_examples:,}",
            f"{split.num_tokens:,}",
            f"{split.num_trained_tokens:,}",
            f"{split.length_quantiles.get('p50', 0):.0f}",
            f"{split.length_quantiles.get('max', 0):.0f}",
        )
        for split in manifest.splits
    ]
    headers = ("split", "examples", "tokens", "trained tokens", "median length", "longest")
    yield table(headers, rows, right=(1, 2, 3, 4, 5))
    yield from _lengths(manifest)
    yield from _leaks(manifest, first_leaks)
    yield Text("")
    yield facts(list(_choices(manifest)))


def _lengths(manifest: Manifest) -> Iterable[RenderableType]:
    counts = manifest.split("train").length_counts
    if not counts or not max(counts):
        return
    filled = [place for place, count in enumerate(counts) if count]
    width = manifest.max_seq_len / len(counts)
    yield heading("\nTokens an example, in train")
    rows = [
        (
            f"{place * width:.0f} to {(place + 1) * width:.0f}",
            "#" * max(round(_WIDTH * count / max(counts)), 1 if count else 0),
            f"{count:,}",
        )
        for place, count in enumerate(counts)
        if filled[0] <= place <= filled[-1]
    ]
    yield indented(table(("", "", ""), rows, right=(0, 2), whole=(0, 1, 2)))


def _leaks(manifest: Manifest, first: Sequence[dict[str, Any]]) -> Iterable[RenderableType]:
    if not manifest.leaks:
        return
    yield heading("\nLeaks, as the splits were planned")
    rows = [(one.kind, one.split, one.against, f"{one.num_examples:,}", f"{one.num_pairs:,}") for one in manifest.leaks]
    yield indented(table(("kind", "in", "and in", "examples", "pairs"), rows, right=(3, 4), whole=(0, 1, 2)))
    pairs = [
        (
            f"{leak['similarity']:.2f}",
            leak["action"],
            excerpt(leak["excerpt"], _EXCERPT),
            excerpt(leak["other_excerpt"], _EXCERPT),
        )
        for leak in first
    ]
    yield indented(table(("alike", "so it was", "this", "asks the same as"), pairs, right=(0,), whole=(0, 1)))


def _choices(manifest: Manifest) -> Iterable[tuple[str, str]]:
    yield "manifest", str(manifest.id)
    yield "base model", manifest.base_model
    told = f"{manifest.max_seq_len:,} tokens; {manifest.num_dropped:,} longer examples left out"
    cut = f", {manifest.num_truncated:,} cut off" if manifest.truncation == "truncate" else ""
    yield "max_seq_len", told + cut
    if manifest.num_refused:
        yield "chat template", f"refuses {manifest.num_refused:,} examples, which were left out; `dropped` says why"
    rule = "by a hash of the example"
    if manifest.group_by is not None:
        rule = f"by {manifest.group_by}, whose values are never parted"
    elif manifest.time_by is not None:
        rule = f"by time in {manifest.time_by}: test is newest"
    elif manifest.uses_source_splits:
        rule = "as the source had it"
    yield "split", f"{rule}; seed {manifest.seed}{'; stratified by label' if manifest.is_stratified else ''}"
    out = manifest.num_left_out_for_leaks
    left_out = f", {out:,} left out" if out else ""
    yield "leaks", f"{manifest.num_moved_for_leaks:,} examples moved out of the less protected split{left_out}"
    for one in manifest.goldens:
        found = (
            f"{one.num_found:,} of {one.num_texts:,} texts were in the data" if one.num_texts else "made of this data"
        )
        yield "golden set", f"{one.name}: {found}; none is in train"


def manifest_list(rows: Sequence[ManifestRow]) -> RenderableType:
    """Manifests, and which of them is current."""
    if not rows:
        return Text("Nothing was prepared yet.")
    cells = []
    for row in rows:
        manifest = Manifest.model_validate(row.record.body)
        counts = " / ".join(f"{split.num_examples:,}" for split in manifest.splits)
        mark = Text("current", style="green") if row.is_current else ""
        made = when_short(row.record.created_at)
        cells.append((str(row.record.id), mark, made, counts, manifest.base_model, str(manifest.seed)))
    headers = ("manifest", "", "made", "train / eval / test", "base model", "seed")
    return table(headers, cells, right=(5,), whole=(0, 1, 2, 3))


def xray_page(xray: Xray) -> Iterable[RenderableType]:
    """An example, coloured by what the loss sees; brackets say it without colours, too."""
    text = Text()
    for state, group in groupby(xray.tokens, key=lambda token: token.state):
        tokens = list(group)
        if state == "padding":
            text.append(f"\n… {len(tokens):,} tokens of padding", style=_STYLES[state])
            continue
        spelled = "".join(harmless(token.text) for token in tokens)
        text.append(f"⟦{spelled}⟧" if state == "trained" else spelled, style=_STYLES[state])
    yield text
    yield Text("")
    counts = {state: sum(token.state == state for token in xray.tokens) for state in ("trained", "context", "padding")}
    yield facts(
        [
            (
                "example",
                f"{xray.index:,} of {xray.num_examples:,} in {xray.split}, from source row {xray.source_row:,}",
            ),
            ("tokens", ", ".join(f"{count:,} {state}" for state, count in counts.items())),
            ("legend", "⟦trained⟧ is what the model learns to say; the rest it only reads"),
            ("manifest", xray.manifest_id),
        ]
    )
