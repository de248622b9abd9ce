"""The wheel in a bare environment, somewhere else, without a network: nothing of this checkout helps it."""

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT
from tests.journeys.brew import QUICK, Brew, as_options

pytestmark = pytest.mark.long

PATIENCE_SECONDS = 900.0
MAKE_WHEEL = """
import sys
sys.path.insert(0, "tools")
from pathlib import Path
from shipping.files import build_wheel, export
tree = Path(sys.argv[1]) / "brewslm"
export(tree)
print(build_wheel(tree, Path(sys.argv[1]), 1_790_000_000))
"""
NO_NETWORK = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
CUT_OFF = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]


class Bare:
    """A virtual environment with the wheel in it, a home of its own, and a folder that is no checkout."""

    def __init__(self, folder: Path, wheel: Path, extra: str) -> None:
        self.home, self.elsewhere, self.venv = folder / "home", folder / "elsewhere", folder / "venv"
        for made in (self.home, self.elsewhere):
            made.mkdir()
        subprocess.run([sys.executable, "-m", "venv", self.venv], check=True)
        pip = [self.venv / "bin" / "pip", "install", "--quiet"]
        subprocess.run([*pip, "--constraint", ROOT / "constraints.txt", "pip"], check=True)
        locked = ["-c", ROOT / "constraints.txt", "-c", ROOT / "hashes.txt", "--no-require-hashes"]
        subprocess.run([*pip, *locked, f"{wheel}{extra}"], check=True, cwd=self.elsewhere)

    @property
    def environment(self) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PYTHON", "BREWSLM_", "VIRTUAL_ENV"))
        }
        return {**kept, **NO_NETWORK, "no_proxy": "127.0.0.1", "HOME": str(self.home), "NO_COLOR": "1"}

    def command(self, *words: str) -> list[str]:
        brew = [str(self.venv / "bin" / "brewslm"), *words]
        return [*CUT_OFF, *brew] if can_cut_off() else brew

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*words),
            cwd=self.elsewhere,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )

    @contextmanager
    def server(self) -> Iterator[str]:
        """Serve outside the cut-off network, whose loopback nobody here could reach."""
        command = [self.venv / "bin" / "brewslm", "serve", "--port", "0"]
        with subprocess.Popen(
            command, cwd=self.elsewhere, env=self.environment, stdout=subprocess.PIPE, text=True
        ) as process:
            try:
                assert process.stdout is not None
                yield process.stdout.readline().split(" at ")[1].strip()
            finally:
                process.terminate()
                process.wait(60)


def can_cut_off() -> bool:
    if os.geteuid() != 0 or not shutil.which("unshare") or not shutil.which("ip"):
        return False
    return subprocess.run([*CUT_OFF, "true"], capture_output=True, check=False).returncode == 0


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    made = subprocess.run(
        [sys.executable, "-c", MAKE_WHEEL, folder], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return Path(made.stdout.strip())


def test_the_quickstart_and_the_studio_work_from_the_wheel_without_a_network(tmp_path: Path, wheel: Path) -> None:
    bare = Bare(tmp_path, wheel, "[train]")

    doctor = bare.run("doctor")
    assert doctor.returncode == 0, doctor.stdout
    assert str(ROOT) not in doctor.stdout
    done = bare.run("quickstart")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The tuned model is better than its base" in done.stdout
    assert "./brewslm" not in done.stdout
    assert str(ROOT) not in done.stdout

    with bare.server() as url:
        with urllib.request.urlopen(url) as answer:
            page = answer.read().decode()
        assets = re.findall(r'(?:src|href)="(/assets/[^"]+)"', page)
        assert len(assets) >= 2
        for asset in assets:
            with urllib.request.urlopen(url + asset) as answer:
                assert answer.status == 200
                assert answer.read()
        with urllib.request.urlopen(f"{url}/api/projects") as answer:
            assert b"quickstart" in answer.read()


def test_without_an_extra_everything_but_models_works_and_one_line_says_what_brings_them(
    tmp_path: Path, wheel: Path
) -> None:
    bare = Bare(tmp_path, wheel, "")

    assert bare.run("--version").stdout.startswith("brewslm ")
    for words in (["stages"], ["reasons"], ["project", "list"], ["jobs", "list"], ["events"], ["audit", "verify"]):
        assert bare.run(*words).returncode == 0, words
    done = bare.run("quickstart")
    lines = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert done.returncode == 1
    assert len(lines) == 1
    assert "torch is not installed" in lines[0]
    assert lines[0].endswith("Install them with `pip install 'brewslm[train]'`.")
    assert "Traceback" not in done.stderr
    with bare.server() as url, urllib.request.urlopen(url) as answer:
        assert b"<html" in answer.read()


def test_a_bundle_is_verified_where_nothing_but_the_core_is_and_a_flipped_bit_is_named(
    tmp_path: Path, wheel: Path
) -> None:
    """Made here, carried away, and looked at in an environment without torch, transformers or a workspace."""
    words = ["quickstart", "--keep-going", "--json", "--sample", "support-chat-v1", *as_options(QUICK)]
    made = Brew(tmp_path / "workspace").run_any(*words)
    (tmp_path / "bare").mkdir()
    bare = Bare(tmp_path / "bare", wheel, "")
    bundle = bare.elsewhere / "bundle"
    shutil.copytree(json.loads(made.stdout)["bundle"]["folder"], bundle)
    shutil.rmtree(tmp_path / "workspace")
    heavy = "import importlib.util as u; print([n for n in ('torch', 'transformers', 'peft') if u.find_spec(n)])"
    found = subprocess.run([bare.venv / "bin" / "python", "-c", heavy], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"

    whole = bare.run("bundle", "verify", "bundle", "--json")
    assert whole.returncode == 0, whole.stderr
    assert json.loads(whole.stdout)["is_whole"]
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=bundle, check=True)

    for path in sorted(path for path in bundle.rglob("*") if path.is_file()):
        path.chmod(0o644)
        flip(path)
        done = bare.run("bundle", "verify", "bundle")
        assert done.returncode == 1, path
        told = done.stdout + done.stderr
        # A changed list of checksums is seen by the file that it then is wrong about.
        assert path.name in told or path.name == "SHA256SUMS", told
        assert "Traceback" not in told
        flip(path)
    assert bare.run("bundle", "verify", "bundle").returncode == 0


def flip(path: Path) -> None:
    """Flip one bit in the middle; once more, and it is as it was."""
    with path.open("r+b") as file:
        middle = path.stat().st_size // 2
        file.seek(middle)
        byte = file.read(1)[0]
        file.seek(middle)
        file.write(bytes([byte ^ 1]))
