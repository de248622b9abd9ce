"""Hostile text stays text (promise G4): a thousand strings in the free fields of the API and of a `brewslm.yaml`."""

import itertools
import json
from collections.abc import Mapping
from pathlib import Path

from starlette.testclient import TestClient

from brewslm.api.app import create_app
from brewslm.api.guard import allowed_hosts
from brewslm.bootstrap.container import open_house
from brewslm.bootstrap.house import House
from brewslm.cli.text import harmless, one_line

SCRIPTS = (
    "<script>{}</script>", "<img src=x onerror={}>", "<svg/onload={}>", '"><script>{}</script>', "javascript:{}",
    "<iframe srcdoc='<script>{}</script>'>", "</title><script>{}</script>", "<a href=javascript:{}>x</a>", "{{{{{}}}}}",
    "${{{}}}", "<style>@import '{}'</style>", "<math><mtext></form><form><mglyph><style></math><img src onerror={}>",
    "<!--><script>{}</script>", "data:text/html,<script>{}</script>", "<body onload={}>", "<details open ontoggle={}>",
)  # fmt: skip
MARKDOWN = (
    "![x](http://evil.test/{})",
    "[x](javascript:{})",
    "<http://evil.test/{}>",
    "[x]: http://evil.test/{}",
    "```html\n{}\n```",
)
FORMULAS = ("={}", "+{}", "-{}", "@{}", "\t={}", '=HYPERLINK("http://evil.test","{}")', "=cmd|' /C {}'!A0")
ANSI = (
    "\x1b[31m{}\x1b[0m",
    "\x1b]8;;http://evil.test\x07{}\x1b]8;;\x07",
    "\x1b[2J{}",
    "\x9b31m{}",
    "\x1b]0;{}\x07",
    "\r{}",
    "\x08{}",
)
BIDI = ("\u202e{}", "\u2066{}\u2069", "\u200f{}", "\ufeff{}", "\u061c{}")
LINES = (
    "x\n2026-01-01 ERROR root: {}",
    "x\r\nHTTP/1.1 200 OK\r\n\r\n{}",
    "x\u2028{}",
    "x\x0b{}",
    "x\x85{}",
    "x\x00{}",
    "\ud800{}",
)
WORDS = (
    "alert(1)",
    "fetch('//evil.test')",
    "1+1",
    "a" * 40,
    "\u212a\u017f",
    "%0d%0a",
    "%3Cscript%3E",
    "\\u003cscript\\u003e",
    "'; --",
    "../..",
)
STEERING = "\x1b\x9b\x07\x08\r\x0b\x85\x00\u202e\u2066\u200f\ufeff\u061c\u2028\ud800"
KINDS = (*SCRIPTS, *MARKDOWN, *FORMULAS, *ANSI, *BIDI, *LINES)
STRINGS = tuple(f"{kind.format(word)}{end}" for kind, word, end in itertools.product(KINDS, WORDS, ("", "\u202c", " ")))


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
