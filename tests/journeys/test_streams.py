"""A stream of a real server: its headers, its end, and what a client gets that comes back."""

import http.client
import re
import signal
import time
from urllib.parse import urlsplit

from tests.journeys.brew import Brew, Server

STOP_SECONDS = 5.0


def ask(server: Server, path: str, last_id: str = "") -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=60)
    headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": last_id} if last_id else {})
    connection.request("GET", path, headers=headers)
    return connection.getresponse()


def test_a_job_is_followed_to_its_end_and_no_further(brew: Brew) -> None:
    brew.run("project", "create", "--name", "p")
    with brew.server() as server:
        _, job = server.post("/api/projects/1/datasets/import", {"locator": "/nowhere.csv"})
        path = f"/api/jobs/{job['id']}/events"
        answer = ask(server, path)
        assert answer.status == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-accel-buffering"] == "no"
        text = answer.read().decode()  # the server ends it
        assert text.startswith("retry: 2000\nid: 0-0\n\n")
        assert text.rstrip().splitlines()[-2] == "event: end"
        shown = [int(number) for number in re.findall(r"^id: (\d+)-0\nevent: run.event$", text, re.MULTILINE)]
        assert shown == [event["seq"] for event in server.get(path)]
        *_, last_id = re.findall(r"^id: (\S+)$", text, re.MULTILINE)
        assert ask(server, path, last_id).status == 204
        again = ask(server, path, f"{shown[0]}-0").read().decode()
        assert [int(number) for number in re.findall(r"^id: (\d+)-0\nevent", again, re.MULTILINE)] == shown[1:]
        for wrong, status in ((f"{path}?after=x", 400), ("/api/jobs/99/events", 404), (f"{path}?topic=x", 422)):
            assert ask(server, wrong).status == status

        open_ones = [ask(server, "/api/events?after=now") for _ in range(20)]
        began = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        for one in open_ones:
            assert b"event: end" not in one.read()
        assert server.process.wait(60) == 0
        assert time.monotonic() - began < STOP_SECONDS
