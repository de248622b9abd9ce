"""The same life through HTTP: a real server process, and a client that knows nothing but JSON."""

import signal
import socket
import time
from pathlib import Path

import pytest

from tests.journeys.brew import QUICK, Brew, write_chat

SHUT_DOWN_SECONDS = 5.0


@pytest.fixture(params=["postgresql", pytest.param("sqlite", marks=pytest.mark.long)])
def anywhere(brew: Brew, request: pytest.FixtureRequest) -> Brew:
    """A workspace whose ledger is in either database; the lives of the chaos suite are on SQLite in every run."""
    if request.param == "postgresql":
        brew.variables["BREWSLM_DATABASE_URL"] = request.getfixturevalue("postgres").ledger()
    return brew


def test_a_life_over_http(anywhere: Brew, tmp_path: Path) -> None:
    brew = anywhere
    data = write_chat(tmp_path / "sums.jsonl")
    with brew.server() as server:
        assert server.get("/api/health")["status"] == "ok"
        assert server.post("/api/projects", {"name": "sums"})[0] == 201

        status, queued = server.post("/api/projects/1/datasets/import", {"locator": str(data)})
        assert status == 202
        imported = server.finish(queued["id"])
        assert imported["status"] == "completed"
        dataset = server.get(f"/api/projects/1/artifacts/{imported['artifact_id']}")["body"]
        assert dataset["tally"]["total"] == 93

        launch = {"autopilot": True, "one_click": True, "overrides": QUICK}
        path, once = "/api/projects/1/training/run", {"Idempotency-Key": "once"}
        _, job = server.post(path, launch, **once)
        assert server.post(path, launch, **once)[1]["id"] == job["id"]
        assert server.post(path, {**launch, "one_click": False}, **once)[0] == 409
        trained = server.finish(job["id"])
        assert trained["status"] == "completed", trained["error"]
        report = server.get(f"/api/projects/1/artifacts/{trained['artifact_id']}")["body"]

        (training,) = (one for one in server.get(f"/api/jobs?parent_id={job['id']}")["jobs"] if one["kind"] == "train")
        metrics = server.get(f"/api/jobs/{training['id']}/metrics?kind=log")
        assert metrics[-1]["step"] == QUICK["data.total_steps"]
        assert server.get(f"/api/jobs/{training['id']}/log")["job_id"] == training["id"]
        reasons = [event["reason"] for event in server.get(f"/api/jobs/{job['id']}/events")]
        assert reasons[-1] == "autopilot"
        assert {"cleaning", "preparation", "preflight", "training_started", "training"} <= set(reasons)

        exported = {"adapter_id": report["adapter_id"], "eval_report_id": trained["artifact_id"]}
        bundle = server.finish(server.post("/api/projects/1/stages/export", exported)[1]["id"])
        assert bundle["status"] == "completed", bundle["error"]
        deployed = server.post("/api/projects/1/stages/deploy", {"bundle_id": bundle["artifact_id"]})[1]
        assert server.finish(deployed["id"])["status"] == "completed"
        assert [row["version"] for row in server.get("/api/projects/1/releases")] == [1]
        assert [one["id"] for one in server.get("/api/projects/1/experiments")] == [1]
        assert [stage["status"] for stage in server.get("/api/projects/1/stages")] == ["completed"] * 11
        chain = server.get(f"/api/projects/1/artifacts/{bundle['artifact_id']}/lineage")
        assert {"bundle", "adapter", "dataset", "snapshot"} < {one["kind"] for one in chain}
        assert server.get("/api/audit/verify?has_files=true")["is_clean"]

        began = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(60) == 0
        assert time.monotonic() - began < SHUT_DOWN_SECONDS
    assert brew.reasons()[0] == "system_started"


def test_a_failed_import_is_told_by_its_job(brew: Brew) -> None:
    with brew.server() as server:
        server.post("/api/projects", {"name": "one"})
        _, queued = server.post("/api/projects/1/datasets/import", {"locator": "/no/such/file.csv"})
        job = server.finish(queued["id"])
    assert (job["status"], job["reason"]) == ("failed", "ingestion_unreachable")
    assert "/no/such/file.csv" in job["error"]


def test_the_command_line_watches_what_a_server_does(brew: Brew, tmp_path: Path) -> None:
    data = write_chat(tmp_path / "sums.jsonl")
    with brew.server() as server:
        brew.run("project", "create", "--name", "one")
        _, queued = server.post("/api/projects/1/datasets/import", {"locator": str(data)})
        watched = brew.run("jobs", "watch", str(queued["id"]))
        assert "Map (commit): completed" in watched.stderr
        assert server.get(f"/api/jobs/{queued['id']}")["status"] == "completed"


def test_a_second_server_says_in_one_line_what_is_in_its_way(brew: Brew, tmp_path: Path) -> None:
    with brew.server() as server:
        port = server.url.rsplit(":", 1)[1]
        assert f"is being served already, at {server.url}, by process" in brew.refuse("serve", "--port", "0")
        other = Brew(tmp_path / "other")
        assert f"port {port} of 127.0.0.1 is in use" in other.refuse("serve", "--port", port)


ODD = {
    "another host": (b"GET /api/projects HTTP/1.1\r\nHost: evil.tld\r\n\r\n", 421),
    "two hosts": (b"GET /api/projects HTTP/1.1\r\nHost: %(host)s\r\nHost: evil.tld\r\n\r\n", 400),
    "no host": (b"GET /api/projects HTTP/1.0\r\n\r\n", 400),
    "a whole address as target": (b"GET http://evil.tld/api/projects HTTP/1.1\r\nHost: %(host)s\r\n\r\n", 400),
    "a host that was forwarded": (b"GET / HTTP/1.1\r\nHost: evil.tld\r\nX-Forwarded-Host: %(host)s\r\n\r\n", 421),
    "a page of nowhere": (b"GET /api/projects HTTP/1.1\r\nHost: %(host)s\r\nOrigin: null\r\n\r\n", 403),
    "a form": (b"POST /api/projects HTTP/1.1\r\nHost: %(host)s\r\nContent-Length: 3\r\n\r\na=1", 415),
}


def test_odd_requests_are_refused_by_the_real_server(brew: Brew) -> None:
    with brew.server() as server:
        host = server.url.removeprefix("http://")
        for name, (request, expected) in ODD.items():
            with socket.create_connection(("127.0.0.1", int(host.rsplit(":", 1)[1])), timeout=30) as client:
                client.sendall(request % {b"host": host.encode()})
                status = int(client.recv(65536).split(b" ", 2)[1])
            assert status == expected, name
        assert server.get("/api/projects") == []
