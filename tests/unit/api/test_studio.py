"""What is served at `/`: the Studio as it was built, or a line that says that it is not."""

import re
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from brewslm.api import handlers
from brewslm.api.door import Door
from brewslm.api.guard import Guard, allowed_hosts
from brewslm.api.studio import studio_routes

TOKEN = "t" * 32


@pytest.fixture
def build(tmp_path: Path) -> Path:
    folder = tmp_path / "build"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text('<meta name="style-nonce" content="%STYLE_NONCE%">')
    (folder / "assets" / "app-1a2b.js").write_text("let a = 1;")
    (tmp_path / "secret").write_text("secret")
    return folder


def client_of(build: Path) -> TestClient:
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.router.routes.extend(studio_routes(build))
    handlers.install(app)
    hosts, door = allowed_hosts(8000, host="127.0.0.1"), Door(TOKEN, port=8000)
    guard = Guard(app, hosts=hosts, token=TOKEN, door=door, is_token_required=False)
    return TestClient(guard, base_url="http://127.0.0.1:8000", raise_server_exceptions=False)


def test_the_page_has_another_nonce_each_time_and_no_inline_scripts(build: Path) -> None:
    client = client_of(build)
    first, second = client.get("/"), client.get("/")
    assert first.text != second.text
    policy = first.headers["content-security-policy"]
    nonce = re.search(r'content="([\w-]{22})"', first.text)
    assert nonce
    assert f"style-src 'self' 'nonce-{nonce[1]}'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert first.headers["cache-control"] == "no-cache"


def test_assets_are_kept_for_good_and_what_is_not_there_is_not(build: Path) -> None:
    client = client_of(build)
    asset = client.get("/assets/app-1a2b.js")
    assert (asset.status_code, asset.text) == (200, "let a = 1;")
    assert "immutable" in asset.headers["cache-control"]
    assert asset.headers["content-security-policy"].startswith("default-src 'none'")
    missing = client.get("/assets/other.js")
    assert missing.status_code == 404
    assert missing.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/assets/../index.html", "/assets/%2e%2e/%2e%2e/secret", "/assets//etc/passwd"])
def test_nothing_outside_the_assets_is_served(build: Path, path: str) -> None:
    assert client_of(build).get(path).status_code == 404


def test_without_a_build_it_says_so_and_a_build_is_found_without_a_restart(build: Path) -> None:
    away = build.rename(build.with_name("away"))
    client = client_of(build)
    answer = client.get("/")
    assert (answer.status_code, answer.text.count("\n")) == (503, 1)
    assert "make studio" in answer.text
    away.rename(build)
    assert client.get("/").status_code == 200
    assert client.get("/assets/app-1a2b.js").status_code == 200
