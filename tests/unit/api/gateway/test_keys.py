"""Every served route needs the key: whoever asks, however it is spelled."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from starlette.routing import BaseRoute
from starlette.testclient import TestClient

from brewslm.api.app import create_app
from brewslm.api.gateway.routes import _beginning
from brewslm.api.guard import allowed_hosts
from brewslm.bootstrap.house import House

HOSTS = allowed_hosts(8000, host="127.0.0.1")
SPELLINGS = ("{}", "{}/", "/{}", "{}?key={key}", "{}?api_key={key}", "{}/../models")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
WRONG = ("", "Bearer", "Bearer x", "Basic {key}", "{key}", "Bearer {key}x", "Bearer {other}")


def served_paths(routes: list[BaseRoute]) -> Iterator[str]:
    for route in routes:
        inner = getattr(getattr(route, "original_router", None), "routes", None)
        if inner:
            yield from served_paths(inner)
        elif (path := str(getattr(route, "path", ""))).startswith("/v1"):
            yield path


@pytest.fixture
def guard(house: House) -> TestClient:
    guard = create_app(house, hosts=HOSTS)
    assert isinstance(guard.app, FastAPI)
    return TestClient(guard, base_url="http://127.0.0.1:8000", raise_server_exceptions=False)


def test_no_served_route_is_open(house: House, guard: TestClient) -> None:
    project = house.projects.create("support", base_model="brewslm-tiny-v1")
    _, good = house.keys.create(project.id, "one")
    revoked, other = house.keys.create(project.id, "two")
    house.keys.revoke(project.id, revoked.id)
    app = guard.app.app  # type: ignore[attr-defined]
    paths = {path.replace("{model:path}", "support").replace("{path:path}", "x") for path in served_paths(app.routes)}
    assert paths >= {"/v1/models", "/v1/models/support", "/v1/chat/completions", "/v1/completions", "/v1/x"}
    for path in paths:
        for spelling in SPELLINGS:
            for method in METHODS:
                answer = guard.request(method, spelling.format(path, key=good), json={"model": "support"})
                assert answer.status_code in {401, 404, 405, 415}, (method, spelling, path, answer.status_code)
                assert answer.status_code != 404 or not answer.request.url.path.startswith("/v1/")
        for wrong in WRONG:
            shown = {"Authorization": wrong.format(key=good, other=other)}
            assert guard.post(path, json={}, headers=shown).status_code == 401, (path, wrong)
        assert guard.post(path, json={}, headers={"Authorization": f"Bearer {good}"}).status_code != 401


def test_keys_are_kept_as_hashes_and_compared_in_constant_time(house: House) -> None:
    project = house.projects.create("support", base_model="brewslm-tiny-v1")
    key, secret = house.keys.create(project.id, "one")
    assert house.keys.find(secret) == key
    assert house.keys.find(secret[:-1]) is None
    for path in house.settings.home.glob("brewslm.db*"):
        assert secret.encode() not in path.read_bytes()
    # Another process revokes it; the next request sees that.
    with house.ports.storage.write() as transaction:
        transaction.keys.revoke(project.id, key.id, revoked_at=house.ports.clock.now())
    assert house.keys.find(secret) is None


def test_a_large_body_is_refused_in_the_shape_of_the_client(house: House, guard: TestClient) -> None:
    project = house.projects.create("support", base_model="brewslm-tiny-v1")
    _, secret = house.keys.create(project.id, "one")
    body = {"model": "support", "prompt": "x" * (1 << 20)}
    answer = guard.post("/v1/completions", json=body, headers={"Authorization": f"Bearer {secret}"})
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "request_too_large"
    far = guard.post("/v1/completions", content=b"x" * (9 << 20), headers={"Content-Type": "application/json"})
    assert far.status_code == 413
    assert far.json()["error"]["type"] == "invalid_request_error"


def test_a_conversation_is_known_by_how_it_began() -> None:
    first = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi"}]
    later = [*first, {"role": "assistant", "content": "Hello!"}, {"role": "user", "content": "Who are you?"}]
    assert _beginning({"messages": first}) == _beginning({"messages": later}) == first
    assert _beginning({"prompt": "Once"}) == "Once"
    assert _beginning({"messages": 3}) is None
    assert _beginning({"messages": [1, 2]}) == [1]
