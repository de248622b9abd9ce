"""Promise E4: no spelling of a name becomes a path. Every route is asked, and the disk is watched while it is."""

import asyncio
import base64
import itertools
import json
import random
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote_to_bytes

import pytest

from brewslm.api.app import create_api, create_app
from brewslm.api.guard import allowed_hosts
from brewslm.bootstrap.container import open_house
from brewslm.bootstrap.house import House
from brewslm.bootstrap.settings import Settings
from brewslm.core.errors import BrewError
from brewslm.services.requests import ImportRequest
from tests.fakes.fetch import fetch_into
from tests.fakes.file_watch import FileWatch
from tests.journeys.brew import Inside

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")

DOTS = (
    "..",
    ".",
    "%2e%2e",
    "%252e%252e",
    "..%00",
    "%c0%ae%c0%ae",
    "\uff0e\uff0e",
    "..;",
    "…",
    "%uff0e%uff0e",
    "\u202e..",
)
SLASHES = ("/", "%2f", "%252f", "\\", "%5c", "%c0%af", "\uff0f", "//", "/./", "%2f%2f", "#/", "?/", ";/", "%0a/")
RESTS = ("", "x", "../x", "%2e%2e%2fx", "outside/secret", "..\\..\\x", "a/../../x", "C:\\x", "~/x", "%00", "x\u202ey")
STARTS, DEPTHS = ("", "/", "x/"), (1, 2, 6)
EVERY = itertools.product(STARTS, DOTS, SLASHES, DEPTHS, RESTS)
SPELLINGS = sorted({start + (dots + slash) * depth + rest for start, dots, slash, depth, rest in EVERY})
random.Random(4).shuffle(SPELLINGS)
NUM_SPELLINGS = 10_000
DEEP = "a/b/c/d/e/f"
"""So deep below the watched root lies the workspace that all `../` end within it."""
PATHS = {"locator", "base_model"}
"""Fields that may name a file or folder of this machine, because that is what they are for; they are only read."""
SECRET = "what no name may lead to"
MADE_HERE = re.compile(
    r"home(/brewslm\.db(-wal|-shm|-journal)?|/support(/[\w.-]+)?|/logs(/[a-z.]+)?|/projects/\d+(/\.draft-\w+(/(fetched|scratch))?)?"
    r"|/uploads(/[0-9a-f]{32}(/(data|offset|upload\.json|\.[\w.]+\.tmp))?)?)?/?"
)
"""What the server makes while it answers, by names of its own."""


@dataclass
class Tree:
    """A tree that is watched, with a workspace deep inside it and a secret outside of that."""

    root: Path
    house: House
    known: set[str] = field(default_factory=set)

    def strays(self, touched: set[str]) -> set[str]:
        """What was touched of all that no request may touch."""
        return {path for path in touched if path not in self.known and not MADE_HERE.fullmatch(self._inside(path))}

    def _inside(self, path: str) -> str:
        return path.removeprefix(f"{DEEP}/")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tree]:
    root = tmp_path_factory.mktemp("tree")
    deep, user = root / DEEP, root / "user"
    for folder in (deep, *deep.parents[:6], user):
        (folder / "outside").mkdir(parents=True)
        (folder / "outside" / "secret").write_text(SECRET)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(user))
        patch.chdir(user)
        house = open_house(Settings(home=deep / "home", is_offline=True), actor="api")
        project = house.projects.create("names")
        job = house.jobs.submit(project.id, "import", ImportRequest(locator="sample:support-chat-v1"))
        assert house.runner.run(job.id).artifact_id is not None
        yield Tree(root, house)


Question = tuple[str, str, dict[str, str], bytes]
"""Method, target, headers and body of a request."""
Ask = Callable[[str], Question]


def questions(tree: Tree) -> list[Ask]:
    """For each place of the API in which a name can stand, what makes a request with a name there.

    Those in paths come three times, because there the server itself takes names apart.
    """
    document = create_api(tree.house).openapi()
    with tree.house.ports.storage.read() as transaction:
        artifacts = transaction.artifacts.list(project_id=tree.house.projects.list()[0].id)
    newest = {record.kind: record.id for record in artifacts}
    known = {"project_id": "1", "artifact_id": newest["snapshot"], "dataset_id": newest["dataset"], "table": "rows"}
    known |= {"split": "train", "index": "0", "job_id": "1", "source_row": "1", "name": "x", "upload_id": "0" * 32}
    known |= {"stage": "train", "gate_id": "1", "path": "x", "version": "1", "key_id": "1", "number": "1", "key": "x"}
    found: list[Ask] = []
    for route, operations in document["paths"].items():
        for method, operation in operations.items():
            names = [(one["in"], one["name"]) for one in operation.get("parameters", ()) if _takes_text(one)]
            paths = [name for name in names if name[0] == "path"]
            others = [name for name in names if name[0] != "path"]
            schema = _body_of(operation, document)
            texts = schema.get("properties", {}).items()
            fields = [("body", name) for name, field in texts if _is_text(field) and name not in PATHS]
            body = {name: known.get(name, "x") for name in schema.get("required", ())}
            found += [
                _asking(method.upper(), route, place, name, known, body)
                for place, name in [*3 * paths, *others, *fields]
            ]
    return found


def _takes_text(parameter: dict[str, Any]) -> bool:
    return parameter["in"] == "path" or _is_text(parameter["schema"])


def _is_text(schema: dict[str, Any]) -> bool:
    return any(kind.get("type") in {"string", "array"} for kind in (schema, *schema.get("anyOf", ())))


def _body_of(operation: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    return dict(document["components"]["schemas"].get(name, {}))


def _asking(method: str, route: str, place: str, name: str, known: dict[str, str], body: dict[str, Any]) -> Ask:
    def ask(spelling: str) -> Question:
        target = route
        for part in re.findall(r"{(\w+)}", route):
            target = target.replace(f"{{{part}}}", spelling if (place, part) == ("path", name) else known[part])
        headers = {"host": "127.0.0.1:8000", "tus-resumable": "1.0.0", "upload-length": "1", "upload-offset": "0"}
        if place == "query":
            target += f"?{name}={quote(spelling, safe='')}"
        if place == "header":
            word = base64.b64encode(spelling.encode()).decode()
            headers[name.lower()] = (
                f"filename {word}" if name == "Upload-Metadata" else quote(spelling, safe="/\\.%;#?")
            )
        sent = (
            json.dumps({**body, **({name: spelling} if place == "body" else {})}).encode()
            if body or place == "body"
            else b""
        )
        if method == "PATCH":
            headers["content-type"], sent = "application/offset+octet-stream", b"x"
        elif sent:
            headers["content-type"] = "application/json"
        return method, target, headers, sent

    return ask


async def answer(app: Any, question: Question) -> tuple[int, bytes]:
    """Ask as uvicorn would: the path with its escapes resolved once, and nothing else tidied up."""
    method, target, headers, body = question
    raw, _, query = quote(target, safe="/\\.%;#?:=&~+,@!$'()*[]").partition("?")
    scope = {
        "type": "http", "http_version": "1.1", "method": method, "scheme": "http", "root_path": "",
        "path": unquote_to_bytes(raw).decode(errors="replace"), "raw_path": raw.encode(),
        "query_string": query.encode(),
        "headers": [*((k.encode(), v.encode()) for k, v in headers.items()), (b"content-length", b"%d" % len(body))],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8000),
    }  # fmt: skip
    status, told = 0, bytearray()

    sent = [body]

    async def receive() -> dict[str, Any]:
        if not sent:
            await asyncio.Event().wait()  # the client stays, and says no more
        return {"type": "http.request", "body": sent.pop(), "more_body": False}

    async def send(message: Any) -> None:
        nonlocal status
        status = message.get("status", status)
        told.extend(message.get("body", b""))

    await app(scope, receive, send)
    return status, bytes(told)


def test_ten_thousand_spellings_on_every_route_touch_nothing(tree: Tree) -> None:
    app = create_app(tree.house, hosts=allowed_hosts(8000, host="127.0.0.1"))
    asks = questions(tree)
    assert len(asks) > 80
    assert len(SPELLINGS) > NUM_SPELLINGS
    statuses: Counter[int] = Counter()

    async def ask_all(watch: FileWatch) -> None:
        for number, spelling in enumerate(SPELLINGS[:NUM_SPELLINGS]):
            question = asks[number % len(asks)](spelling if number % 3 else quote(spelling, safe=""))
            status, told = await answer(app, question)
            statuses[status] += 1
            assert tree.strays(watch.seen()) == set(), question
            assert status < 500, (question, told)
            assert SECRET.encode() not in told, question

    with watching(tree) as watch:
        asyncio.run(ask_all(watch))
    print(f"\n{NUM_SPELLINGS:,} spellings in {len(asks)} places of the API: {dict(statuses)}")
    assert statuses[200] + statuses[201] + statuses[202] > 100, "some get as far as they can"
    assert "x" not in {path.name for path in tree.root.rglob("*")}


@pytest.mark.parametrize("start", ["upload:", "sample:", "secret:", "kaggle:dataset:", "hf:"])
def test_names_of_sources_touch_nothing(tree: Tree, start: str) -> None:
    fetch = fetch_into(tree.root / DEEP / "home" / "fetched")
    with watching(tree) as watch:
        for spelling in SPELLINGS[:400]:
            with pytest.raises(BrewError):
                tree.house.ports.sources.open(start + spelling, fetch)
            assert tree.strays(watch.seen()) == set(), spelling


COMMANDS = [
    *[("project", "create", "--name", "{}"), ("project", "show", "{}"), ("jobs", "show", "{}")],
    *[("artifacts", "show", "{}"), ("artifacts", "tables", "{}"), ("artifacts", "rows", "{}", "rows")],
    *[("artifacts", "rows", "snapshot-", "{}"), ("ingest", "sample:{}", "--project", "1")],
    *[("mappings", "show", "{}", "--project", "1"), ("mappings", "save", "{}", "--project", "1")],
    *[("eval", "pack", "show", "{}"), ("eval", "failures", "--project", "1", "--report", "{}")],
    *[("manifests", "activate", "{}", "--project", "1"), ("golden", "add", "--name", "{}", "--from", "test")],
]


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: " ".join(words[:3]))
def test_names_on_the_command_line_touch_nothing(tree: Tree, words: tuple[str, ...]) -> None:
    brew = Inside(tree.root / DEEP / "home", {"HOME": str(tree.root / "user")})
    with watching(tree) as watch:
        for spelling in [one for one in SPELLINGS if "\0" not in one][:15]:
            done = brew.run_any(*(word.replace("{}", spelling) for word in words))
            assert done.returncode in {0, 1, 2}, spelling
            assert "Traceback" not in done.stderr
            assert tree.strays(watch.seen()) == set(), spelling


def test_the_watch_sees_a_file_that_comes_and_goes_within_one_request(tree: Tree) -> None:
    """Without this, that nothing was seen would prove nothing."""

    async def careless(scope: Any, receive: Any, send: Any) -> None:
        path = tree.house.settings.home / "uploads" / scope["path"].rpartition("=")[2]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
        path.unlink()
        await send({"type": "http.response.start", "status": 200, "headers": []})

    (tree.house.settings.home / "uploads").mkdir(exist_ok=True)
    with watching(tree) as watch:
        for spelling, touched in (("../../outside/x", "outside/x"), ("%2e%2e/x", "home/x"), ("0" * 32, None)):
            asyncio.run(answer(careless, ("GET", f"/={spelling}", {}, b"")))
            assert tree.strays(watch.seen()) == ({f"{DEEP}/{touched}"} if touched else set())
        (tree.root / "outside" / "secret").read_bytes()
        assert tree.strays(watch.seen()) == {"outside/secret"}, "that one was only read"


@contextmanager
def watching(tree: Tree) -> Iterator[FileWatch]:
    home = tree.house.settings.home
    tree.known = {str(path.relative_to(tree.root)) for path in home.rglob("*")}
    watch = FileWatch(tree.root)
    try:
        yield watch
    finally:
        watch.close()
