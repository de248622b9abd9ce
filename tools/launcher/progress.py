"""What a person sees while setup works: one living line in a terminal, plain lines elsewhere."""

import sys
import time
from typing import TextIO

PLAIN_INTERVAL_SECONDS = 15.0
_WIDTH = 100


class Progress:
    """Tells the steps of setup as they go, on standard error so that `--json` output stays clean."""

    def __init__(self, num_steps: int, *, stream: TextIO = sys.stderr) -> None:
        """Begin before the first step."""
        self._stream = stream
        self._is_terminal = stream.isatty()
        self._num_steps = num_steps
        self._number = 0
        self._title = ""
        self._began = self._last_line_at = time.monotonic()

    def say(self, text: str) -> None:
        """Print one line."""
        self._clear()
        self._stream.write(f"{text}\n")
        self._stream.flush()

    def step(self, title: str) -> None:
        """Begin the next step."""
        self._number += 1
        self._title = title
        self._began = self._last_line_at = time.monotonic()
        if self._is_terminal:
            self.update("")
        else:
            self.say(f"  [{self._number}/{self._num_steps}] {title} ...")

    def update(self, detail: str) -> None:
        """Show how far the step is; where there is no terminal, at most every few seconds."""
        now = time.monotonic()
        line = f"  [{self._number}/{self._num_steps}] {self._title}: {detail or '...'} ({now - self._began:.0f} s)"
        if self._is_terminal:
            self._stream.write(f"\r{line[:_WIDTH]:<{_WIDTH}}\r")
            self._stream.flush()
        elif now - self._last_line_at >= PLAIN_INTERVAL_SECONDS:
            self._last_line_at = now
            self.say(line)

    def done(self, detail: str) -> None:
        """End the step."""
        self.say(
            f"  [{self._number}/{self._num_steps}] {self._title}: {detail} ({time.monotonic() - self._began:.0f} s)"
        )

    def _clear(self) -> None:
        if self._is_terminal:
            self._stream.write(f"\r{'':<{_WIDTH}}\r")
