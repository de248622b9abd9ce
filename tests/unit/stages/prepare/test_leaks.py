"""Leaks: planted overlaps are found, shown and taken out, and what only shares a template is left alone."""

import json
import random
from typing import Any, Literal

import pytest

from brewslm.core.artifacts.golden import Golden
from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.errors import GateRefusedError, InvalidRequestError
from brewslm.core.events.reasons import Reason
from brewslm.stages.prepare.contract import PrepareInputs
from tests.unit.stages.prepare.test_prepare import MODEL, dataset_of, examples, prepare
from tests.unit.stages.workbench import Workbench

WORDS = [f"{a}{b}{c}" for a in "bdfgklmnprst" for b in "aeiou" for c in ("n", "r", "st", "lo", "mi", "ka")]
NUM_PLANTED = 520


def sentence(words: random.Random, count: int) -> list[str]:
    return words.sample(WORDS, count)


def edited(original: list[str], num_changed: int, words: random.Random) -> list[str]:
    """Replace so many words by others: of 40 words 2 changed leave a Jaccard index of 38 / 42 = 0.905."""
    places = words.sample(range(len(original)), num_changed)
    spare = iter([word for word in words.sample(WORDS, 120) if word not in original])
    return [next(spare) if place in places else word for place, word in enumerate(original)]


def planted(seed: int) -> list[dict[str, Any]]:
    """Return 520 pairs (spelled otherwise, in another order, 1 or 2 of 40 words changed) and as many hard negatives."""
    words = random.Random(seed)
    rows = []
    for number in range(NUM_PLANTED):
        original = sentence(words, 40)
        kind = ("spelled", "ordered", "one", "two")[number % 4]
        twin = {
            "spelled": lambda text: [word.upper() for word in text],
            "ordered": lambda text: words.sample(text, len(text)),
            "one": lambda text: edited(text, 1, words),
            "two": lambda text: edited(text, 2, words),
        }[kind](original)
        rows.append({"prompt": " ".join(original) + "?", "completion": f"a{number}", "pair": number, "kind": kind})
        rows.append(
            {
                "prompt": "  ".join(twin) + ("?" if kind == "spelled" else " ?"),
                "completion": f"b{number}",
                "pair": number,
                "kind": kind,
            }
        )
    template = sentence(words, 30)
    for number in range(NUM_PLANTED):
        # 30 of 40 words are the template's: a Jaccard index of about 30 / 50.
        own = sentence(words, 10)
        rows.append(
            {"prompt": " ".join(template + own), "completion": f"n{number}", "pair": -1 - number, "kind": "none"}
        )
    return rows


def spread(bench: Workbench, manifest: Manifest) -> dict[str, set[str]]:
    """The splits of each answer's pair."""
    found: dict[str, set[str]] = {}
    for split in manifest.splits:
        for row in examples(bench, split):
            answer = row["messages"][-1]["content"]
            found.setdefault(answer[1:] if answer[0] in "ab" else answer, set()).add(split.name)
    return found


def test_planted_pairs_are_found_and_never_parted(bench: Workbench) -> None:
    rows = planted(seed=5)
    dataset = dataset_of(bench, [{"prompt": row["prompt"], "completion": row["completion"]} for row in rows])
    reported = prepare(bench, dataset, leak_policy="report")
    parted = {pair for pair, splits in spread(bench, reported).items() if len(splits) > 1}
    assert len(parted) > 100, "the hash alone must part many, or this test shows nothing"
    listed = [(leak["excerpt"], leak["other_excerpt"], leak["kind"]) for leak in bench.rows(reported, "leaks.parquet")]
    pair_of = {" ".join(row["prompt"].split())[:100]: row["pair"] for row in rows}
    pairs = [{pair_of[one[:100]], pair_of[other[:100]]} for one, other, _ in listed]
    false = [pair for pair in pairs if len(pair) > 1]
    found = {str(next(iter(pair))) for pair in pairs if len(pair) == 1}
    recall = len(found & parted) / len(parted)
    print(f"planted across splits {len(parted)}: recall {recall:.4f}, precision {1 - len(false) / len(pairs):.4f}")
    assert recall >= 0.99
    assert not false
    assert {kind for _, _, kind in listed} == {"exact", "near"}
    moved = prepare(bench, dataset)
    assert [pair for pair, splits in spread(bench, moved).items() if len(splits) > 1] == []
    assert moved.num_moved_for_leaks > 50
    assert sum(split.num_examples for split in moved.splits) == len(rows)
    sizes = {split.name: split.num_examples for split in moved.splits}
    assert sizes["train"] > 0.6 * len(rows), "hard negatives that share a template are not moved together"


def test_leaks_can_be_left_out(bench: Workbench) -> None:
    rows = [{"prompt": row["prompt"], "completion": row["completion"]} for row in planted(seed=6)]
    manifest = prepare(bench, dataset_of(bench, rows), leak_policy="drop")
    assert [pair for pair, splits in spread(bench, manifest).items() if len(splits) > 1] == []
    left_out = [row for row in bench.rows(manifest, "dropped.parquet") if row["reason"] == "leak"]
    assert len(left_out) == manifest.num_left_out_for_leaks > 50
    assert sum(split.num_examples for split in manifest.splits) + len(left_out) == len(rows)
    assert {leak["action"] for leak in bench.rows(manifest, "leaks.parquet")} == {"left out"}


def test_exact_leaks_alone_can_be_looked_for(bench: Workbench) -> None:
    rows = [{"prompt": row["prompt"], "completion": row["completion"]} for row in planted(seed=7)]
    manifest = prepare(bench, dataset_of(bench, rows), leak_check="exact", leak_policy="report")
    assert {leak.kind for leak in manifest.leaks} == {"exact"}


def test_semantic_leaks_are_refused_in_one_line(bench: Workbench) -> None:
    with pytest.raises(GateRefusedError, match="needs a model that embeds texts"):
        prepare(bench, dataset_of(bench, questions(9)), leak_check="semantic")


def questions(count: int, *, start: int = 0) -> list[dict[str, Any]]:
    words = random.Random(start)
    return [
        {"prompt": " ".join(sentence(words, 12)) + f" {number}", "completion": f"a{number}"}
        for number in range(start, start + count)
    ]


def lock(
    bench: Workbench, rows: list[dict[str, Any]], *, purpose: Literal["dev", "test"] = "test", is_of_split: bool = False
) -> Golden:
    """Put a golden set of these rows on the shelf."""
    dataset = dataset_of(bench, rows)
    files = tuple(file for file in dataset.files if file.path.endswith("/examples.parquet"))
    golden = Golden(
        files=files,
        name="acceptance",
        version=1,
        purpose=purpose,
        origin="acceptance.jsonl",
        manifest_id=dataset.id if is_of_split else None,
        dataset_id=dataset.id,
        shape=dataset.shape,
        num_examples=len(rows),
    )
    bench.shelf.put(golden)
    return golden


def near_copy(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "prompt": row["prompt"].upper() + " !!", "completion": "another answer"}


@pytest.mark.parametrize("policy", ["move", "drop", "report"])
def test_a_golden_set_is_never_trained_on(bench: Workbench, policy: str) -> None:
    rows = questions(300)
    golden = lock(bench, [*questions(60, start=5000), rows[3], near_copy(rows[4]), near_copy(rows[5])])
    manifest = prepare(bench, dataset_of(bench, rows), leak_policy=policy)
    trained = {row["messages"][0]["content"] for row in examples(bench, manifest.split("train"))}
    assert trained & {rows[3]["prompt"], rows[4]["prompt"], rows[5]["prompt"]} == set()
    (overlap,) = manifest.goldens
    assert (overlap.golden_id, overlap.num_texts, overlap.num_found) == (golden.id, 63, 3)


def test_a_tenth_of_a_golden_set_in_the_data_blocks(bench: Workbench) -> None:
    rows = questions(300)
    lock(bench, [*questions(36, start=5000), *rows[:4]])
    with pytest.raises(GateRefusedError, match="holds 4 of 40 texts of 'acceptance v1', exactly or nearly") as caught:
        prepare(bench, dataset_of(bench, rows))
    assert caught.value.code == Reason.PREPARATION_GOLDEN_OVERLAP


def test_less_than_a_tenth_passes(bench: Workbench) -> None:
    rows = questions(300)
    lock(bench, [*questions(37, start=5000), *rows[:3]])
    assert prepare(bench, dataset_of(bench, rows)).goldens[0].num_found == 3


def test_a_golden_set_of_a_split_is_in_the_data_by_intention(bench: Workbench) -> None:
    rows = questions(200)
    lock(bench, rows[:40], is_of_split=True)
    manifest = prepare(bench, dataset_of(bench, rows))
    trained = {row["messages"][0]["content"] for row in examples(bench, manifest.split("train"))}
    assert trained & {row["prompt"] for row in rows[:40]} == set()
    assert manifest.goldens[0].num_found == 0


def grouped(bench: Workbench, kept: list[dict[str, Any]], **choices: Any) -> Manifest:
    """Prepare examples whose metadata is as given."""
    from dataclasses import replace

    from brewslm.core.artifacts.dataset import Dataset
    from brewslm.core.data.example import Example
    from brewslm.stages.prepare import PREPARE

    dataset = dataset_of(bench, questions(len(kept)))
    path = next(file.path for file in dataset.files if file.path.endswith("/examples.parquet"))
    told = iter(kept)
    draft = bench.shelf.draft()
    with bench.context.tables.write(draft / "examples.parquet", Example) as table:
        for batch in bench.context.tables.read(bench.shelf.path(path), Example):
            table.add([replace(example, metadata=json.dumps(next(told))) for example in batch])
    changed = dataset.model_copy(update={"files": bench.shelf.publish(draft, room="datasets")})
    assert isinstance(changed, Dataset)
    bench.shelf.put(changed)
    return bench.run(PREPARE, PrepareInputs(dataset_id=changed.id, base_model=MODEL, **choices))


def test_examples_of_a_group_are_never_parted(bench: Workbench) -> None:
    manifest = grouped(bench, [{"user": f"u{number % 40}"} for number in range(400)], group_by="user")
    splits: dict[str, set[str]] = {}
    for split in manifest.splits:
        for row in examples(bench, split):
            splits.setdefault(json.loads(row["metadata"])["user"], set()).add(split.name)
    assert len(splits) == 40
    assert all(len(where) == 1 for where in splits.values())
    assert manifest.group_by == "user"


def test_a_missing_group_is_told_with_count_row_and_keys(bench: Workbench) -> None:
    kept = [{"user": "u"} if number % 10 else {"town": "Ulm"} for number in range(50)]
    with pytest.raises(
        InvalidRequestError, match=r"5 of 50 examples have no 'user' to group by; the first is row 0, .* holds town"
    ):
        grouped(bench, kept, group_by="user")


def test_the_newest_are_tested(bench: Workbench) -> None:
    spelled = ["2024-03-{:02}", "2024-03-{:02}T08:00:00Z", "2024-03-{:02} 09:30:00+01:00"]
    kept = [{"day": spelled[number % 3].format(1 + number % 30)} for number in range(300)]
    manifest = grouped(bench, kept, time_by="day", leak_check="exact")
    days = {
        split.name: {int(json.loads(row["metadata"])["day"][8:10]) for row in examples(bench, split)}
        for split in manifest.splits
    }
    assert max(days["train"]) <= min(days["eval"]) <= max(days["eval"]) <= min(days["test"])
    assert not manifest.is_stratified


def test_a_time_that_cannot_be_read_is_told(bench: Workbench) -> None:
    kept = [{"day": "soon" if number < 3 else 1_700_000_000 + number} for number in range(30)]
    with pytest.raises(InvalidRequestError, match=r"3 of 30 examples have no time in 'day' .* row 0, .* says 'soon'"):
        grouped(bench, kept, time_by="day")


def test_two_rules_at_once_are_refused(bench: Workbench) -> None:
    with pytest.raises(GateRefusedError, match="group_by and time_by are set, and each of them alone decides"):
        prepare(bench, dataset_of(bench, questions(9)), group_by="a", time_by="b")
