"""Becomes the command that follows, which dies with the thread that started it: `python rank.py PARENT COMMAND…`.

A Ray worker has many threads, so it must not run code of ours between fork and exec; this process does it instead.
Standard library only, as the shim's.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(parent: int, command: list[str]) -> int:
    """Ask the kernel for the signal, look whether the parent is still there, and become the command."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() == parent:
        os.execvp(command[0], command)  # noqa: S606 - an argument list, without a shell
    return 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
