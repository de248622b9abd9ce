"""A stage is asked for on artifacts by name: what the project does not have is refused before anything is queued."""

from starlette.testclient import TestClient

from brewslm.bootstrap.house import House
from brewslm.core.ids import ProjectId
from brewslm.services.requests import ImportRequest
from tests.fakes.ledger import shelve
from tests.unit.api.test_routes import BODIES

OF_ARTIFACTS = {stage: body for stage, body in BODIES.items() if stage != "ingest"}


def test_what_is_missing_or_of_another_kind_is_named_and_costs_nothing(client: TestClient, house: House) -> None:
    for stage, body in OF_ARTIFACTS.items():
        project = house.projects.create(stage, base_model="brewslm-tiny-v1").id
        maker = house.jobs.submit(project, "import", ImportRequest(locator="/data.csv"))
        *first, last = (name for name in body if name.endswith("_id"))
        shelve(house.ports.storage, maker, *(body[name] for name in first))
        path = f"/api/projects/{project}/stages/{stage}"
        missing = client.post(path, json=body)
        assert (missing.status_code, missing.json()["error"]["reason"]) == (404, "system_not_found")
        assert f"Project {project} has no artifact {body[last]!r}" in missing.json()["error"]["message"]
        shelve(house.ports.storage, maker, "review-9")
        wrong = client.post(path, json={**body, last: "review-9"})
        assert wrong.status_code == 404
        kind = body[last].rpartition("-")[0]
        assert f"'review-9' is a review, where a {kind} is needed" in wrong.json()["error"]["message"]
        assert [one.id for one in house.jobs.list(project_id=ProjectId(project))] == [maker.id]
