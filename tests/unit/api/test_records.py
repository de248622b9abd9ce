"""Timeline, failures and support bundles over HTTP; what is planted in a workspace does not leave it in a bundle."""

import io
import json
import zipfile
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from benchmarks.lives import live
from brewslm.bootstrap.house import House
from brewslm.core.events.base import NewEvent
from brewslm.core.events.reasons import Reason
from brewslm.core.ids import RunId
from brewslm.services.support.bundles import LINK_SECONDS, MAX_OFFERS
from tests.fakes.canaries import Canary, canaries
from tests.fakes.clock import FakeClock


@pytest.fixture
def lived(house: House) -> House:
    projects = [house.projects.create(name).id for name in ("one", "two")]
    live(house.ports.storage, projects, num_runs=6, num_events=240, seed=4)
    return house


@pytest.mark.usefixtures("lived")
def test_pages_of_the_timeline_follow_each_other(client: TestClient) -> None:
    first = client.get("/api/timeline", params={"project_id": 1, "limit": 2}).json()
    rest = client.get("/api/timeline", params={"project_id": 1, "limit": 2, "before": first["next_before"]}).json()
    jobs = [run["job_id"] for page in (first, rest) for run in page["runs"]]
    assert len(jobs) == 3
    assert jobs == sorted(jobs, reverse=True)
    assert rest["next_before"] is None
    one = client.get(f"/api/jobs/{jobs[0]}/timeline").json()
    assert one == first["runs"][0]
    assert client.get("/api/jobs/9999/timeline").status_code == 404
    assert client.get("/api/timeline", params={"project_id": 9}).status_code == 404


def test_failures_are_told_by_cause(lived: House, client: TestClient) -> None:
    page = client.get("/api/failures").json()
    assert page["num_failures"] > 0
    assert {one["id"] for one in page["clusters"]} == {one.id for one in lived.records.failures.page().clusters}
    one = client.get("/api/failures", params={"limit": 1}).json()
    two = client.get("/api/failures", params={"limit": 1, "before": one["next_before"]}).json()
    assert two["clusters"][0] == page["clusters"][1]
    assert client.get("/api/failures", params={"project_id": 9}).status_code == 404


def test_a_link_gives_a_bundle_out_once(lived: House, client: TestClient) -> None:
    link = client.post("/api/support-bundles", params={"job_id": 1}).json()
    got = client.get(link["path"])
    assert got.headers["content-type"] == "application/zip"
    assert len(got.content) == link["bundle"]["size_bytes"]
    assert set(zipfile.ZipFile(io.BytesIO(got.content)).namelist()) == set(link["bundle"]["files"])
    again = client.get(link["path"])
    assert again.status_code == 404
    assert "used already" in again.json()["error"]["message"]
    assert list((lived.settings.home / "support").iterdir()) == []
    assert client.get("/api/support-bundles/" + "x" * 43).status_code == 404
    assert client.post("/api/support-bundles", params={"job_id": 999}).status_code == 404


def test_a_link_is_refused_when_it_is_too_old(house: House, client: TestClient) -> None:
    clock = FakeClock()
    object.__setattr__(house.ports, "clock", clock)
    old, fresh = (client.post("/api/support-bundles").json()["path"] for _ in range(2))
    clock.advance(LINK_SECONDS - 1)
    assert client.get(fresh).status_code == 200
    clock.advance(2)
    assert client.get(old).status_code == 404
    assert list((house.settings.home / "support").iterdir()) == []


def test_only_the_newest_few_bundles_wait(house: House, client: TestClient) -> None:
    paths = [client.post("/api/support-bundles").json()["path"] for _ in range(MAX_OFFERS + 1)]
    assert len(list((house.settings.home / "support").iterdir())) == MAX_OFFERS
    assert [client.get(path).status_code for path in paths] == [404, *[200] * MAX_OFFERS]


def plant(home: Path, house: House, monkeypatch: pytest.MonkeyPatch) -> tuple[Canary, ...]:
    """Put one of every kind into logs, settings, events and the environment, each with values of its own."""
    logs, config, events, environment = (canaries(seed) for seed in (11, 12, 13, 14))
    (home / "logs").mkdir(exist_ok=True)
    (home / "logs" / "server.log").write_text("".join(f"2026-11-28 21:14:00 INFO x: {one.told}\n" for one in logs))
    (home / "config").mkdir(exist_ok=True)
    (home / "config" / "alerts.yaml").write_text("".join(f"# {one.told}\n" for one in config))
    project = house.projects.create("planted")
    with house.ports.storage.write() as transaction:
        for one in events:
            new = NewEvent(
                project_id=project.id,
                run_id=RunId("train-1"),
                stage="training",
                severity="error",
                reason=Reason.TRAINING_RUNTIME_ERROR,
                actor="api",
                summary=" ".join(one.told.split()),
                payload={"error": one.told},
                occurred_at=house.ports.clock.now(),
            )
            transaction.events.append(new, recorded_at=house.ports.clock.now())
    for number, one in enumerate(environment):
        monkeypatch.setenv(f"BREWSLM_X_{number}" if number % 2 else f"MY_{number}_PASSWORD", one.told)
        (home / "logs" / "cli.log").open("a").write(f"\n{one.told}\n")
    return (*logs, *config, *events, *environment)


def test_nothing_that_is_planted_comes_out_in_a_bundle(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted = plant(house.settings.home, house, monkeypatch)
    report = house.records.support.write(tmp_path / "out.zip")
    texts = {}
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist()}
    out = [
        (one.kind, name)
        for one in planted
        for name, text in texts.items()
        for value in {one.value, json.dumps(one.value)[1:-1]}
        if value in text
    ]
    assert out == []
    assert len({one.kind for one in planted}) >= 24
    assert sum(report.redacted.values()) >= len(planted)
    assert report.redacted == json.loads(texts["redactions.json"])
    assert {"secret: GitHub token", "email", "card", "phone", "ip"} <= set(report.redacted)
    page = texts["index.html"]
    assert all(name in page for name in texts if name != "index.html")
    assert "http" not in page.split("</style>")[0]
    assert "<script" not in page
