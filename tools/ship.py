"""Lock and release: `python tools/ship.py lock`."""
import sys
from shipping.lock import write_lock
print("\n".join(write_lock(sys.argv[2:])))
