"""A worker that writes down what it looks like, and a template of it that loads no libraries.

`interpreter` writes a stand-in for Python that starts these in the place of the real ones.
"""

import json
import os
import resource
import signal
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[4]
LOOKS_FILE = "looks.json"


def interpreter(folder: Path, *, template: str = "template") -> str:
    """Write the stand-in; its template is one of the modes of `main`."""
    path = folder / f"python-{template}"
    here, own = sys.executable, f"-P -m {__name__}"
    path.write_text(
        f'#!/bin/sh\nPYTHONPATH="{ROOT / "src"}:{ROOT}"\nexport PYTHONPATH\ncase "$*" in\n'
        f'    "-P -m brewslm.worker.template "*) shift 3; exec {here} {own} {template} "$@" ;;\n'
        f'    "-P -m brewslm.worker "*) shift 3; exec {here} {own} worker "$@" ;;\n'
        f'esac\nexec {here} "$@"\n'
    )
    path.chmod(0o755)
    return str(path)


def looks() -> dict[str, Any]:
    """What the system and libraries can see of this process."""
    status = dict(line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines())
    umask = os.umask(0)
    os.umask(umask)
    return {
        "words": sys.argv[-2:],
        "command": Path("/proc/self/cmdline").read_text().rstrip("\0").split("\0")[-2:],
        "mark": [line for line in Path("/proc/self/environ").read_text().split("\0") if "BREWSLM_WORKER_OF" in line],
        "environment": {
            name: value for name, value in os.environ.items() if name not in {"_", "SHLVL", "PWD", "OLDPWD"}
        },
        "cwd": str(Path.cwd()),
        "umask": umask,
        "signals": {name: status[name] for name in ("SigBlk", "SigIgn")},
        "threads": status["Threads"],
        "files": {int(link.name): _kind(link) for link in list(Path("/proc/self/fd").iterdir()) if link.is_symlink()},
        "limits": [resource.getrlimit(number) for number in range(16)],
        "path": sys.path,
        "leads its group": os.getpgid(0) == os.getpid(),
        "in the session of its parent": os.getsid(0) == os.getppid(),
        "hears": [signal.getsignal(number) is signal.SIG_DFL for number in (signal.SIGTERM, signal.SIGCHLD)],
    }


def _kind(link: Path) -> str:
    return str(link.readlink()).split(":")[0]


def work(words: list[str]) -> int:
    """Write the looks; stay, or end with a code, as `work.json` says."""
    folder = Path(words[0])
    draft = folder / f"{LOOKS_FILE}.tmp"
    draft.write_text(json.dumps(looks()))
    draft.replace(folder / LOOKS_FILE)
    print("said", flush=True)
    wanted = json.loads((folder / "work.json").read_text())
    if wanted == "stay":
        while True:
            time.sleep(3600)
    return int(wanted)


def main(mode: str, arguments: list[str]) -> int:
    """Be the worker, a template of it, or a template that is unfit."""
    from brewslm.worker.template.__main__ import main as be_template

    def start_thread() -> None:
        import threading

        threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()

    def fail() -> None:
        message = "no libraries here"
        raise ImportError(message)

    match mode:
        case "worker":
            return work(arguments)
        case "template":
            return be_template(arguments, load=lambda: None, work=work)
        case "threads":
            return be_template(arguments, load=start_thread, work=work)
        case "broken":
            return be_template(arguments, load=fail, work=work)
    return 1


if __name__ == "__main__":
    os._exit(main(sys.argv[1], sys.argv[2:]))
