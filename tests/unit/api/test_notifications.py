"""The bell and the alert channels over HTTP."""

from starlette.testclient import TestClient

from brewslm.bootstrap.container import open_house
from brewslm.bootstrap.house import House
from brewslm.core.events.base import Draft
from brewslm.core.events.failure import Failure
from brewslm.core.events.reasons import Reason
from brewslm.core.ids import RunId
from brewslm.services.recording import Origin, emit_event


def happen(house: House, number: int) -> None:
    draft = Draft(reason=Reason.TRAINING_OOM, summary="<script>alert(1)</script>\nforged", payload=Failure(error="e"))
    for _ in range(number):
        with house.ports.storage.write() as transaction:
            origin = Origin(project_id=None, run_id=RunId("system"), actor="system")
            emit_event(transaction, draft, origin=origin, occurred_at=house.ports.clock.now())


def test_the_bell_is_read_page_by_page_and_stays_read(client: TestClient, house: House) -> None:
    happen(house, 3)
    page = client.get("/api/notifications", params={"limit": 2, "unread": True}).json()
    assert [one["id"] for one in page["notifications"]] == [3, 2]
    assert (page["num_unread"], page["next_before_id"]) == (3, 2)
    assert page["notifications"][0]["line"] == "<script>alert(1)</script> forged"
    assert client.post("/api/notifications/read", json={"ids": [3]}).json() == {"num_marked": 1, "num_unread": 2}
    assert client.post("/api/notifications/read", json={"up_to_id": 2}).json() == {"num_marked": 2, "num_unread": 0}
    assert client.get("/api/notifications/unread-count").json() == {"num_unread": 0}
    assert client.get("/api/notifications", params={"unread": True}).json()["notifications"] == []
    restarted = open_house(house.settings, actor="api")
    assert restarted.notifications.num_unread() == 0
    assert len(client.get("/api/notifications").json()["notifications"]) == 3


def test_what_cannot_be_is_refused(client: TestClient) -> None:
    assert client.post("/api/notifications/read", json={"ids": [0]}).status_code == 422
    assert client.post("/api/notifications/read", json={"ids": [1] * 1001}).status_code == 422
    assert client.get("/api/notifications", params={"before_id": 0}).status_code == 422
    answer = client.post("/api/alerts/test", json={"channel": "none"})
    assert answer.status_code == 404
    assert answer.json()["error"]["message"] == "there is no alert channel 'none'; the file names: log"


def test_channels_are_listed_and_tested(client: TestClient, house: House) -> None:
    (channel,) = client.get("/api/alerts").json()["channels"]
    assert (channel["name"], channel["num_waiting"], channel["last_sent_at"]) == ("log", 0, None)
    assert client.post("/api/alerts/test", json={}).json() == [
        {"name": "log", "outcome": "sent", "detail": "it was accepted"}
    ]
    assert client.get("/api/alerts").json()["channels"][0]["last_sent_at"] is not None
    assert "test of the alert channel" in (house.settings.logs / "alerts.log").read_text()


def test_a_broken_file_is_one_clear_answer(client: TestClient, house: House) -> None:
    (house.settings.home / "config").mkdir()
    (house.settings.home / "config" / "alerts.yaml").write_text("channels:\n  a: {kind: pigeon}\n")
    answer = client.get("/api/alerts")
    assert answer.status_code == 400
    assert "line 2: channels.a.kind: must be log" in answer.json()["error"]["message"]


def test_a_server_sends_by_itself(client: TestClient, house: House) -> None:
    happen(house, 2)
    with client:
        for _ in range(2000):
            if not house.alerts.report().channels[0].num_waiting and (house.settings.logs / "alerts.log").exists():
                break
            house.ports.clock.sleep(0.01)
    assert len((house.settings.logs / "alerts.log").read_text().splitlines()) == 2
