"""Build and check the web interface: `python tools/studio.py build|api|check|format`."""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import openapi
from launcher.failures import SetupError
from launcher.place import Place
from launcher.studio import Node, Studio, bring_packages, build, find_node

SCRIPTS = {
    "api": ("api",),
    "check": ("api:check", "types", "lint", "format:check", "test"),
    "format": ("format",),
}


def main(words: list[str]) -> int:
    """Do one thing; 1 where it does not work."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("build", *SCRIPTS))
    what: str = parser.parse_args(words).what
    studio = Studio(Place(Path(__file__).resolve().parent.parent))
    try:
        with tempfile.TemporaryFile() as lock:
            if what == "build":
                build(studio, lock=lock.fileno(), show=lambda _: None)
                print(f"studio: built in {studio.page.parent.relative_to(studio.place.root)}")
                return 0
            node = find_node(studio.place)
            if node is None:
                raise SetupError("Node 20.19 or newer is not here", "run `./brewslm --setup`, which brings it")
            bring_packages(studio, node, lock=lock.fileno(), show=lambda _: None, has_tools=True)
    except SetupError as error:
        print(f"studio: {error}", file=sys.stderr)
        return 1
    if what in {"api", "check"}:
        openapi.main([str(studio.sources / "openapi.json")])
    return next((code for script in SCRIPTS[what] if (code := _run(studio, node, script))), 0)


def _run(studio: Studio, node: Node, script: str) -> int:
    path = f"{node.folder}{os.pathsep}{os.environ.get('PATH', '')}"
    command = [*node.npm, "run", "--silent", script]
    code = subprocess.run(command, cwd=studio.sources, env={**os.environ, "PATH": path}, check=False).returncode
    if code:
        print(f"studio: `{script}` failed. Next: {_ADVICE.get(script, 'mend what it says')}", file=sys.stderr)
    return code


_ADVICE = {"api:check": "run `make studio-api`, and commit src/api/schema.ts", "format:check": "run `make format`"}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
