"""Makes an environment of its own for each peer, from exact versions: `python -m benchmarks.train environments`.

The lists beside this file are what `pip freeze` said of an environment that worked. They lie under `--folder`, or where
`BREWSLM_PEERS` says, never in the repository.

torchvision and torchaudio are not on LLaMA-Factory's list: their builds need a graphics card. torchtune 0.6.1 needs a
torchao that still has `dtypes.nf4tensor`: 0.14.1 does, 0.18 does not.
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

LISTS = Path(__file__).with_name("versions")
TORCH = "torch==2.13.0"
"""First and alone, so that no peer pulls a build for graphics cards."""


def peers_folder() -> Path:
    """Where the environments are."""
    return Path(os.environ.get("BREWSLM_PEERS", Path.home() / ".cache" / "brewslm-peers"))


def python_of(peer: str) -> Path:
    """The interpreter of a peer's environment.

    Raises:
        FileNotFoundError: it has not been made.
    """
    python = peers_folder() / peer / "bin" / "python"
    if not python.exists():
        raise FileNotFoundError(f"no environment for {peer!r}: run `python -m benchmarks.train environments`")
    return python


def make_environments(peers: list[str]) -> None:
    """Make those that are missing or whose list has changed."""
    for peer in peers:
        make_environment(peer, LISTS / f"{peer}.txt")


def make_environment(peer: str, versions: Path, *, first: str | None = TORCH) -> None:
    """Make one, unless it is there and its list is the same; `first` is installed before the list."""
    folder = peers_folder() / peer
    stamp = folder / "versions.sha256"
    wanted = hashlib.sha256(versions.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print(f"{peer}: making {folder}", flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    if first is not None:
        subprocess.run([*pip, first], check=True)
    # Each list is whole, and peers ask for narrower ranges than those that work.
    subprocess.run([*pip, "--no-deps", "-r", str(versions)], check=True)
    stamp.write_text(wanted)
