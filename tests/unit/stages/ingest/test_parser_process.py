"""Untrusted files are parsed by a process that may die of them alone (promise E2)."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from brewslm.core.errors import BrewError, CancelledError, SourceError
from brewslm.core.events.reasons import Reason
from brewslm.stages.ingest import INGEST
from brewslm.stages.ingest.contract import IngestInputs
from brewslm.stages.ingest.parser import supervisor
from brewslm.stages.ingest.parser.order import Limits, Order, OrderedFile
from brewslm.stages.ingest.parser.supervisor import parse_apart
from tests.unit.stages.ingest.bombs import forged_parquet, sparse_line
from tests.unit.stages.workbench import Workbench

pytestmark = pytest.mark.apart

MAX_GROWTH_BYTES = 64 << 20


def outcome(bench: Workbench, name: str, **choices: int) -> tuple[Reason | None, str]:
    """Ingest a file that is there; return the reason and line of a refusal; hold that this process stays small."""
    before = psutil.Process().memory_info().rss
    try:
        bench.run(INGEST, IngestInputs(locator=str(bench.folder / name), max_malformed_share=1.0, **choices))
        found: tuple[Reason | None, str] = (None, "")
    except BrewError as error:
        found = (error.code, str(error))
    assert psutil.Process().memory_info().rss - before <= MAX_GROWTH_BYTES
    assert not list((bench.folder / "workspace").rglob(".draft*")), "nothing half-made is left"
    return found


def test_a_source_is_read_apart_with_progress(bench: Workbench) -> None:
    snapshot = bench.ingest("data.jsonl", '{"a": 1}\n' * 50_000)
    assert (snapshot.num_rows, snapshot.num_malformed) == (50_000, 0)
    assert bench.fractions == sorted(bench.fractions)


def test_a_parquet_that_unpacks_to_two_gigabytes_dies_alone(bench: Workbench) -> None:
    data = forged_parquet()
    assert len(data) < 600
    bench.write("forged.parquet", data)
    reason, line = outcome(bench, "forged.parquet", max_memory_mb=512)
    assert reason == Reason.INGESTION_RESOURCE_LIMIT
    assert "'forged.parquet' takes more than 512 MiB" in line
    reason, line = outcome(bench, "forged.parquet")
    assert reason in {Reason.INGESTION_MALFORMED, Reason.INGESTION_RESOURCE_LIMIT}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("deep.json", "[" * 100_000),
        ("deep.jsonl", '{"a":' * 100_000 + "\n" + '{"a": 1}\n'),
        ("wide.csv", ",".join("a" for _ in range(1_000_000)) + "\n" + ",".join("1" for _ in range(1_000_000)) + "\n"),
        ("quotes.json", '[{"a": "' + '\\"' * 500_000 + '\n}, {"a": 1}, {"b": 1}]'),
        ("quotes.csv", "a,b\n" + '"x,y\n' * 100_000),
        ("nul.csv", "a,b\n" + "\0,\0\n" * 10 + "c,d\n" * 200),
        ("names.jsonl", "".join(f'{{"c{n}": 1}}\n' for n in range(200_000))),
        (
            "mixed.csv",
            "a,b\nü,1\n".encode() + "ü,2\n".encode("latin-1") + "ü,3\n".encode("utf-16") + b"x,\xed\xa0\x80\n",
        ),
        ("marks.jsonl", b"\xef\xbb\xbf" * 2 + b'{"a": 1}\n{"a": 2}\n'),
    ],
)
def test_parser_bombs_end_in_seconds_with_a_reason(bench: Workbench, name: str, content: str | bytes) -> None:
    bench.write(name, content)
    begin = time.monotonic()
    reason, line = outcome(bench, name)
    assert time.monotonic() - begin < 20
    assert reason is None or (reason.startswith("ingestion_") and line.count("\n") == 0 and len(line) < 1000)


@pytest.mark.long
def test_a_line_of_a_gibibyte_is_one_malformed_row(bench: Workbench) -> None:
    sparse_line(bench.folder / "line.jsonl")
    assert outcome(bench, "line.jsonl", max_memory_mb=512) == (None, "")
    snapshot = next(iter(bench.shelf.artifacts.values()))
    assert (snapshot.num_rows, snapshot.num_malformed) == (3, 1)  # type: ignore[attr-defined]


def test_a_line_of_a_hundred_megabytes_is_one_malformed_row(bench: Workbench) -> None:
    sparse_line(bench.folder / "line.jsonl", 100 << 20)
    assert outcome(bench, "line.jsonl", max_memory_mb=512) == (None, "")


def test_too_much_memory_is_told_with_the_file_and_the_next_step(bench: Workbench) -> None:
    bench.write("key.jsonl", '{"' + "a" * (60 << 20) + '": 1}\n')
    reason, line = outcome(bench, "key.jsonl", max_memory_mb=128)
    assert reason == Reason.INGESTION_RESOURCE_LIMIT
    assert line.startswith("Reading 'key.jsonl' takes more than 128 MiB of memory")
    assert "--max-memory-mb" in line


def order_of(folder: Path, limits: Limits | None = None) -> Order:
    (folder / "draft").mkdir(exist_ok=True)
    (folder / "scratch").mkdir(exist_ok=True)
    (folder / "x.csv").write_text("a,b\n1,2\n")
    file = OrderedFile(path=str(folder / "x.csv"), name="x.csv")
    return Order(files=(file,), draft=str(folder / "draft"), scratch=str(folder / "scratch"), limits=limits or Limits())


def parse(order: Order) -> object:
    return parse_apart(order, progress=lambda *_: None, is_cancelled=lambda: False)


@pytest.mark.parametrize(
    ("code", "reason", "words"),
    [
        ("import os; os.abort()", Reason.INGESTION_PARSER_CRASHED, "'x.csv' failed (SIGABRT"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", Reason.INGESTION_PARSER_CRASHED, "SIGSEGV"),
        (
            "import os, signal; os.kill(os.getpid(), 9)",
            Reason.INGESTION_RESOURCE_LIMIT,
            "The system killed the process",
        ),
        ("import sys; sys.exit('bad things')", Reason.INGESTION_PARSER_CRASHED, "bad things"),
        ("import sys; sys.exit('terminate after std::bad_alloc')", Reason.INGESTION_RESOURCE_LIMIT, "2,048 MiB"),
        ("import time; time.sleep(60)", Reason.INGESTION_RESOURCE_LIMIT, "no progress for 1 seconds"),
        ("x = []\nwhile True: x.append(bytearray(b'1') * (1 << 20))", Reason.INGESTION_RESOURCE_LIMIT, "2,048 MiB"),
    ],
)
def test_the_death_of_the_process_is_one_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, reason: Reason, words: str
) -> None:
    monkeypatch.setattr(supervisor, "_COMMAND", [sys.executable, "-c", code])
    stall = 1.0 if "sleep" in code else 60.0
    with pytest.raises(SourceError) as caught:
        parse(order_of(tmp_path, Limits(stall_seconds=stall)))
    assert caught.value.code == reason
    assert words in str(caught.value)


def test_too_much_time_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "_COMMAND", [sys.executable, "-c", "while True: pass"])
    with pytest.raises(SourceError, match="took more than 1 seconds") as caught:
        parse(order_of(tmp_path, Limits(seconds=1.0)))
    assert caught.value.code == Reason.INGESTION_RESOURCE_LIMIT


def test_cancelling_kills_the_whole_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pids = tmp_path / "pids"
    code = (
        "import os, subprocess, sys, time\n"
        f"child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"open({str(pids)!r} + '.new', 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
        f"os.rename({str(pids)!r} + '.new', {str(pids)!r})\n"
        "time.sleep(600)\n"
    )
    monkeypatch.setattr(supervisor, "_COMMAND", [sys.executable, "-c", code])
    with pytest.raises(CancelledError, match=r"'x\.csv' was cancelled"):
        parse_apart(order_of(tmp_path), progress=lambda *_: None, is_cancelled=pids.exists)
    deadline = time.monotonic() + 10
    alive = [int(pid) for pid in pids.read_text().split()]
    while any(is_alive(pid) for pid in alive):
        assert time.monotonic() < deadline, "a process of the group lives on"
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_the_process_ends_with_its_parent(tmp_path: Path) -> None:
    """The parent is killed while the child is at work."""
    child = (
        "import sys, time\n"
        "from brewslm.stages.ingest.parser.limits import end_with_parent\n"
        "sys.stdin.buffer.readline()\n"
        "end_with_parent()\n"
        'print(\'{"kind": "progress", "fraction": 0.5, "num_rows": 1, "file": "x.csv"}\', flush=True)\n'
        "time.sleep(600)\n"
    )
    code = (
        "import sys\n"
        "from brewslm.stages.ingest.parser import supervisor\n"
        "from brewslm.stages.ingest.parser.order import Order\n"
        f"supervisor._COMMAND = [sys.executable, '-c', {child!r}]\n"
        "order = Order.model_validate_json(sys.argv[1])\n"
        "supervisor.parse_apart(order, progress=lambda *_: print('at work', flush=True), is_cancelled=lambda: False)\n"
    )
    environment = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    order = order_of(tmp_path).model_dump_json()
    command = [sys.executable, "-c", code, order]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "at work\n"
        (child_process,) = psutil.Process(parent.pid).children()
        parent.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while is_alive(child_process.pid):
        assert time.monotonic() < deadline, "the child outlives its parent"
        time.sleep(0.05)


def test_the_process_has_no_secrets_and_no_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    seen = tmp_path / "seen"
    code = (
        "import os, runpy, sys\n"
        "import brewslm.stages.ingest.parser.__main__\n"
        f"open({str(seen)!r}, 'w').write(repr(dict(os.environ)) + ' ' + ' '.join(sys.modules))\n"
        "sys.exit('done')\n"
    )
    monkeypatch.setattr(supervisor, "_COMMAND", [sys.executable, "-c", code])
    with pytest.raises(SourceError):
        parse(order_of(tmp_path))
    modules = set(seen.read_text().split())
    assert "hf_secret" not in seen.read_text()
    assert not modules & {"sqlite3", "pysqlite3", "sqlalchemy", "fastapi", "torch", "huggingface_hub", "httpx"}
