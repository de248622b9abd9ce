"""Bundles as folders."""

import hashlib
from pathlib import Path

import pytest

from brewslm.cli.bundles import check_bundle, copy_bundle, refuse_taken
from brewslm.cli.commands.export import next_commands
from brewslm.core.artifacts.bundle import Bundle
from brewslm.core.errors import ArtifactDamagedError, ConflictError, NotFoundError


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    folder = tmp_path / "bundle"
    (folder / "model").mkdir(parents=True)
    files = {"README.md": b"a card", "model/model.safetensors": b"\x00" * 1000}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    lines = [f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in files.items()]
    (folder / "SHA256SUMS").write_text("".join(lines))
    return folder


def test_a_whole_bundle_has_no_problems(bundle: Path) -> None:
    check = check_bundle(bundle)
    assert (check.num_files, check.num_bytes, check.problems) == (2, 1006, ())


def test_each_kind_of_damage_is_named(bundle: Path) -> None:
    (bundle / "model" / "model.safetensors").write_bytes(b"\x00" * 999 + b"\x01")
    (bundle / "README.md").unlink()
    (bundle / "model" / "modeling_evil.py").write_text("print('hello')")
    assert check_bundle(bundle).problems == (
        "README.md is missing",
        "model/model.safetensors does not match its checksum",
        "model/modeling_evil.py is not listed in SHA256SUMS",
    )


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "model/../../secret", ""])
def test_names_that_lead_out_of_the_bundle_are_not_followed(bundle: Path, name: str) -> None:
    (bundle.parent / "secret").write_text("x")
    with (bundle / "SHA256SUMS").open("a") as sums:
        sums.write(f"{hashlib.sha256(b'x').hexdigest()}  {name}\n")
    assert check_bundle(bundle).problems == ("SHA256SUMS line 3 is no checksum of a file in the bundle",)


def test_a_link_does_not_count_as_a_file(bundle: Path) -> None:
    (bundle / "README.md").rename(bundle.parent / "card")
    (bundle / "README.md").symlink_to(bundle.parent / "card")
    assert "README.md is missing" in check_bundle(bundle).problems


def test_a_folder_without_checksums_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="SHA256SUMS"):
        check_bundle(tmp_path)


def test_a_copy_is_whole_and_takes_no_place_that_is_taken(bundle: Path, tmp_path: Path) -> None:
    copy = tmp_path / "out" / "copy"
    copy_bundle(bundle, copy)
    assert check_bundle(copy).problems == ()
    with pytest.raises(ConflictError, match="exists already"):
        refuse_taken(copy)


def test_a_damaged_bundle_is_not_copied(bundle: Path, tmp_path: Path) -> None:
    (bundle / "README.md").write_text("another card")
    with pytest.raises(ArtifactDamagedError):
        copy_bundle(bundle, tmp_path / "copy")
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def exported(**choices: str) -> Bundle:
    return Bundle.model_construct(None, **choices)


def test_only_what_can_be_done_with_a_bundle_is_offered() -> None:
    whole = [command for command, _ in next_commands(exported(format="huggingface", target="vllm"), Path("b"), 1)]
    adapter = [command for command, _ in next_commands(exported(format="adapter", target="vllm"), Path("b"), 1)]
    plain = [command for command, _ in next_commands(exported(format="gguf", target="llama_cpp"), Path("b"), 1)]
    assert whole[-2:] == ["sh b/serve-vllm.sh", "brewslm deploy --project 1 --at http://127.0.0.1:8001/v1"]
    assert adapter[-2:] == [f"BASE_MODEL=FOLDER {whole[-2]}", whole[-1]]
    assert "brewslm deploy --project 1" in whole
    assert "brewslm deploy --project 1" not in adapter, "an adapter alone is not deployed"
    assert not any("--at" in command for command in plain)
