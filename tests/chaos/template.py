"""A template whose workers may be struck from within: see `tests/chaos/worker.py`."""

import os
import sys

from brewslm.worker.template.__main__ import main
from tests.chaos.worker import work

if __name__ == "__main__":
    os._exit(main(sys.argv[1:], work=work))
