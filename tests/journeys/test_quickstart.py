"""The first five minutes, made shorter: the whole lifecycle on a bundled sample."""

import json
from pathlib import Path

from tests.journeys.brew import QUICK, Brew, Inside, as_options


def test_a_quickstart_ends_in_its_report(brew: Brew) -> None:
    words = ["quickstart", "--keep-going", "--json", "--sample", "support-chat-v1", *as_options(QUICK)]
    done = brew.run_any(*words)
    report = json.loads(done.stdout)

    rows = report["rows"]
    assert rows["total"] == rows["accepted"] + rows["repaired"] + rows["rejected"]
    assert rows["rejected"] == sum(rows["rejections"].values())
    assert [stage["number"] for stage in report["stages"]] == list(range(1, 12))
    assert {stage["status"] for stage in report["stages"]} == {"completed"}
    assert {loss["split"] for loss in report["losses"]} == {"eval", "test"}
    for loss in report["losses"]:
        assert loss["interval"]["low"] <= loss["delta"] <= loss["interval"]["high"]
    assert len(report["answers"]) >= 3
    assert done.returncode == (0 if report["is_passed"] else 1)
    assert (Path(report["bundle"]["folder"]) / "SHA256SUMS").is_file()
    brew.ask("bundle", "verify", report["bundle"]["folder"])
    assert report["release"]["version"] == 1
    brew.check_books()

    again = brew.start("quickstart", "--json")
    try:
        assert again.stderr is not None
        assert "quickstart-2" in again.stderr.readline()
    finally:
        again.kill()
        again.communicate()


def test_lines_of_a_pipe_carry_no_control_characters(inside: Inside) -> None:
    inside.run("project", "create", "--name", "one")
    done = inside.run("dataset", "import", "--project", "1", "--sample", "general-chat-v1")
    for text in (done.stdout, done.stderr):
        assert not any(character < " " and character != "\n" for character in text)
        assert all(len(line) <= 200 and line == line.rstrip() for line in text.splitlines())


def test_help_answers_at_once_and_loads_nothing_heavy(brew: Brew) -> None:
    import subprocess
    import sys

    code = (
        "import sys\n"
        "from brewslm.cli.main import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'torch', 'pydantic', 'rich', 'sqlalchemy', 'fastapi', 'pyarrow', 'numpy'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=brew.environment, capture_output=True)
