"""Finds the parts of a JSON array or object in a stream, without parsing them.

So one bad part does not spoil the others, and a document of any size is read in flat memory.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from brewslm.stages.ingest.reading.encoding import MARKED, Encoding
from brewslm.stages.ingest.reading.lines import BLOCK_BYTES, MAX_LINE_BYTES
from brewslm.stages.ingest.reading.record import JSON_SPACE

MAX_PART_CHARACTERS = MAX_LINE_BYTES
KEPT_CHARACTERS = 64 << 10

_MARK = re.compile(r'"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"|["\[\]{},]')
_INSIDE = re.compile(r'[^"\\\n]*+(?:\\.[^"\\\n]*+)*+')
_BRACKET = re.compile(r"[\[\]{},]")
_SPACE = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a file."""

    byte_offset: int
    line: int


@dataclass(frozen=True, slots=True)
class Part:
    """One element of an array, or one `"key": value` of an object, without the space around it."""

    text: str
    """The beginning only, where it is cut."""
    place: Place
    is_closed: bool = True
    """False where the text ends before the bracket around it closes."""
    num_characters: int = 0
    """Of the whole part."""

    @property
    def is_cut(self) -> bool:
        """Whether the part is longer than what is read at once."""
        return self.num_characters > len(self.text)


class TextStream:
    """The decoded text of a file from a place on, a window of which is held."""

    def __init__(self, path: Path, encoding: Encoding, start: Place | None = None) -> None:
        """Open at `start`, by default behind the byte-order mark."""
        begin = start or Place(encoding.bom_bytes, 1)
        self._encoding = encoding
        # Undecodable parts become lone surrogates, which make malformed only the records that they are in.
        self._decoder = codecs.getincrementaldecoder(encoding.name)(MARKED if encoding.is_wide else "surrogateescape")
        self._file = path.open("rb")
        self._file.seek(begin.byte_offset)
        self._place, self._placed = begin, 0
        self.text = ""
        """The window."""
        self.is_at_end = False

    def read_more(self) -> bool:
        """Lengthen the window; False at the end of the file."""
        while not self.is_at_end:
            block = self._file.read(BLOCK_BYTES)
            if not block:
                self.is_at_end = True
                self._file.close()
            added = self._decoder.decode(block, final=not block)
            if added:
                self.text += added
                return True
        return False

    def drop(self, num: int) -> None:
        """Forget the first `num` characters of the window."""
        if num > self._placed:
            self.place_of(num)
        self.text = self.text[num:]
        self._placed -= num

    def place_of(self, position: int) -> Place:
        """The place of a position of the window; positions are asked for in rising order."""
        passed = self.text[self._placed : position]
        breaks = passed.count("\n") + passed.count("\r") - passed.count("\r\n")
        if passed.startswith("\n") and self._placed and self.text[self._placed - 1] == "\r":
            breaks -= 1
        is_wide = self._encoding.is_wide
        errors = "surrogatepass" if is_wide else "surrogateescape"
        is_plain = passed.isascii() and not is_wide
        num_bytes = len(passed) if is_plain else len(passed.encode(self._encoding.name, errors))
        self._place = Place(self._place.byte_offset + num_bytes, self._place.line + breaks)
        self._placed = position
        return self._place

    def skip_space(self, position: int) -> int:
        """The first position from `position` on that is no JSON white space; the end of the window at the end."""
        while True:
            match = _SPACE.match(self.text, position)
            position = match.end() if match else position
            if position < len(self.text) or not self.read_more():
                return position


class PartScan:
    """The parts of the array or object that opens where the stream stands."""

    def __init__(self, stream: TextStream) -> None:
        """Take a stream whose window begins with the bracket."""
        self._stream = stream
        self._depth = 0
        self._begin = 1
        self._position = 0
        self._opened: int | None = None
        """Behind the quote of the string that is being read; negative where the window has moved on."""
        self._bare_until = 0
        """Up to here the line has no further string."""
        self._cut: Part | None = None
        """Beginning and length so far of a part that is too long."""
        self.end: int | None = None
        """Where in the window the closing bracket ends, after the last part."""

    def parts(self) -> Iterator[Part]:
        """Yield what stands between the commas.

        Brackets and complete strings are followed; a string ends at its line at the latest, as JSON says. A comma
        before the closing bracket is passed over.
        """
        stream = self._stream
        while True:
            yield from self._scan()
            if self.end is not None:
                return
            self._shrink()
            if not stream.read_more():
                break
        last = self._take(len(stream.text))
        if last is not None:
            yield Part(last.text, last.place, is_closed=False, num_characters=last.num_characters)

    def _scan(self) -> Iterator[Part]:
        """Go through the window as far as it says something for certain."""
        text = self._stream.text
        if self._opened is not None and not self._leave_string(text):
            return
        while (found := self._next_mark(text)) is not None:
            self._position = found.end()
            mark = found.group()
            if mark == '"':
                self._opened = self._position
                if not self._leave_string(text):
                    return
            elif self._ends_part(mark):
                part = self._take(found.start())
                self._begin = self._position
                if part is not None:
                    yield part
                if self._depth == 0:
                    self.end = found.end()
                    return
        self._position = len(text)

    def _next_mark(self, text: str) -> re.Match[str] | None:
        if self._position < self._bare_until:
            found = _BRACKET.search(text, self._position, self._bare_until)
            if found is not None:
                return found
            self._position = self._bare_until
        return _MARK.search(text, self._position)

    def _ends_part(self, mark: str) -> bool:
        """Follow a bracket; say whether the mark is a comma between parts, or the bracket that closes the whole."""
        if mark in "[{":
            self._depth += 1
        elif mark in "]}":
            self._depth -= 1
            return self._depth == 0
        return mark == "," and self._depth == 1

    def _leave_string(self, text: str) -> bool:
        """Go behind the quote that ends the string, or back to its beginning where the line ends first.

        False where more must be read to know.
        """
        match = _INSIDE.match(text, self._position)
        self._position = match.end() if match else self._position
        rest = text[self._position : self._position + 2]
        if not rest or rest == "\\":
            return False
        opened, self._opened = self._opened, None
        if rest[0] != '"' and opened is not None and opened >= 0:
            self._position, self._bare_until = opened, self._position  # no string: brackets in it are brackets
        else:
            self._position += 1
        return True

    def _take(self, end: int) -> Part | None:
        stream = self._stream
        if self._cut is not None:
            cut, self._cut = self._cut, None
            return Part(cut.text, cut.place, num_characters=cut.num_characters + end - self._begin)
        start = self._begin
        text = stream.text[start:end]
        lead = len(text) - len(text.lstrip(JSON_SPACE))
        text = text.strip(JSON_SPACE)
        return Part(text, stream.place_of(start + lead), num_characters=len(text)) if text else None

    def _shrink(self) -> None:
        """Let go of what has been given; of a part that is too long, keep the beginning only."""
        stream = self._stream
        begun = self._position - self._begin
        if self._cut is not None or begun > MAX_PART_CHARACTERS:
            known = self._cut
            text = stream.text[self._begin : self._begin + KEPT_CHARACTERS].lstrip(JSON_SPACE)
            kept = known.text if known is not None else text
            place = known.place if known is not None else stream.place_of(self._begin)
            num = (known.num_characters if known is not None else 0) + begun
            self._cut = Part(kept, place, num_characters=num)
            self._move(self._position)
        elif self._begin > 0:
            self._move(self._begin)

    def _move(self, num: int) -> None:
        self._stream.drop(num)
        self._position -= num
        self._begin = 0
        self._bare_until = max(0, self._bare_until - num)
        if self._opened is not None:
            self._opened -= num
