"""The launcher on a tiny project: first use, interruption, rivals, and every failure in one line with a next step."""

import os
import pty
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.journeys.launcher_stage import Stage, fake_python

DEADLINE_SECONDS = 60.0


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment without packages, made once because making one takes seconds."""
    folder = tmp_path_factory.mktemp("template") / "venv"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    return folder


@pytest.fixture
def fresh(tmp_path: Path) -> Stage:
    """A clone in which nothing was ever set up."""
    return Stage(tmp_path)


@pytest.fixture
def stage(tmp_path: Path, template: Path) -> Stage:
    """A clone whose setup was stopped before the first package."""
    stage = Stage(tmp_path)
    stage.copy_venv(template)
    return stage


def wait_until(is_true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not is_true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def the_line(result: subprocess.CompletedProcess[str]) -> str:
    """Return the last line of a failure, which is the only one that explains, and never a traceback."""
    assert result.returncode == 1, result
    assert "Traceback" not in result.stderr
    line = result.stderr.strip().splitlines()[-1]
    assert line.startswith("brewslm: ")
    assert "Next: " in line
    return line


def test_first_use_makes_the_environment_shows_steps_and_runs_the_command(fresh: Stage) -> None:
    result = fresh.run("project", "create", "--name", "two words")

    assert (result.returncode, result.stdout) == (0, "ran project create --name two words\n")
    assert fresh.packages == {"brewslm", "tinybuild", "tinycore", "tinytrain"}
    for number, step in enumerate(("virtual environment", "build tools", "packages"), start=1):
        assert f"[{number}/3] {step}" in result.stderr
    assert "Collecting" not in result.stderr, "pip's own noise belongs into the log"
    assert "Successfully installed brewslm-0.1.0" in (fresh.root / ".venv-setup.log").read_text()


def test_second_use_is_silent_quick_and_passes_the_exit_code_on(stage: Stage) -> None:
    stage.run("anything")
    (stage.root / "tools" / "launch.py").unlink()  # the fast path does without it

    result = stage.run("fail")

    assert (result.returncode, result.stdout, result.stderr) == (7, "ran fail\n", "")


def test_a_link_from_elsewhere_finds_the_project(stage: Stage, tmp_path: Path) -> None:
    stage.run("anything")
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "brew").symlink_to("../a project/brewslm")

    result = subprocess.run(
        [folder / "brew", "hello"], env=stage.environment(), capture_output=True, text=True, check=True
    )

    assert result.stdout == "ran hello\n"


def test_a_terminal_sees_one_living_line(stage: Stage) -> None:
    parent, child = pty.openpty()
    with subprocess.Popen(
        [stage.root / "brewslm", "--setup"],
        env=stage.environment(),
        stdin=subprocess.DEVNULL,
        stdout=child,
        stderr=child,
    ) as process:
        os.close(child)
        seen = bytearray()
        while True:
            try:
                chunk = os.read(parent, 4096)
            except OSError:  # Linux says EIO when the last writer is gone
                break
            if not chunk:
                break
            seen += chunk
    os.close(parent)

    assert process.returncode == 0
    assert b"\r  [3/3] packages" in seen
    assert b"brewslm: ready after" in seen


def test_setup_installs_the_named_extras_and_keeps_earlier_ones(stage: Stage) -> None:
    assert stage.run("--setup", "--extras", "dev").returncode == 0
    assert stage.packages == {"brewslm", "tinybuild", "tinycore", "tinydev"}

    assert stage.run("hello", BREWSLM_EXTRAS="train").stdout == "ran hello\n"
    assert stage.packages == {"brewslm", "tinybuild", "tinycore", "tinydev", "tinytrain"}
    assert stage.run("hello", BREWSLM_EXTRAS="dev").stderr == "", "what is there already needs no setup"


def test_an_unknown_extra_is_refused_by_name(stage: Stage) -> None:
    line = the_line(stage.run("--setup", "--extras", "trian"))
    assert "'trian'" in line
    assert "dev, train" in line


def test_changed_constraints_are_installed_and_other_settings_are_not(stage: Stage) -> None:
    stage.run("hello")
    with (stage.root / "pyproject.toml").open("a") as file:
        file.write("\n[tool.ruff]\nline-length = 100\n")
    assert stage.run("hello").stderr == ""

    stage.add_wheel("tinycore", {"tinycore/__init__.py": "NEW = True\n"}, version="1.1")
    constraints = stage.root / "constraints.txt"
    constraints.write_text(constraints.read_text().replace("tinycore==1.0", "tinycore==1.1"))
    assert "[3/3] packages" in stage.run("hello").stderr
    assert (stage.site / "tinycore-1.1.dist-info").is_dir()


def test_a_moved_project_gets_an_environment_that_works_there(stage: Stage, tmp_path: Path) -> None:
    stage.run("hello")
    stage.root = stage.root.rename(tmp_path / "moved")

    result = stage.run("hello")

    assert result.stdout == "ran hello\n"
    assert str(tmp_path / "moved") in (stage.root / ".venv" / "bin" / "brewslm").read_text()


def test_an_environment_made_by_hand_is_adopted_not_replaced(fresh: Stage, template: Path) -> None:
    shutil.copytree(template, fresh.root / ".venv", symlinks=True)
    mine = fresh.site / "mine.py"
    mine.write_text("")

    assert fresh.run("hello").stdout == "ran hello\n"
    assert mine.exists()


def test_a_broken_environment_made_by_hand_is_never_deleted_unasked(fresh: Stage) -> None:
    (fresh.root / ".venv" / "bin").mkdir(parents=True)
    (fresh.root / ".venv" / "precious").write_text("")

    assert "--rebuild" in the_line(fresh.run("hello"))
    assert (fresh.root / ".venv" / "precious").exists()
    assert fresh.run("--setup", "--rebuild").returncode == 0
    assert fresh.run("hello").stdout == "ran hello\n"


def test_an_environment_whose_python_has_gone_is_made_anew(stage: Stage) -> None:
    stage.run("hello")
    for link in (stage.root / ".venv" / "bin").glob("python*"):
        link.unlink()
        link.symlink_to("/nowhere/python")

    assert stage.run("hello").stdout == "ran hello\n"


def test_killed_in_mid_setup_the_next_start_completes_it(stage: Stage) -> None:
    (stage.root / "hold").touch()
    process = stage.start("hello")
    wait_until((stage.root / "building").exists)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    (stage.root / "hold").unlink()

    result = stage.run("hello")

    assert result.stdout == "ran hello\n"
    assert "[1/3] virtual environment: kept" in result.stderr


def test_when_only_the_launcher_is_killed_the_next_one_waits_for_its_pip(fresh: Stage) -> None:
    (fresh.root / "hold").touch()
    first = fresh.start("first")
    wait_until((fresh.root / "building").exists)
    os.kill(first.pid, signal.SIGKILL)
    first.communicate()

    second = fresh.start("second")
    assert second.stderr is not None
    assert "another setup is at work" in second.stderr.readline()
    (fresh.root / "hold").unlink()

    output, _ = second.communicate(timeout=DEADLINE_SECONDS)
    assert (second.returncode, output) == (0, "ran second\n")


@pytest.mark.parametrize("kind", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.long)])
def test_interrupted_setup_says_how_to_go_on_and_does(stage: Stage, kind: signal.Signals) -> None:
    (stage.root / "hold").touch()
    process = stage.start("hello")
    wait_until((stage.root / "building").exists)
    os.killpg(process.pid, kind)
    _, errors = process.communicate(timeout=DEADLINE_SECONDS)
    (stage.root / "hold").unlink()

    assert process.returncode == 130
    assert (
        errors.strip().splitlines()[-1].startswith("brewslm: setup was interrupted. Next: run the same command again")
    )
    assert "Traceback" not in errors
    assert stage.run("hello").stdout == "ran hello\n"


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(1, 20))])
def test_killed_at_any_moment_the_next_start_completes_it(fresh: Stage, seed: int) -> None:
    moment = random.Random(seed).uniform(0.1, 3.5)
    process = fresh.start("hello")
    try:
        process.communicate(timeout=moment)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()

    assert fresh.run("hello").stdout == "ran hello\n", f"seed {seed}: killed after {moment:.2f} s"
    assert {"brewslm", "tinycore", "tinytrain"} <= fresh.packages


@pytest.mark.parametrize("damage", ["file missing", "file cut short", "record missing"])
def test_a_half_installed_package_is_installed_again(stage: Stage, damage: str) -> None:
    stage.run("hello")
    (stage.root / ".venv" / ".brewslm-ready").rename(stage.root / ".venv" / ".brewslm-unfinished")
    (stage.root / ".venv" / ".brewslm-unfinished").write_text("made\n")
    part = stage.site / "tinycore" / "part.py"
    if damage == "file missing":
        part.unlink()
    elif damage == "file cut short":
        part.write_text("VAL")
    else:
        (stage.site / "tinycore-1.0.dist-info" / "RECORD").unlink()

    result = stage.run("hello")

    assert "kept, 1 packages to mend" in result.stderr
    assert part.read_text() == "VALUE = 1\n"


def test_two_launchers_at_once_share_one_setup(stage: Stage) -> None:
    (stage.root / "hold").touch()
    first = stage.start("first")
    wait_until((stage.root / "building").exists)
    second = stage.start("second")
    assert second.stderr is not None
    assert "another setup is at work" in second.stderr.readline()
    (stage.root / "hold").unlink()

    outputs = [process.communicate(timeout=DEADLINE_SECONDS) for process in (first, second)]

    assert [output for output, _ in outputs] == ["ran first\n", "ran second\n"]
    assert "[1/3]" not in outputs[1][1], "the second had nothing left to do"


def test_without_network_one_line_says_so(stage: Stage) -> None:
    shutil.rmtree(stage.wheels)
    line = the_line(stage.run("hello"))
    assert "no network, or a package index without" in line
    assert "tinybuild==1.0" in line
    assert ".venv-setup.log" in line


def test_an_index_that_refuses_the_connection_is_named_as_no_network(stage: Stage) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound but not listening: every connection is refused
        index = f"http://127.0.0.1:{held.getsockname()[1]}/simple"
        environment = {"PIP_NO_INDEX": "0", "PIP_INDEX_URL": index, "PIP_RETRIES": "1", "PIP_FIND_LINKS": ""}
        line = the_line(stage.run("hello", **environment))
    assert "no network: pip cannot reach its package index" in line


def test_after_a_failure_the_same_command_goes_on(stage: Stage) -> None:
    wheel = stage.wheels / "tinytrain-1.0-py3-none-any.whl"
    aside = wheel.rename(stage.root / "aside")
    the_line(stage.run("hello"))
    aside.rename(wheel)

    assert stage.run("hello").stdout == "ran hello\n"


def test_too_little_disk_is_refused_before_anything_is_written(fresh: Stage) -> None:
    line = the_line(fresh.run("hello", BREWSLM_MIN_FREE_GB="10000000"))
    assert "too little disk" in line
    assert "1e+07 GB needed" in line
    assert not (fresh.root / ".venv").exists()


def test_a_disk_that_fills_up_during_setup_is_named(stage: Stage) -> None:
    stage.add_wheel("tinybuild", {"tinybuild.py": "raise OSError(28, 'No space left on device')\n"})
    assert "the disk is full" in the_line(stage.run("hello"))


def test_pip_failing_otherwise_is_told_in_its_own_words(stage: Stage) -> None:
    (stage.wheels / "tinycore-1.0-py3-none-any.whl").write_text("no wheel")
    line = the_line(stage.run("hello"))
    assert "pip ended with status" in line
    assert "tinycore" in line


def test_only_a_file_with_the_hash_of_the_lock_is_installed(stage: Stage) -> None:
    """pip is brought to its locked version first, because the one that comes with Python cannot hold hashes so."""
    stage.add_installed("pip")
    stage.lock("pip", "tinybuild", "tinycore")
    stage.add_wheel("tinycore", {"tinycore/__init__.py": "HARM = True\n"})

    line = the_line(stage.run("hello"))

    assert "answers for tinycore==1.0 with another file than hashes.txt names" in line
    assert "tinycore" not in stage.packages
    stage.lock("pip", "tinybuild", "tinycore")
    assert stage.run("hello").stdout == "ran hello\n"


def test_a_read_only_folder_is_named(stage: Stage) -> None:
    blocker = stage.root / ".venv-setup.lock"
    blocker.mkdir()  # stands for a folder that refuses writing, also for root
    assert "cannot write in" in the_line(stage.run("hello"))


@pytest.mark.parametrize("version", ["2.7.18", "3.10.14", "3.14.0"])
def test_a_wrong_python_is_named_with_what_is_needed(stage: Stage, tmp_path: Path, version: str) -> None:
    python = fake_python(tmp_path, f"echo '{version} unsuitable'")
    for result in (stage.run("hello", BREWSLM_PYTHON=str(python)), stage.run("--setup", "--python", str(python))):
        line = the_line(result)
        assert version in line
        assert "3.11, 3.12 or 3.13 is needed" in line


def test_a_python_that_cannot_run_is_named(stage: Stage) -> None:
    assert "/no/such/python, cannot be run" in the_line(stage.run("hello", BREWSLM_PYTHON="/no/such/python"))


def test_only_wrong_pythons_on_the_path_are_all_listed(fresh: Stage, tmp_path: Path) -> None:
    folder = tmp_path / "path"
    folder.mkdir()
    for tool in ("cat", "cksum", "sed"):
        (folder / tool).symlink_to(str(shutil.which(tool)))
    assert "found no Python" in the_line(fresh.run("hello", PATH=str(folder)))

    fake_python(folder, "echo '3.9.2 unsuitable'").rename(folder / "python3")
    line = the_line(fresh.run("hello", PATH=str(folder)))
    assert "found python3 (3.9.2), but Python 3.11, 3.12 or 3.13 is needed" in line


def test_a_python_without_the_venv_module_is_named_with_the_package_to_install(stage: Stage, tmp_path: Path) -> None:
    shadow = tmp_path / "shadow"
    shadow.mkdir()
    (shadow / "ensurepip.py").write_text("raise ImportError\n")
    python = fake_python(tmp_path, f'PYTHONPATH="{shadow}" exec "{sys.executable}" "$@"')
    line = the_line(stage.run("hello", BREWSLM_PYTHON=str(python)))
    assert "without the venv module" in line
    assert "python3-venv" in line


def test_an_environment_of_another_python_is_not_replaced_unasked(stage: Stage) -> None:
    stage.run("hello")
    config = stage.root / ".venv" / "bin" / "python"
    assert stage.run("--setup", "--python", sys.executable).returncode == 0, "the same version is fine"
    config.unlink()
    config.write_text("#!/bin/sh\necho 3 12\n")  # answers as a Python 3.12 would
    config.chmod(0o755)
    if sys.version_info[:2] != (3, 12):
        assert "has Python 3.12 already" in the_line(stage.run("--setup", "--python", sys.executable))


def test_setup_explains_its_options(stage: Stage) -> None:
    result = stage.run("--setup", "--help")
    assert result.returncode == 0
    for option in ("--python", "--extras", "--rebuild", "--min-free-gb"):
        assert option in result.stdout
