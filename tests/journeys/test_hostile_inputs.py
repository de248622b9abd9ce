"""What people really bring: each mistake gets one clear line, and nothing is lost."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.brew import Brew, Inside, write_chat


@pytest.fixture
def project(inside: Inside) -> Inside:
    inside.run("project", "create", "--name", "one")
    return inside


FILES: dict[str, bytes] = {
    "empty.jsonl": b"",
    "blank.csv": b"\n\n\n",
    "header_only.csv": b"question,answer\n",
    "broken.csv": b'question,answer\n"what is this,and where does it end\n' + b'"x"y"z,1\n' * 50,
    "noise.jsonl": bytes(range(256)) * 40,
    "bad.jsonl": b'{"question": "a", "answer": "b"\n' * 20,
    "document.pdf": b"%PDF-1.7\n" + b"\x00\x01\x02" * 100,
    "numbers.json": b"[1, 2, 3]",
    "deep.json": b"[" * 100_000,
}


@pytest.mark.parametrize("name", FILES)
def test_files_that_hold_no_data_get_one_clear_line(project: Inside, tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_bytes(FILES[name])
    line = project.refuse("dataset", "import", "--project", "1", str(file))
    assert "mistake of BrewSLM" not in line
    assert project.ask("jobs", "list")[0]["status"] == "failed"
    assert "system_internal" not in project.reasons()
    assert project.reasons()[-1] == "autopilot_stopped"
    project.check_books()


def test_a_failed_import_leaves_the_dataset_that_was_there(project: Inside, tmp_path: Path) -> None:
    good = project.ask("dataset", "import", "--project", "1", str(write_chat(tmp_path / "sums.jsonl")))
    (tmp_path / "bad.jsonl").write_bytes(FILES["bad.jsonl"])
    project.refuse("dataset", "import", "--project", "1", str(tmp_path / "bad.jsonl"))
    assert project.ask("dataset", "rejections", "--project", "1")["dataset_id"] == good["artifact"]["id"]
    project.check_books()


def test_bad_lines_are_counted_and_kept(project: Inside, tmp_path: Path) -> None:
    file = tmp_path / "mixed.jsonl"
    good = [json.dumps({"question": f"What is {n} + {n}?", "answer": str(2 * n)}) for n in range(60)]
    file.write_text("\n".join([*good[:30], '{"question": "cut', *good[30:], "not json"]) + "\n")
    body = project.ask("dataset", "import", "--project", "1", str(file))["artifact"]["body"]
    assert body["tally"]["total"] == 62
    assert body["tally"]["rejected"] == 2
    rejected = project.ask("dataset", "rejections", "--project", "1")["rejections"]
    assert [(one["line"], one["raw"]) for one in rejected] == [(31, '{"question": "cut'), (62, "not json")]
    shown = project.run("dataset", "rejections", "--project", "1").stdout
    assert "31" in shown
    assert "malformed_record" in shown


@pytest.mark.parametrize(
    "words",
    [
        ["dataset", "import", "--project", "1", "/no/such/file.csv"],
        ["dataset", "import", "--project", "1", "--sample", "no-such-sample"],
        ["dataset", "import", "--project", "1", os.devnull],
        ["dataset", "import", "--project", "9", "--sample", "general-chat-v1"],
        ["project", "create", "--name", "two", "--base-model", "/no/such/model"],
        ["project", "create", "--name", "two", "--base-model", "nobody/no-such-model"],
        ["project", "create", "--name", "one"],
        ["project", "create", "--name", "\x1b[31mred"],
        ["project", "show", "9"],
        ["preflight", "--project", "1", "--plan"],
        ["train", "--project", "1", "--autopilot", "--one-click"],
        ["optimize", "--project", "1", "--target", "laptop_cpu"],
        ["deploy", "--project", "1"],
        ["jobs", "show", "99"],
        ["jobs", "logs", "99"],
        ["jobs", "cancel", "99"],
        ["jobs", "fork", "99"],
        ["train", "--project", "1", "--autopilot", "--one-click", "--fork", "9"],
        ["artifacts", "show", "nothing"],
        ["bundle", "verify", "/no/such/folder"],
        ["quickstart", "--sample", "no-such-sample"],
    ],
)
def test_wrong_names_get_one_clear_line(project: Inside, words: list[str]) -> None:
    line = project.refuse(*words)
    assert "mistake of BrewSLM" not in line
    assert "\x1b" not in line


@pytest.mark.parametrize(
    "words",
    [
        ["preflight", "--project", "1", "--set", "lora.lora_rnk=4"],
        ["train", "--project", "1", "--autopilot", "--set", "lora.lora_rnk=4"],
        ["sweep", "run", "--project", "1", "--grid", "lora.lora_rnk=4,8"],
        ["quickstart", "--set", "lora.lora_rnk=4"],
    ],
)
def test_a_field_that_no_recipe_has_is_told_before_anything_is_done_for_it(
    project: Inside, tmp_path: Path, words: list[str]
) -> None:
    project.run("dataset", "import", "--project", "1", str(write_chat(tmp_path / "sums.jsonl")))
    before = project.ask("jobs", "list")
    assert "did you mean lora.lora_rank?" in project.refuse(*words)
    assert project.ask("jobs", "list") == before
    assert len(project.ask("project", "list")) == 1


@pytest.mark.parametrize(
    "words",
    [
        ["trian"],
        ["train"],
        ["train", "--project", "zero"],
        ["train", "--project", "0"],
        ["train", "--project", "1", "--one-click"],
        ["train", "--project", "1", "--set", "a=1"],
        ["train", "--project", "1", "--fork", "newest"],
        ["jobs", "fork", "1", "--step", "0"],
        ["train", "--project", "1", "--autopilot", "--set", "learning_rate"],
        ["preflight", "--project", "1", "--task", "vision"],
        ["project", "create", "--name", "x", "--template", "none"],
        ["optimize", "--project", "1", "--target", "toaster"],
        ["dataset", "import", "--project", "1"],
        ["dataset", "import", "--project", "1", "a.csv", "--sample", "b"],
        ["map", "--project", "1"],
        ["reasons", "--stage", "lunch"],
    ],
)
def test_wrong_usage_leaves_with_two_and_names_the_help(inside: Inside, words: list[str]) -> None:
    assert "--help" in inside.refuse(*words, code=2)
    assert not inside.home.exists()


def test_the_same_through_a_real_process(brew: Brew, tmp_path: Path) -> None:
    assert "--help" in brew.refuse("trian", code=2)
    assert not brew.home.exists()
    brew.run("project", "create", "--name", "one")
    (tmp_path / "bad.jsonl").write_bytes(FILES["bad.jsonl"])
    assert "bad.jsonl" in brew.refuse("dataset", "import", "--project", "1", str(tmp_path / "bad.jsonl"))
    brew.check_books()


def test_a_base_model_that_is_none_is_named(project: Inside, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text('{"architectures": ["LlamaForCausalLM"]}')
    assert str(folder) in project.refuse("project", "create", "--name", "x", "--base-model", str(folder))


def test_a_workspace_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "brewslm.db").write_bytes(b"this is no database, but long enough to be looked at" * 20)
    assert "brewslm.db" in Inside(tmp_path / "home").refuse("project", "list")
    (tmp_path / "file").write_text("a file")
    assert str(tmp_path / "file") in Inside(tmp_path / "file").refuse("project", "list")


def test_a_traceback_is_shown_only_when_asked_for(brew: Brew) -> None:
    plain = brew.run("project", "show", "9", code=1).stderr
    debug = brew.run("project", "show", "9", "--debug", code=1).stderr
    assert "Traceback" not in plain
    assert "Traceback" in debug
    assert debug.splitlines()[-1] == plain.splitlines()[-1]


def test_a_pipe_that_closes_early_is_no_error(project: Inside) -> None:
    reasons = subprocess.Popen(
        [*project.entry, "reasons"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=project.environment
    )
    assert reasons.stdout is not None
    assert reasons.stderr is not None
    reasons.stdout.close()
    assert reasons.stderr.read() == b""
    reasons.wait()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 6 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    if mount is None or os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    done = subprocess.run([mount, "-t", "tmpfs", "-o", "size=6m", "tmpfs", folder], capture_output=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"mounting is not permitted here: {done.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_gets_one_clear_line_and_nothing_is_lost(small_disk: Path, tmp_path: Path) -> None:
    brew = Brew(small_disk / "home")
    brew.run("project", "create", "--name", "one")
    kept = brew.ask("dataset", "import", "--project", "1", str(write_chat(tmp_path / "sums.jsonl")))["artifact"]["id"]

    filler = small_disk / "filler"
    free = shutil.disk_usage(small_disk).free
    filler.write_bytes(b"\x00" * max(free - 300_000, 0))
    large = write_chat(tmp_path / "large.jsonl", num_rows=20_000)
    line = brew.refuse("dataset", "import", "--project", "1", str(large))
    assert "space" in line or "full" in line

    filler.unlink()
    brew.check_books()
    assert brew.ask("dataset", "rejections", "--project", "1")["dataset_id"] == kept
    assert brew.ask("jobs", "list")[0]["status"] in {"failed", "running", "queued"}
