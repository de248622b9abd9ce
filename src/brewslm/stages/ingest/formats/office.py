"""DOCX: one document a file, read from the XML inside it."""

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from xml.etree.ElementTree import Element, ParseError, iterparse

from brewslm.stages.ingest.reading.record import Record, malformed, record_of_value

MAX_XML_BYTES = 512 << 20
"""Of the unpacked text of a document."""
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_HEADING = re.compile(r"(heading|title|berschrift|titre|titel)", re.IGNORECASE)


def read_docx(path: Path, name: str) -> Iterator[Record]:
    """Yield one `{"path": …, "text": …, "title": …}`: paragraphs a line each, cells of a table row between tabs."""
    try:
        with zipfile.ZipFile(path) as archive:
            info = archive.getinfo("word/document.xml")
            if info.file_size > MAX_XML_BYTES:
                problem = f"its text unpacks to more than {MAX_XML_BYTES >> 20} MiB"
                yield malformed(1, 0, raw=name, problem=problem)
                return
            with archive.open(info) as head:
                if b"<!DOCTYPE" in head.read(4096):
                    yield malformed(1, 0, raw=name, problem="its XML has a document type, which Word never writes")
                    return
            with archive.open(info) as xml:
                lines, title = _lines_of(xml)
    except (zipfile.BadZipFile, KeyError, ParseError, OSError, EOFError, NotImplementedError, RuntimeError) as error:
        why = " ".join(str(error).split())[:200]
        yield malformed(1, 0, raw=name, problem=f"the DOCX is damaged: {why}")
        return
    except Exception as error:
        if isinstance(error, MemoryError):
            raise
        yield malformed(1, 0, raw=name, problem=f"the DOCX is damaged: {type(error).__name__}")
        return
    text = "\n".join(lines).strip()
    if not text:
        yield malformed(1, 0, raw=name, problem="the document holds no text")
        return
    yield record_of_value({"text": text, "path": name} | ({"title": title} if title else {}), name, 1, 0)


def _lines_of(xml: IO[bytes]) -> tuple[list[str], str]:
    lines: list[str] = []
    title = ""
    row: list[str] | None = None
    for event, node in iterparse(xml, events=("start", "end")):  # noqa: S314 - as above
        if node.tag == f"{_W}tr":
            if event == "start":
                row = []
            else:
                lines.append("\t".join(row or []))
                row = None
                node.clear()
        elif event == "end" and node.tag == f"{_W}tc" and row is not None:
            row.append(" ".join(_paragraph(inner) for inner in node.iter(f"{_W}p")))
        elif event == "end" and node.tag == f"{_W}p" and row is None:
            text = _paragraph(node)
            style = node.find(f"{_W}pPr/{_W}pStyle")
            if not title and text and style is not None and _HEADING.search(style.get(f"{_W}val", "")):
                title = text[:300]
            lines.append(text)
            node.clear()
    return lines, title


def _paragraph(node: Element) -> str:
    marks = {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-"}
    return "".join(
        (inner.text or "") if inner.tag == f"{_W}t" else marks.get(inner.tag, "") for inner in node.iter()
    ).strip()
