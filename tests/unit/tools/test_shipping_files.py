"""The files of a release: what the wheel holds, licences, the bill of materials, versions and the changelog."""

import datetime as dt
import json
import re
import subprocess
import sys
import tarfile
import zipfile
from importlib.metadata import version as installed_version
from pathlib import Path

import pytest

import brewslm
from brewslm.api.routes import about
from openapi import document
from shipping import bill, licences
from shipping.files import DistError, build_wheel, export, git, metadata_of, pack, version_of
from shipping.licences import Licensed, is_permissive
from shipping.pins import ROOT, Pin
from shipping.version import CHANGELOG, VersionError, check_number, close_unreleased

EPOCH = 1_790_000_000
LOG = "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- This.\n\n## [0.2.0] - 2026-10-01\n\n- That.\n"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not licences.NOTICES.exists():
        pytest.skip("the Studio is not built here")
    tree = tmp_path_factory.mktemp("tree") / f"brewslm-{version_of(ROOT)}"
    export(tree)
    return tree


@pytest.fixture(scope="module")
def wheel(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tree, tmp_path_factory.mktemp("wheel"), EPOCH)


def test_the_wheel_holds_the_package_with_the_studio_and_nothing_else(tree: Path, wheel: Path) -> None:
    source = tree / "src"
    wanted = {path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file()}
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
        papers = {name.partition(".dist-info/")[2] for name in archive.namelist() if ".dist-info/" in name}
    assert held == wanted
    assert {"METADATA", "RECORD", "entry_points.txt", "licenses/LICENSE"} <= papers
    for needed in (
        "brewslm/py.typed",
        "brewslm/bundled/studio/index.html",
        "brewslm/bundled/studio/licenses.md",
        "brewslm/bundled/base_models/brewslm-tiny-v1/model.safetensors",
        "brewslm/bundled/samples/general-chat-v1/data.jsonl",
        "brewslm/bundled/config/thresholds.yaml",
        "brewslm/worker/operations/kernels/attention.cpp",
    ):
        assert needed in held
    assert any(name.startswith("brewslm/adapters/sql/migrations/versions/") for name in held)


@pytest.mark.long
def test_the_source_distribution_builds_the_same_wheel_again(tree: Path, wheel: Path, tmp_path: Path) -> None:
    packed = pack(tree, metadata_of(wheel), EPOCH)
    assert packed == pack(tree, metadata_of(wheel), EPOCH)
    (tmp_path / "source.tar.gz").write_bytes(packed)
    with tarfile.open(tmp_path / "source.tar.gz") as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    (tmp_path / "again").mkdir()
    again = build_wheel(tmp_path / "unpacked" / tree.name, tmp_path / "again", EPOCH)
    assert again.read_bytes() == wheel.read_bytes()


def test_no_machine_path_is_in_the_wheel(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        assert not [name for name in archive.namelist() if str(ROOT).encode() in archive.read(name)]


def test_all_that_users_run_here_may_be_passed_on() -> None:
    packages, problems = licences.everything()
    assert len(packages) > 50
    assert not problems


def test_a_licence_that_is_not_permissive_is_named_unless_it_is_accepted_as_it_is() -> None:
    strict, silent = Licensed("six", "1.0", "GPL-3.0-only"), Licensed("idna", "1.0", "")
    assert len(licences.problems([strict, silent], set())) == 2
    assert licences.problems([strict, silent], {("six", "GPL-3.0-only"), ("idna", "none told")}) == []
    assert licences.problems([strict], {("six", "LGPL-3.0-only")})


@pytest.mark.parametrize(
    ("expression", "is_fine"),
    [
        ("MIT", True),
        ("MIT OR GPL-3.0-only", True),
        ("MIT AND GPL-3.0-only", False),
        ("MPL-2.0 AND (Apache-2.0 OR MIT)", False),
        ("(GPL-3.0-only OR MIT) AND ISC", True),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("", False),
    ],
)
def test_expressions_of_licences(expression: str, is_fine: bool) -> None:
    assert is_permissive(expression) is is_fine


def test_the_bill_of_materials_names_what_users_run_with_hashes_and_is_the_same_twice() -> None:
    pins = [Pin("PyYAML", "6.0.3", "core", ("a" * 64,)), Pin("ray", "2.60.0", "extras"), Pin("pytest", "9.2.0", "work")]
    npm = next(
        Licensed(path.removeprefix("node_modules/"), one["version"], "MIT")
        for path, one in json.loads(licences.NPM_LOCK.read_text())["packages"].items()
        if path.startswith("node_modules/@mantine/core")
    )

    def made() -> dict[str, object]:
        return bill.bill_of(
            version="1.0",
            wheel_sha256="b" * 64,
            made_at="2026-12-01T00:00:00+00:00",
            pins=pins,
            licences=[Licensed("pyyaml", "6.0.3", "MIT")],
            studio=[npm],
        )

    document = made()
    assert document == made()
    parts = {part["name"]: part for part in document["components"]}  # type: ignore[attr-defined]
    assert set(parts) == {"pyyaml", "ray", "@mantine/core"}
    assert parts["pyyaml"]["purl"] == "pkg:pypi/pyyaml@6.0.3"
    assert parts["pyyaml"]["hashes"] == [{"alg": "SHA-256", "content": "a" * 64}]
    assert parts["ray"]["scope"] == "optional"
    assert parts["@mantine/core"]["hashes"][0]["alg"] == "SHA-512"


def test_the_version_has_one_source() -> None:
    declared = version_of(ROOT)
    assert declared == installed_version("brewslm") == brewslm.__version__ == about.VERSION
    assert document()["info"]["version"] == declared
    told = subprocess.run(
        [sys.executable, "-c", "from brewslm.cli.main import main; main()", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout == f"brewslm {declared}\n"
    places = [path for path in (ROOT / "src").rglob("*.py") if f'"{declared}"' in path.read_text(encoding="utf-8")]
    assert places == []


def test_the_changelog_begins_with_what_is_unreleased_and_ends_with_what_was_released() -> None:
    headings = [line for line in CHANGELOG.read_text().splitlines() if line.startswith("## ")]
    assert headings[0] == "## [Unreleased]"
    assert all(re.fullmatch(r"## \[[\d.]+\] - \d{4}-\d\d-\d\d", line) for line in headings[1:])


def test_what_is_unreleased_gets_its_number_and_date() -> None:
    closed = close_unreleased(LOG, "0.3.0", dt.date(2026, 12, 1))
    assert "## [Unreleased]\n\n## [0.3.0] - 2026-12-01\n\n### Added\n\n- This.\n\n## [0.2.0]" in closed
    with pytest.raises(VersionError, match="nothing is under"):
        close_unreleased(closed, "0.4.0", dt.date(2026, 12, 2))
    with pytest.raises(VersionError, match="does not begin with"):
        close_unreleased("# Changelog\n\n## [0.2.0] - 2026-10-01\n", "0.3.0", dt.date(2026, 12, 1))


@pytest.mark.parametrize("number", ["0.2.0", "0.1.9", "v0.3.0", "next", "00.3.0", "0.2.5"])
def test_a_number_that_does_not_follow_is_refused(number: str) -> None:
    with pytest.raises(VersionError, match="Next: "):
        check_number(number, "0.2.9", LOG)


def test_a_number_that_follows_is_taken() -> None:
    check_number("0.3.0", "0.2.9", LOG)
    check_number("0.1.0", "0.1.0", "## [Unreleased]\n")  # the first release of all


def test_git_that_cannot_answer_is_told_in_one_line() -> None:
    with pytest.raises(DistError, match=r"git show: .*Next: "):
        git("show", "no-such-tag:constraints.txt")
