"""`brewslm db …` and what `brewslm doctor` says of the database: through the front door, in this process."""

from pathlib import Path

import pytest

from tests.fakes.postgres import Cluster
from tests.journeys.brew import Inside

PASSWORD = "canary-51c0"


@pytest.fixture
def brew(tmp_path: Path) -> Inside:
    made = Inside(tmp_path / "home")
    made.run("project", "create", "--name", "first")
    return made


def test_a_backup_is_made_restored_and_told(brew: Inside, tmp_path: Path) -> None:
    file = tmp_path / "kept.db"
    page = brew.run("db", "backup", str(file)).stdout
    assert f"Backedup{brew.home / 'brewslm.db'}to{file}." in "".join(page.split())  # a long path is broken over lines
    told = " ".join(page.split())
    assert "projects 1 jobs 0" in told
    assert "projects: copy that folder, too" in told
    assert "say --replace" in brew.refuse("db", "backup", str(file))
    brew.run("project", "create", "--name", "second")
    assert "holds 2 projects already" in brew.refuse("db", "restore", "--yes", str(file))
    assert "nobody can be asked; say --yes" in brew.refuse("db", "restore", "--replace", str(file))
    answer = brew.ask("db", "restore", "--replace", "--yes", str(file))
    assert answer["contents"]["rows"]["projects"] == 1
    assert Path(answer["kept"]).is_file()
    assert [project["name"] for project in brew.ask("project", "list")] == ["first"]
    assert brew.ask("audit", "verify")["is_clean"]


def test_a_ledger_moves_and_doctor_says_where_it_is_without_a_password(brew: Inside, postgres: Cluster) -> None:
    address = postgres.make()
    shown = address
    secret = address.replace("brewslm@", f"brewslm:{PASSWORD}@")
    said = [brew.run("db", "migrate-to", secret)]
    assert f"Set BREWSLM_DATABASE_URL={shown} to use it from now on" in " ".join(said[0].stdout.split())
    assert database(brew) == f"SQLite in {brew.home / 'brewslm.db'}"
    brew.variables["BREWSLM_DATABASE_URL"] = secret
    brew.run("project", "create", "--name", "second")
    assert database(brew).endswith(f"at {shown}, schema 0009")
    said += [brew.run("doctor", "--debug", code=0), brew.run("project", "list", "--debug")]
    said += [brew.run("db", "migrate-to", secret, "--debug", code=1), brew.run("db", "backup", "/nowhere/x", code=1)]
    brew.variables["BREWSLM_DATABASE_URL"] = secret.replace("test_", "absent_")
    said += [brew.run("project", "list", "--debug", code=1), brew.run("doctor", code=1)]
    assert "absent_" in said[-1].stdout
    assert PASSWORD not in "".join(one.stdout + one.stderr for one in said)
    del brew.variables["BREWSLM_DATABASE_URL"]
    assert [project["name"] for project in brew.ask("project", "list")] == ["first"]


def database(brew: Inside) -> str:
    """What doctor says of it, without the version of SQLite."""
    (seen,) = [check["seen"] for check in brew.ask("doctor")["checks"] if check["check"] == "database"]
    kind, _, rest = str(seen).partition(" ")
    return f"{kind} in {rest.partition(' in ')[2]}" if kind == "SQLite" else str(seen)
