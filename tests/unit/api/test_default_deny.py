"""Nothing is open that was not opened on purpose: every route there is, and every way in that is none."""

from collections.abc import Iterator

from fastapi import FastAPI
from starlette.routing import BaseRoute, Mount
from starlette.testclient import TestClient

from brewslm.api.app import create_app
from brewslm.api.guard import allowed_hosts
from brewslm.bootstrap.house import House
from tests.unit.api.test_guard import status

TOKEN = "t" * 32
HOSTS = allowed_hosts(8000, host="127.0.0.1")
OPEN = {"/", "/login", "/assets/{path:path}"}
"""The Studio's own files, and where a one-time address is used."""
STRANGERS = {
    "a name that somebody else resolves to us": ({"Host": "evil.tld:8000"}, 421),
    "a page of another origin": ({"Origin": "http://evil.tld", "Sec-Fetch-Site": "cross-site"}, 403),
    "a page on another port": ({"Origin": "http://127.0.0.1:9000", "Sec-Fetch-Site": "same-site"}, 403),
    "a frame in a sandbox": ({"Origin": "null", "Sec-Fetch-Site": "cross-site"}, 403),
    "a browser without the cookie": ({"Sec-Fetch-Site": "same-origin"}, 401),
    "a browser with another server's cookie": ({"Sec-Fetch-Site": "same-origin", "Cookie": "brewslm-8000=x"}, 401),
    "a program with a wrong token": ({"Authorization": "Bearer x"}, 401),
}


def doors_of(routes: list[BaseRoute], prefix: str = "") -> Iterator[tuple[str, str]]:
    for route in routes:
        path = prefix + str(getattr(route, "path", ""))
        if isinstance(route, Mount):
            yield "GET", f"{path}/{{path:path}}"
        elif inner := getattr(getattr(route, "original_router", None), "routes", None):
            yield from doors_of(inner, path)
        else:
            for method in sorted(getattr(route, "methods", None) or {"GET"}):
                yield method, path


def test_no_route_answers_a_stranger(house: House) -> None:
    api = create_app(house, hosts=HOSTS, token=TOKEN).app
    assert isinstance(api, FastAPI)
    described = {(method.upper(), path) for path, methods in api.openapi()["paths"].items() for method in methods}
    found = set(doors_of(api.routes)) | described
    found |= {("GET", path) for path in ("/metrics", "/docs", "/api/nothing", "/api", "/static/x")}
    assert len(described) > 60
    keyed = TestClient(create_app(house, hosts=HOSTS, token=TOKEN), base_url="http://127.0.0.1:8000")
    for method, path in sorted(found):
        for who, (headers, expected) in STRANGERS.items():
            if path in OPEN and method in {"GET", "HEAD"} and expected == 401:
                continue
            shown = {"Host": HOSTS[0], **headers}
            if path.startswith("/v1/") and expected == 401:  # the gateway itself asks for keys, whoever comes
                seen = keyed.request(method, path, headers=headers).status_code
            else:
                seen = status(list(shown.items()), method=method, path=path)
            assert seen == expected, f"{method} {path} for {who}: {seen}"


def test_where_a_token_is_required_nothing_but_the_page_opens_without(house: House) -> None:
    guard = create_app(house, hosts=HOSTS, token=TOKEN, is_token_required=True)
    assert isinstance(guard.app, FastAPI)
    client = TestClient(guard, base_url="http://127.0.0.1:8000", raise_server_exceptions=False)
    for path, methods in guard.app.openapi()["paths"].items():
        for method in methods:
            assert client.request(method, path).status_code == 401, (method, path)
    assert client.get("/api/projects", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200


PATHS_OUT = (
    "/assets/../../../etc/passwd",
    "/assets/..%2f..%2f..%2fetc%2fpasswd",
    "/assets/%2e%2e/%2e%2e/%2e%2e/pyproject.toml",
    "/assets//etc/passwd",
    "/assets/%2fetc%2fpasswd",
    "/assets/..\\..\\etc\\passwd",
    "/assets/%00",
    "/assets/.%2e/index.html",
    "/../../etc/passwd",
    "/api/../../etc/passwd",
    "/api/projects/..%2f..%2fetc",
)


def test_no_path_leads_out(house: House) -> None:
    client = TestClient(create_app(house, hosts=HOSTS), base_url="http://127.0.0.1:8000", raise_server_exceptions=False)
    for path in PATHS_OUT:
        answer = client.get(path)
        assert answer.status_code in {400, 404, 405, 422}, path
        assert b"root:" not in answer.content
