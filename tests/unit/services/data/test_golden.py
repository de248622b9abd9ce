"""Golden sets and manifests over true stages: what is locked is never trained on, and what was active can be again."""

from pathlib import Path
from typing import Any

import pytest

from brewslm.core.artifacts.golden import Golden
from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.artifacts.readiness import Readiness
from brewslm.core.data.example import Example
from brewslm.core.errors import NotFoundError
from brewslm.core.ids import ArtifactId
from brewslm.core.job import JobStatus
from brewslm.services.data.golden import golden_flow
from brewslm.services.data.manifests import Manifests
from brewslm.services.data.xray import Xrays
from brewslm.services.requests import AutopilotRequest, GoldenRequest, ImportRequest
from brewslm.stages.preflight.contract import PreflightInputs
from brewslm.stages.prepare.contract import PrepareInputs
from brewslm.stages.train.contract import TrainInputs
from tests.unit.services import test_autopilot
from tests.unit.services.test_autopilot import House

TOPICS = ("teapots", "bicycles", "gardens", "clouds", "letters", "violins", "bridges")


def questions(count: int, *, start: int = 0) -> list[dict[str, Any]]:
    return [
        {"prompt": f"Tell me of {TOPICS[n % 7]} number {n} of {n * 7}", "completion": f"It is {n}."}
        for n in range(start, start + count)
    ]


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setitem(test_autopilot.FLOWS, "golden", golden_flow)
    house = House(tmp_path)
    done = house.do("import", ImportRequest(locator=house.write("data.jsonl", questions(300))))
    assert done.status is JobStatus.COMPLETED, done.error
    return house


def prepared(house: House, **choices: Any) -> Manifest:
    dataset_id = house.projects.current(house.project.id, "map_commit")
    inputs = PrepareInputs(dataset_id=dataset_id, base_model="brewslm-tiny-v1", **choices)
    return house.shelf.read(Manifest, _made(house, house.queue("prepare", inputs)))


def _made(house: House, job: Any) -> ArtifactId:
    done = house.runner(test_autopilot.FLOWS, ports=house.ports).run(job.id)
    assert done.status is JobStatus.COMPLETED, done.error
    assert done.artifact_id is not None
    return done.artifact_id


def first_trained(house: House, manifest: Manifest) -> str:
    path = house.shelf.path(f"{manifest.split('train').folder}/examples.parquet")
    return next(house.ports.tables.read(path, Example))[0].messages[0].content


def test_a_golden_set_of_a_file_stops_what_was_prepared_before(house: House) -> None:
    before = prepared(house)
    judged = PreflightInputs(manifest_id=before.id, base_model=before.base_model)
    readiness = house.shelf.read(Readiness, _made(house, house.queue("preflight", judged)))
    assert readiness.verdict == "ready"
    leaked = first_trained(house, before)
    rows = [*questions(40, start=9000), {"prompt": leaked.upper() + "!", "completion": "Something else."}]
    request = GoldenRequest(name="acceptance", locator=house.write("golden.jsonl", rows))
    golden = house.shelf.read(Golden, _made(house, house.queue("golden", request)))
    assert (golden.name, golden.version, golden.purpose, golden.num_examples) == ("acceptance", 1, "test", 41)
    assert house.reasons()[-1] == "preparation_locked"
    assert house.projects.current(house.project.id, "map_commit") == before.dataset_id, "it is not the project's data"

    again = house.shelf.read(Readiness, _made(house, house.queue("preflight", judged)))
    (block,) = [finding for finding in again.findings if finding.level == "block"]
    assert (block.check, block.reason) == ("golden_sets", "preflight_golden")
    assert "train holds 1 texts of 'acceptance v1'" in block.seen
    order = TrainInputs(readiness_id=readiness.id, manifest_id=before.id)
    refused = house.runner(ports=house.ports).run(house.queue("train", order).id)
    assert (refused.status, refused.reason) == (JobStatus.FAILED, "preflight_golden")

    after = prepared(house)
    assert leaked not in {
        example.messages[0].content
        for batch in house.ports.tables.read(
            house.shelf.path(f"{after.split('train').folder}/examples.parquet"), Example
        )
        for example in batch
    }
    judged = PreflightInputs(manifest_id=after.id, base_model=after.base_model)
    assert house.shelf.read(Readiness, _made(house, house.queue("preflight", judged))).verdict == "ready"


def test_a_split_can_be_locked_and_gets_versions(house: House) -> None:
    first = prepared(house)
    golden = house.shelf.read(Golden, _made(house, house.queue("golden", GoldenRequest(from_split="test"))))
    assert golden.num_examples == first.split("test").num_examples
    assert golden.origin == f"split test of {first.id}"
    same = house.do("golden", GoldenRequest(from_split="test"))
    assert (same.status, same.reason) == (JobStatus.FAILED, "system_conflict")
    assert "locked already, as golden v1" in (same.error or "")
    second = house.shelf.read(Golden, _made(house, house.queue("golden", GoldenRequest(from_split="eval"))))
    assert second.version == 2
    held = {
        example.id
        for batch in house.ports.tables.read(house.shelf.path(golden.files[0].path), Example)
        for example in batch
    }
    other = prepared(house, seed=1)
    trained = house.shelf.path(f"{other.split('train').folder}/examples.parquet")
    assert not held & {one.id for batch in house.ports.tables.read(trained, Example) for one in batch}


def test_an_earlier_manifest_can_be_activated_until_a_newer_one_is_made(house: House) -> None:
    manifests = Manifests(house.ports, house.projects, actor="cli")
    first, second = prepared(house), prepared(house, seed=7)
    assert [row.is_current for row in manifests.list(house.project.id)] == [False, True]
    assert manifests.activate(house.project.id, first.id).is_current
    assert house.reasons()[-1] == "preparation_activated"
    assert [row.is_current for row in manifests.list(house.project.id)] == [True, False]
    assert house.projects.current(house.project.id, "prepare") == first.id
    planned = house.do("autopilot", AutopilotRequest(one_click=False))
    assert planned.status is JobStatus.COMPLETED, planned.error
    assert planned.artifact_id is not None
    assert house.shelf.read(Readiness, planned.artifact_id).manifest_id == first.id
    events = house.events()
    manifests.activate(house.project.id, first.id)
    assert house.events() == events, "to activate what is current changes nothing"
    third = prepared(house, seed=8)
    assert house.projects.current(house.project.id, "prepare") == third.id
    assert second.id != third.id


def test_what_is_no_manifest_or_gone_cannot_be_activated(house: House) -> None:
    manifests = Manifests(house.ports, house.projects, actor="cli")
    first = prepared(house)
    with pytest.raises(NotFoundError, match="is a dataset, where a manifest is needed"):
        manifests.activate(house.project.id, first.dataset_id)
    house.shelf.path(first.files[0].path).unlink()
    with pytest.raises(NotFoundError, match="is missing; prepare the dataset again"):
        manifests.activate(house.project.id, first.id)


def test_the_xray_spells_an_example_of_the_current_manifest(house: House) -> None:
    manifest = prepared(house)
    xray = Xrays(house.ports, house.projects).look(house.project.id, split="test", index=2)
    path = house.shelf.path(f"{manifest.split('test').folder}/examples.parquet")
    example = next(house.ports.tables.read(path, Example))[2]
    assert (xray.example_id, xray.manifest_id) == (example.id, manifest.id)
    spelled = "".join(token.text for token in xray.tokens if token.state == "trained")
    assert spelled == f"{example.messages[1].content}<|im_end|>"
    assert len(xray.tokens) % 256 == 0
    assert [token.is_special for token in xray.tokens if token.state == "trained"][-1]


def test_an_example_that_is_not_there_is_told(house: House) -> None:
    xrays = Xrays(house.ports, house.projects)
    with pytest.raises(NotFoundError, match="has no splits yet"):
        xrays.look(house.project.id)
    manifest = prepared(house)
    count = manifest.split("eval").num_examples
    with pytest.raises(NotFoundError, match=f"split 'eval' has {count} examples, counted from 0; there is no {count}"):
        xrays.look(house.project.id, split="eval", index=count)
    with pytest.raises(NotFoundError, match="prepare the dataset again"):
        xrays.look(house.project.id, is_rejected=True)
