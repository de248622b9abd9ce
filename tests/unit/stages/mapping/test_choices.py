"""What the user decides goes over what is proposed, and is checked before any row is read."""

import json
from typing import Any

import pytest
from pydantic import TypeAdapter

from brewslm.core.artifacts.mapping import MappingSpec
from brewslm.core.artifacts.schema import ColumnMap, Schema
from brewslm.core.artifacts.transforms import Transform
from brewslm.core.data.example import Shape
from brewslm.core.errors import GateRefusedError, InvalidRequestError
from brewslm.core.events.reasons import Reason
from tests.unit.stages.workbench import Workbench

STEPS: TypeAdapter[Any] = TypeAdapter(tuple[Transform, ...])


def schema_of(bench: Workbench, rows: list[dict[str, Any]], name: str = "data.jsonl") -> Schema:
    return bench.introspect(bench.ingest(name, "\n".join(map(json.dumps, rows))))


UNCLEAR: list[dict[str, Any]] = [{"a": f"one {n}", "b": f"two {n}", "c": n % 2} for n in range(12)]


@pytest.mark.parametrize(
    ("roles", "shape"),
    [
        ({"prompt": "a", "completion": "b"}, "prompt_completion"),
        ({"prompt": "a", "completion": "b", "label": "c"}, "binary_feedback"),
        ({"chosen": "a", "rejected": "b", "prompt": "b"}, "preference"),
        ({"text": "a", "label": "c"}, "classification"),
    ],
)
def test_roles_alone_tell_the_shape(bench: Workbench, roles: dict[str, str], shape: Shape) -> None:
    preview = bench.dry_run(schema_of(bench, UNCLEAR), roles=roles)
    assert preview.plan.shape == shape
    assert {role: getattr(preview.plan.columns, role) for role in roles} == roles
    assert preview.tally.rejected == 0


def test_a_role_goes_over_the_proposal_and_can_be_taken_away(bench: Workbench) -> None:
    rows = [{"question": f"q {n}", "answer": f"a {n}", "context": f"c {n}", "better": f"b {n}"} for n in range(9)]
    preview = bench.dry_run(schema_of(bench, rows), as_shape="qa", roles={"completion": "better", "context": ""})
    columns = preview.plan.columns
    assert (columns.prompt, columns.completion, columns.context) == ("question", "better", None)


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"roles": {"prompts": "a"}, "as_shape": "qa"}, "'prompts' is no role"),
        ({"roles": {"prompt": "a", "completion": "nope"}}, "no column 'nope'"),
        ({"roles": {"prompt": "a", "completion": "b.deep"}}, None),
        ({"mapping": MappingSpec(shape="qa", columns=ColumnMap(prompt="a"))}, "needs a column for 'completion'"),
        ({"mapping": MappingSpec(shape="extraction", columns=ColumnMap(text="a"))}, "needs a column for 'target'"),
        (
            {
                "roles": {"prompt": "x", "completion": "b"},
                "transforms": STEPS.validate_python([{"op": "template", "to": "x", "template": "{nope}"}]),
            },
            "no column 'nope'",
        ),
        (
            {
                "roles": {"prompt": "x", "completion": "b"},
                "transforms": STEPS.validate_python([{"op": "template", "to": "x", "template": "{a"}]),
            },
            "stray '{'",
        ),
    ],
)
def test_choices_that_do_not_fit_are_refused_by_name(
    bench: Workbench, choices: dict[str, Any], words: str | None
) -> None:
    schema = schema_of(bench, UNCLEAR)
    if words is None:
        assert bench.dry_run(schema, **choices).rejections == {"missing_field": 12}
        return
    with pytest.raises(InvalidRequestError, match=words):
        bench.dry_run(schema, **choices)


def test_a_column_that_a_transform_makes_can_be_named(bench: Workbench) -> None:
    steps = STEPS.validate_python([{"op": "template", "to": "asked", "template": "{a} ({c})"}])
    preview = bench.dry_run(schema_of(bench, UNCLEAR), roles={"prompt": "asked", "completion": "b"}, transforms=steps)
    assert preview.sample[1].messages[0].content == "one 1 (1)"


def test_a_shape_alone_does_not_choose_between_equal_columns(bench: Workbench) -> None:
    rows = [{"text": f"t {n}", "topic": "ab"[n % 2], "sentiment": "xy"[n // 5 % 2]} for n in range(40)]
    schema = schema_of(bench, rows)
    with pytest.raises(GateRefusedError, match="--column text=text --column label=sentiment") as caught:
        bench.dry_run(schema, as_shape="classification")
    assert caught.value.code == Reason.INTROSPECTION_AMBIGUOUS
    preview = bench.dry_run(schema, as_shape="classification", roles={"label": "sentiment"})
    assert preview.plan.columns.labels == ("x", "y")


def test_a_label_that_the_user_does_not_allow_is_rejected(bench: Workbench) -> None:
    rows = [{"text": f"t {n}", "label": ["spam", "ham", "egg"][n % 3]} for n in range(30)]
    preview = bench.dry_run(schema_of(bench, rows), labels=("spam", "ham"))
    assert preview.rejections == {"label_not_allowed": 10}
    assert preview.plan.columns.labels == ("ham", "spam")


def test_named_tags_and_lengths_are_part_of_the_plan(bench: Workbench) -> None:
    rows = [{"tokens": ["Anna", "left"] * (1 + n % 2), "ner_tags": [1, 0] * (1 + n % 2)} for n in range(10)]
    schema = schema_of(bench, rows)
    preview = bench.dry_run(schema, as_shape="extraction", tag_names=("O", "B-PER"), max_characters=60)
    assert preview.rejections == {"too_long": 5}
    assert preview.sample[0].target_json == '{"entities":[{"label":"PER","text":"Anna"}]}'


def test_a_whole_mapping_needs_nothing_of_the_schema_and_runs_on_the_next_snapshot(bench: Workbench) -> None:
    spec = MappingSpec(shape="qa", columns=ColumnMap(prompt="a", completion="b"))
    first = bench.dry_run(schema_of(bench, UNCLEAR), mapping=spec)
    second = bench.dry_run(schema_of(bench, UNCLEAR[:7], "next.jsonl"), mapping=spec)
    assert (first.tally.accepted, second.tally.accepted) == (12, 7)
    assert first.plan_hash != second.plan_hash
    assert bench.commit(second).num_examples == 7
