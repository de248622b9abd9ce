"""Every state in which a power cut may leave a folder, at every prefix of what was done to its disk.

A file keeps what was synced; of the rest nothing, half, zeros or all. A folder keeps the names that were synced; of the
later changes any subset, where a rename is one change. Both for each file and folder on its own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations, product
from pathlib import Path

from tests.fakes.disks import Operation

Tree = dict[str, "bytes | Tree"]
"""Names to contents, or to what is in a folder."""


@dataclass
class _File:
    content: bytes = b""
    durable: bytes = b""

    def sync(self) -> None:
        self.durable = self.content

    def variants(self) -> list[bytes]:
        rest = self.content[len(self.durable) :]
        ends = (b"", rest[: len(rest) // 2], bytes(len(rest)), rest) if rest else (b"",)
        return [self.durable + end for end in dict.fromkeys(ends)]


@dataclass
class _Folder:
    names: "dict[str, _File | _Folder]" = field(default_factory=dict)
    durable: "dict[str, _File | _Folder]" = field(default_factory=dict)
    pending: "list[dict[str, _File | _Folder | None]]" = field(default_factory=list)
    """Changes that are not synced: names to what they mean, None where they mean nothing any more."""

    def change(self, **change: "_File | _Folder | None") -> None:
        self.pending.append(change)
        self.names = _changed(self.names, [change])

    def sync(self) -> None:
        self.durable, self.pending = self.names, []

    def variants(self) -> list[Tree]:
        found: list[Tree] = []
        for changes in _subsets(self.pending):
            names = _changed(self.durable, changes)
            parts = [_ends(name, inode.variants()) for name, inode in names.items()]
            found += [dict(zip(names, chosen, strict=True)) for chosen in product(*parts)]
        return list({repr(sorted(tree.items())): tree for tree in found}.values())


def crash_states(operations: Sequence[Operation], root: Path) -> Iterator[tuple[int, Tree]]:
    """Yield each state that `root` may be found in, with how many of the operations had been done."""
    for done in range(len(operations) + 1):
        for tree in _replayed(operations[:done], root).variants():
            yield done, tree


def materialise(tree: Tree, folder: Path) -> None:
    folder.mkdir()
    for name, content in tree.items():
        if isinstance(content, bytes):
            (folder / name).write_bytes(content)
        else:
            materialise(content, folder / name)


def _replayed(operations: Sequence[Operation], root: Path) -> _Folder:
    top = _Folder()
    for operation in operations:
        if operation.path == root:
            assert operation.kind == "sync"
            top.sync()
            continue
        *folders, name = operation.path.relative_to(root).parts
        folder = top
        for part in folders:
            if part not in folder.names:
                folder.change(**{part: _Folder()})
            folder = _as_folder(folder.names[part])
        _apply(operation, folder, name)
    return top


def _apply(operation: Operation, folder: _Folder, name: str) -> None:
    match operation.kind:
        case "make":
            folder.change(**{name: _File()})
        case "write":
            _as_file(folder.names[name]).content += operation.data
        case "sync":
            folder.names[name].sync()
        case "rename":
            assert operation.target is not None
            assert operation.target.parent == operation.path.parent
            folder.change(**{name: None, operation.target.name: folder.names[name]})
        case "remove":
            folder.change(**{name: None})


def _subsets(changes: "list[dict[str, _File | _Folder | None]]") -> "list[list[dict[str, _File | _Folder | None]]]":
    """All of them; of more than five changes those that keep or lose one, or a beginning."""
    count = len(changes)
    if count <= 5:
        chosen = {places for size in range(count + 1) for places in combinations(range(count), size)}
    else:
        chosen = {tuple(range(size)) for size in range(count + 1)}
        chosen |= {(place,) for place in range(count)}
        chosen |= {tuple(other for other in range(count) if other != place) for place in range(count)}
    return [[changes[place] for place in places] for places in sorted(chosen)]


def _changed(
    names: "dict[str, _File | _Folder]", changes: "Sequence[dict[str, _File | _Folder | None]]"
) -> "dict[str, _File | _Folder]":
    merged: dict[str, _File | _Folder | None] = dict(names)
    for change in changes:
        merged |= change
    return {name: inode for name, inode in merged.items() if inode is not None}


def _ends(name: str, variants: "list[bytes] | list[Tree]") -> "list[bytes] | list[Tree]":
    """Of what no reader looks at, the extremes will do."""
    return variants if not name.startswith(".") else [variants[0], variants[-1]][: len(variants)]


def _as_folder(inode: "_File | _Folder") -> _Folder:
    assert isinstance(inode, _Folder)
    return inode


def _as_file(inode: "_File | _Folder") -> _File:
    assert isinstance(inode, _File)
    return inode
