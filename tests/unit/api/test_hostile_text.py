"""Hostile text stays text (promise G4): a thousand strings in the free fields of the API and of a `brewslm.yaml`."""

import json
from collections.abc import Mapping
from pathlib import Path

from starlette.testclient import TestClient

from brewslm.api.app import create_app
from brewslm.api.guard import allowed_hosts
from brewslm.bootstrap.container import open_house
from brewslm.bootstrap.house import House
from brewslm.cli.text import harmless, one_line
from tests.fakes.hostile import STEERING, STRINGS


def test_there_are_a_thousand_of_them() -> None:
    assert len(set(STRINGS)) > 1000


def test_in_a_terminal_and_in_a_log_each_stays_one_line_that_steers_nothing() -> None:
    for text in STRINGS:
        line = one_line(text)
        assert len(line.splitlines()) <= 1, text
        assert not set(harmless(text)) & set(STEERING), text
        assert not set(line) & {"\n", *STEERING}, text


def test_over_http_each_is_refused_or_comes_back_as_json_letter_by_letter(house: House, tmp_path: Path) -> None:
    folder = tmp_path / "user"
    folder.mkdir()
    served = open_house(house.settings.model_copy(update={"brew": folder}), actor="api")
    app = create_app(served, hosts=allowed_hosts(8000, host="127.0.0.1"))
    client = TestClient(app, base_url="http://127.0.0.1:8000", raise_server_exceptions=False)
    for text in STRINGS[::10]:
        answer = client.post(
            "/api/projects", content=json.dumps({"name": text[:100]}), headers={"Content-Type": "application/json"}
        )
        _is_harmless(answer.headers, answer.text)
        assert answer.status_code in {201, 400, 422}, text
        assert answer.status_code != 201 or answer.json()["name"] == text[:100]
    for text in STRINGS[::50]:
        (folder / "brewslm.yaml").write_text(
            json.dumps({"api_version": text, "kind": "Project", "trainer": {"name": text, "dataset": text}})
        )
        answer = client.get("/api/manifest")
        _is_harmless(answer.headers, answer.text)
        assert len(str(answer.json()["error"]).splitlines()) == 1


def _is_harmless(found: Mapping[str, str], text: str) -> None:
    assert found["content-type"] == "application/json"
    assert found["x-content-type-options"] == "nosniff"
    assert found["content-security-policy"].startswith("default-src 'none'")
    assert "\x00" not in text
