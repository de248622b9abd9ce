"""Artifacts: equal work gives equal ids, rows add up, and every reference is seen."""

import importlib
import pkgutil
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from brewslm.core import artifacts
from brewslm.core.artifacts.base import (
    AdapterId,
    Artifact,
    ArtifactKind,
    FileRef,
    SnapshotId,
    Tally,
    artifact_id_of,
    content_hash_of,
    references_of,
)
from brewslm.core.artifacts.bundle import served_name
from brewslm.core.artifacts.snapshot import Snapshot
from brewslm.core.ids import ArtifactId
from brewslm.core.value import Value


def snapshot(**changed: object) -> Snapshot:
    plain = {
        "locator": "a.csv",
        "format": "csv",
        "encoding": "utf-8",
        "reading": {"delimiter": ",", "quote": '"'},
        "num_rows": 1,
        "num_malformed": 0,
        "columns": ("a",),
    }
    return Snapshot.model_validate({**plain, **changed})


def test_equal_content_has_an_equal_id() -> None:
    again = snapshot(reading={"quote": '"', "delimiter": ","})
    assert snapshot().id == again.id
    assert snapshot().id.startswith("snapshot-")
    assert len(snapshot().id) == len("snapshot-") + 16


@pytest.mark.parametrize(
    "changed",
    [{"num_rows": 2}, {"columns": ("b",)}, {"files": (FileRef(path="x", size_bytes=1, sha256="0"),)}],
)
def test_other_content_has_another_id(changed: dict[str, object]) -> None:
    assert snapshot(**changed).id != snapshot().id


def test_a_body_that_was_stored_has_the_hash_that_it_had() -> None:
    made = snapshot()
    body = Snapshot.model_validate_json(made.model_dump_json()).model_dump(mode="json")
    assert content_hash_of("snapshot", made.schema_version, body) == made.content_hash
    assert artifact_id_of("snapshot", made.content_hash) == made.id


def test_kind_and_schema_version_are_part_of_the_identity() -> None:
    assert len({content_hash_of(kind, version, {}) for kind in ("a", "b") for version in (1, 2)}) == 4


def test_every_kind_has_its_model_and_no_times() -> None:
    for module in pkgutil.walk_packages(artifacts.__path__, f"{artifacts.__name__}."):
        importlib.import_module(module.name)
    models = [model for model in Artifact.__subclasses__() if model.__module__.startswith(artifacts.__name__)]
    assert sorted(model.kind for model in models) == sorted(get_args(ArtifactKind))
    for model in models:
        assert not [name for name in model.model_fields if name.endswith(("_at", "_seconds"))], model


class Inputs(Value):
    adapter_id: AdapterId
    name: str = "adapter-1"
    snapshot_id: SnapshotId | None = None


def test_references_are_those_fields_that_say_so() -> None:
    inputs = Inputs(adapter_id=ArtifactId("adapter-0"), snapshot_id=ArtifactId("snapshot-0"))
    assert references_of(inputs) == (("adapter", "adapter-0"), ("snapshot", "snapshot-0"))


def test_a_reference_that_is_absent_is_left_out() -> None:
    assert references_of(Inputs(adapter_id=ArtifactId("adapter-0"))) == (("adapter", "adapter-0"),)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_rows_that_add_up_are_accepted(accepted: int, repaired: int, rejected: int) -> None:
    total = accepted + repaired + rejected
    tally = Tally(total=total, accepted=accepted, repaired=repaired, rejected=rejected)
    assert 0.0 <= tally.coverage <= 1.0
    with pytest.raises(ValidationError, match="rows do not add up"):
        Tally(total=total + 1, accepted=accepted, repaired=repaired, rejected=rejected)


def test_no_rows_are_no_coverage() -> None:
    assert Tally(total=0, accepted=0, repaired=0, rejected=0).coverage == 0.0


@pytest.mark.parametrize(
    ("project", "name"),
    [("my sums", "my-sums"), ("(sums)", "sums-"), ("קפה", "קפה"), ("a$b'c", "a-b-c"), ("--", "model")],
)
def test_a_project_is_known_to_a_runtime_by_a_plain_name(project: str, name: str) -> None:
    assert served_name(project) == name
