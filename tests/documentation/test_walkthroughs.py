"""Every tutorial and how-to does what it says: its blocks are run in order, in a fresh workspace."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT
from tests.documentation.pages import WALKTHROUGHS, Block, blocks
from tests.fakes.postgres import USER, cluster

pytestmark = pytest.mark.long

LONGEST_SECONDS = 1800.0
"""No block takes longer, on two busy cores."""
PORT = "8000"
"""What pages say; replaced by a free one."""


@pytest.mark.parametrize("page", WALKTHROUGHS, ids=lambda page: f"{page.parent.name}/{page.stem}")
def test_a_page_runs_from_start_to_end(page: Path, tmp_path: Path) -> None:
    for name in ("docs", "examples"):
        (tmp_path / name).symlink_to(ROOT / name)
    with ExitStack() as stack:
        environment = _environment(tmp_path)
        if page.stem == "postgresql":
            server = stack.enter_context(cluster())
            environment |= {"PGHOST": "127.0.0.1", "PGPORT": str(server.port), "PGUSER": USER, "PGDATABASE": "postgres"}
            environment["PATH"] = f"{server.bin}:{environment['PATH']}"
        port = str(_free_port())
        for block in blocks(page):
            text = block.text.replace(PORT, port)
            if block.title:
                (tmp_path / block.title).parent.mkdir(parents=True, exist_ok=True)
                (tmp_path / block.title).write_text(text, encoding="utf-8")
            elif block.language in {"sh", "console"}:
                if text.startswith("brewslm serve"):
                    stack.enter_context(_server(text, tmp_path, environment))
                else:
                    _run(block, text, tmp_path, environment)


def _environment(folder: Path) -> dict[str, str]:
    programs = folder / "programs"
    programs.mkdir()
    command = programs / "brewslm"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -c "from brewslm.cli.main import main; main()" "$@"\n')
    command.chmod(0o755)
    (programs / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (programs / "python").chmod(0o755)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("BREWSLM_", "PG"))}
    return inherited | {
        "BREWSLM_HOME": str(folder / "home"),
        "HOME": str(folder),
        "HF_HUB_OFFLINE": "1",
        "NO_COLOR": "1",
        "PATH": f"{programs}:{os.environ['PATH']}",
    }


def _run(block: Block, text: str, folder: Path, environment: dict[str, str]) -> None:
    """Run a block by one shell, which ends at the first error; what it exports is there for the blocks after it."""
    shell = shutil.which("bash")
    assert shell
    kept = folder / "programs" / "environment"
    script = f"set -euo pipefail\n{text}\nenv -0 > {kept}\n"
    done = subprocess.run(
        [shell, "-c", script],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LONGEST_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{block.place}: exit code {done.returncode}\n{text}\n{done.stdout[-6000:]}"
    print(f"{block.place}\n{text}\n{done.stdout}")
    for entry in kept.read_text(encoding="utf-8").split("\0"):
        name, _, value = entry.partition("=")
        if name and name not in {"_", "SHLVL", "PWD", "OLDPWD"}:
            environment[name] = value


@contextmanager
def _server(text: str, folder: Path, environment: dict[str, str]) -> Iterator[None]:
    """Run `brewslm serve …` beside the blocks that follow, once it has said where it listens."""
    log = folder / "programs" / "server.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            ["sh", "-c", f"exec {text}"], cwd=folder, env=environment, stdout=out, stderr=subprocess.STDOUT
        )
    try:
        deadline = time.monotonic() + LONGEST_SECONDS
        while " at http://" not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(60)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
