"""The lines of a CSV file, one by one and with the possibility to put back, or many at once."""

from collections import deque
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from brewslm.stages.ingest.reading.encoding import Encoding
from brewslm.stages.ingest.reading.lines import TOO_LONG, CutLine, Line, decode_line, line_blocks, read_lines


class CsvLines:
    """Lines that can be put back."""

    def __init__(self, path: Path, encoding: Encoding) -> None:
        """Open the file at its first line."""
        self._encoding = encoding
        self._returned: deque[Line] = deque()
        self._wide = read_lines(path, encoding) if encoding.is_wide else iter(())
        self._blocks = iter(()) if encoding.is_wide else line_blocks(path, skip=encoding.bom_bytes)
        self._block: list[bytes | CutLine] = []
        self._used = 0
        self.num_blocks = 0
        """How many blocks have been begun."""
        self.number = 1
        """Of the next line that was never taken."""
        self.byte_offset = encoding.bom_bytes

    def take(self) -> Line | None:
        """The next line; None at the end."""
        if self._returned:
            return self._returned.popleft()
        if self._encoding.is_wide:
            return next(self._wide, None)
        if not self._has_block():
            return None
        line = self._line(self._block[self._used])
        self._used += 1
        return line

    def put_back(self, lines: list[Line]) -> None:
        """Give lines back, in their order."""
        self._returned.extendleft(reversed(lines))

    def upcoming(self) -> list[bytes]:
        """The whole lines that come next, as far as they have been read from the disk; none where one was put back."""
        if self._returned or self._encoding.is_wide or not self._has_block():
            return []
        rest = self._block[self._used :]
        cut = next((index for index, line in enumerate(rest) if isinstance(line, CutLine)), len(rest))
        return [line for line in islice(rest, cut) if isinstance(line, bytes)]

    def skip(self, lines: Sequence[bytes]) -> None:
        """Go past lines that `upcoming` gave first."""
        self._used += len(lines)
        self.number += len(lines)
        self.byte_offset += sum(map(len, lines))

    def lengthen(self) -> bool:
        """Read another block behind what is upcoming; False at the end of the file."""
        more = next(self._blocks, None)
        if more is None:
            return False
        self._block = self._block[self._used :] + more
        self._used = 0
        self.num_blocks += 1
        return True

    def _has_block(self) -> bool:
        return self._used < len(self._block) or self.lengthen()

    def _line(self, data: bytes | CutLine) -> Line:
        number, offset, name = self.number, self.byte_offset, self._encoding.name
        self.number += 1
        if isinstance(data, CutLine):
            self.byte_offset += data.num_bytes
            return Line(number, offset, data.head.decode(name, "backslashreplace"), TOO_LONG)
        self.byte_offset += len(data)
        return decode_line(data, number, offset, name)
