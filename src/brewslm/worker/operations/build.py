"""Builds the kernels with the compiler of this machine, once per version of them, of torch and of the processor."""

import contextlib
import ctypes
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import torch

SOURCES = Path(__file__).parent / "kernels"
COMPILERS = ("g++", "clang++", "c++")
BUILD_SECONDS = 600
FLAGS = ("-O3", "-std=c++20", "-shared", "-fPIC", "-fopenmp", "-fno-math-errno", "-ffp-contract=fast", "-w")
FLAGS_OF_CAPABILITY = {
    "AVX2": ("-mavx2", "-mfma", "-mf16c", "-DCPU_CAPABILITY=AVX2", "-DCPU_CAPABILITY_AVX2"),
    "AVX512": (
        *("-mavx512f", "-mavx512dq", "-mavx512vl", "-mavx512bw", "-mavx2", "-mfma", "-mf16c"),
        *("-DCPU_CAPABILITY=AVX512", "-DCPU_CAPABILITY_AVX512"),
    ),
}
"""By what torch says of the processor; anything else is compiled for the least that the platform promises."""


class KernelBuildError(Exception):
    """The kernels cannot be built here; the message says why in one line."""


def kernel_library(cache: Path) -> ctypes.CDLL:
    """Load the kernels, building them first unless the cache has them.

    Processes that build at the same time do not disturb each other: each builds aside, and the last rename wins.

    Args:
        cache: a folder that may be deleted at any time.

    Raises:
        KernelBuildError: there is no compiler, or it fails.
    """
    flags = (*FLAGS, *FLAGS_OF_CAPABILITY.get(torch.backends.cpu.get_cpu_capability(), ()))
    path = cache / f"kernels-{_key(flags)}.so"
    try:
        if not path.exists():
            _build(path, flags)
        return ctypes.CDLL(str(path))
    except OSError as error:
        raise KernelBuildError(f"the kernels cannot be built or loaded in {str(cache)!r}: {error}") from error


def _key(flags: tuple[str, ...]) -> str:
    """Name all that the result depends on."""
    digest = hashlib.sha256(repr((torch.__version__, sys.platform, flags, _compiler())).encode())
    for source in sorted(SOURCES.iterdir()):
        digest.update(source.name.encode() + source.read_bytes())
    return digest.hexdigest()[:20]


def _compiler() -> str:
    for name in (os.environ.get("CXX", ""), *COMPILERS):
        found = shutil.which(name) if name else None
        if found:
            return found
    raise KernelBuildError(f"there is no C++ compiler ({', '.join(COMPILERS)})")


def _build(path: Path, flags: tuple[str, ...]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    libraries = Path(torch.__file__).parent
    handle, aside = tempfile.mkstemp(dir=path.parent, prefix=".building-", suffix=".so")
    os.close(handle)
    command = [
        _compiler(),
        *flags,
        f"-I{libraries / 'include'}",
        *(str(source) for source in sorted(SOURCES.glob("*.cpp"))),
        *("-o", aside, f"-L{libraries / 'lib'}", f"-Wl,-rpath,{libraries / 'lib'}", "-ltorch_cpu", "-lc10"),
    ]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=BUILD_SECONDS)
        Path(aside).replace(path)
    except subprocess.CalledProcessError as error:
        complaints = [line for line in error.stderr.splitlines() if "error" in line] or ["no message"]
        raise KernelBuildError(f"{command[0]} fails: {complaints[0]}") from error
    except subprocess.TimeoutExpired as error:
        raise KernelBuildError(f"{command[0]} takes more than {BUILD_SECONDS} s") from error
    finally:
        with contextlib.suppress(FileNotFoundError):
            Path(aside).unlink()
