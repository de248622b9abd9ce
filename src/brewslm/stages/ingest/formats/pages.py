"""HTML and PDF: one document a file."""

import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from brewslm.stages.ingest.formats.extras import needing_documents
from brewslm.stages.ingest.reading.encoding import Encoding
from brewslm.stages.ingest.reading.record import Record, malformed, record_of_value

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

MAX_HTML_BYTES = 64 << 20
_LEFT_OUT = ("script", "style", "noscript", "template", "svg", "iframe", "head")
_BLOCKS = frozenset(
    {
        *("p", "div", "section", "article", "main", "header", "footer", "nav", "aside", "ul", "ol", "li", "dl", "dt"),
        *("dd", "table", "tr", "pre", "blockquote", "figure", "figcaption", "form", "h1", "h2", "h3", "h4", "h5", "h6"),
        *("br", "hr", "details", "summary", "address", "tbody", "thead", "caption"),
    }
)
_SPACES = re.compile(r"[ \t\xa0]+")
_BREAKS = re.compile(r" ?\n[ \n]*\n ?")


def read_html(path: Path, name: str, encoding: Encoding) -> Iterator[Record]:
    """Yield one `{"path": …, "text": …, "title": …}`; the text is what a reader sees, a line per block."""
    with needing_documents(name):
        from selectolax.lexbor import LexborHTMLParser
    data = path.read_bytes()[encoding.bom_bytes :]
    source = data[:MAX_HTML_BYTES].decode(encoding.name, "replace" if encoding.is_wide else "surrogateescape")
    if len(data) > MAX_HTML_BYTES:
        yield malformed(1, 0, raw=source[:65536], problem=f"the page is larger than {MAX_HTML_BYTES >> 20} MiB")
        return
    try:
        source.encode()
    except UnicodeEncodeError as error:
        problem = f"character {error.start + 1} of the page is not {encoding.name.upper()}"
        yield malformed(1, 0, raw=source[:65536], problem=problem)
        return
    tree = LexborHTMLParser(source.replace("\0", "\N{REPLACEMENT CHARACTER}"))
    title = tree.css_first("title")
    heading = title.text(strip=True) if title is not None else ""
    tree.strip_tags(list(_LEFT_OUT))
    text = _seen_text(tree.body or tree.root)
    if not text:
        yield malformed(1, 0, raw=source[:65536], problem="the page shows no text")
        return
    value = {"text": text, "path": name} | ({"title": heading[:300]} if heading else {})
    yield record_of_value(value, source[:65536], 1, 0)


def _seen_text(root: "LexborNode | None") -> str:
    if root is None:
        return ""
    parts: list[str] = []
    for node in root.traverse(include_text=True):
        if node.tag == "-text":
            parts.append(" ".join(f"|{node.text_content or ''}|".split())[1:-1] if node.text_content else "")
        elif node.tag in _BLOCKS:
            parts.append("\n")
        elif node.tag in {"td", "th"}:
            parts.append("\t")
    text = _SPACES.sub(" ", "".join(parts))
    return _BREAKS.sub("\n\n", text.replace("\n ", "\n").replace(" \n", "\n")).strip()


def read_pdf(path: Path, name: str) -> Iterator[Record]:
    """Yield one `{"pages": …, "path": …, "text": …, "title": …}`, or a malformed record where there is no text."""
    with needing_documents(name):
        import pypdf
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # its remarks on damage would fill the log
    try:
        reader = pypdf.PdfReader(path)
        if reader.is_encrypted and not reader.decrypt(""):
            yield malformed(1, 0, raw=name, problem="the PDF is locked with a password; save it without")
            return
        pages = [page.extract_text().strip() for page in reader.pages]
        title = str(reader.metadata.title or "") if reader.metadata else ""
    except (MemoryError, ImportError):
        raise
    except Exception as error:  # noqa: BLE001 - a damaged PDF may raise anything; it is one malformed record
        why = " ".join(str(error).split())[:200] or type(error).__name__
        yield malformed(1, 0, raw=name, problem=f"the PDF is damaged: {why}")
        return
    text = "\n\n".join(page for page in pages if page)
    if not text:
        problem = f"none of the {len(pages):,} pages of the PDF holds text; run text recognition (OCR) on it first"
        yield malformed(1, 0, raw=name, problem=problem)
        return
    text = text.replace("\0", "").encode("utf-8", "replace").decode()
    value: dict[str, str | int] = {"text": text, "path": name, "pages": len(pages)}
    yield record_of_value(value | ({"title": title[:300]} if title else {}), name, 1, 0)
