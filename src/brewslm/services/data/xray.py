"""The mask X-ray: an example as the worker packs it, token by token."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from brewslm.core.artifacts.manifest import Manifest, SplitName
from brewslm.core.errors import ArtifactDamagedError, NotFoundError
from brewslm.core.ids import ArtifactId, ProjectId
from brewslm.core.value import Value
from brewslm.core.wire.shard import (
    EXAMPLES_FILE,
    MASK_DTYPE,
    MASK_FILE,
    OFFSETS_DTYPE,
    OFFSETS_FILE,
    PADDING_ID,
    REJECTED_FOLDER,
    ROW_MULTIPLE,
    TOKENS_DTYPE,
    TOKENS_FILE,
)
from brewslm.services.ports import Ports
from brewslm.services.projects import Projects
from brewslm.services.shelf import ProjectShelf
from brewslm.stages.prepare.tokens.tokenizer import load_tokenizer

if TYPE_CHECKING:
    from tokenizers import Tokenizer

TokenState = Literal["trained", "context", "padding"]


class XrayToken(Value):
    """One token of a row."""

    id: int
    text: str
    """What it spells; its name in the vocabulary where it is a part of a character."""
    state: TokenState
    """`trained`: the loss is taken over predicting it. `context`: the model sees it. `padding`: it fills the row."""
    is_special: bool


class Xray(Value):
    """An example as the worker packs it, in a row of its own."""

    manifest_id: ArtifactId
    split: SplitName
    index: int
    """Its place in the split, from 0."""
    num_examples: int
    """In the split."""
    example_id: str
    source_row: int
    is_rejected: bool
    """Whether this is the worse answer of a preference."""
    num_trained: int
    tokens: tuple[XrayToken, ...]


class Xrays:
    """The service."""

    def __init__(self, ports: Ports, projects: Projects) -> None:
        """Bind it to the ports."""
        self._ports, self._projects = ports, projects

    def look(
        self,
        project_id: ProjectId,
        manifest_id: ArtifactId | None = None,
        *,
        split: SplitName = "train",
        index: int = 0,
        is_rejected: bool = False,
    ) -> Xray:
        """Return one example of a manifest; the current one where none is named.

        Raises:
            NotFoundError: there is no such manifest, or no such example in the split.
            ArtifactDamagedError: the tokenizer is not the one that the data was tokenised with.
        """
        named = manifest_id or self._projects.current(project_id, "prepare")
        if named is None:
            self._projects.get(project_id)
            message = f"project {project_id} has no splits yet; make them with `brewslm prepare --project {project_id}`"
            raise NotFoundError(message)
        shelf = ProjectShelf(self._ports.storage, self._ports.store, project_id)
        manifest = shelf.read(Manifest, named)
        described = manifest.split(split)
        if not 0 <= index < described.num_examples:
            message = f"split {split!r} has {described.num_examples:,} examples, counted from 0; there is no {index:,}"
            raise NotFoundError(message)
        folder = shelf.path(described.folder)
        page = self._ports.tables.page(folder / EXAMPLES_FILE, start=index, limit=1)
        tokens = self._tokens(manifest, folder / REJECTED_FOLDER if is_rejected else folder, index)
        return Xray(
            manifest_id=named,
            split=split,
            index=index,
            num_examples=described.num_examples,
            example_id=page[0]["id"],
            source_row=page[0]["source_row"],
            is_rejected=is_rejected,
            num_trained=sum(token.state == "trained" for token in tokens),
            tokens=tokens,
        )

    def _tokens(self, manifest: Manifest, folder: Path, index: int) -> tuple[XrayToken, ...]:
        model = load_tokenizer(self._ports.base_models.locate(manifest.base_model), manifest.shape)
        if model.tokenizer_hash != manifest.tokenizer_hash:
            message = (
                f"the tokenizer of {manifest.base_model!r} has changed since the data was prepared; "
                "prepare the dataset again"
            )
            raise ArtifactDamagedError(message)
        special = {number for number, token in model.tokenizer.get_added_tokens_decoder().items() if token.special}
        row = row_of(folder, index)
        return tuple(
            XrayToken(id=number, text=spelling(number, model.tokenizer), state=state, is_special=number in special)
            for number, state in row
        )


def row_of(folder: Path, index: int) -> list[tuple[int, TokenState]]:
    """Token ids and states of one example in a row of its own, as `worker/packing.py` lays it out.

    Raises:
        NotFoundError: the files hold no such example: the split is not one of preferences, or is damaged.
    """
    import numpy as np

    try:
        offsets = np.memmap(folder / OFFSETS_FILE, dtype=OFFSETS_DTYPE, mode="r")
        start, end = int(offsets[index]), int(offsets[index + 1])
        tokens = np.memmap(folder / TOKENS_FILE, dtype=TOKENS_DTYPE, mode="r")[start:end].tolist()
        mask = np.memmap(folder / MASK_FILE, dtype=MASK_DTYPE, mode="r")[start:end].tolist()
    except (OSError, ValueError, IndexError) as error:
        message = f"{folder.name!r} holds no example {index}: {error}; prepare the dataset again"
        raise NotFoundError(message) from error
    row: list[tuple[int, TokenState]] = [
        (token, "trained" if is_trained else "context") for token, is_trained in zip(tokens, mask, strict=True)
    ]
    return row + [(PADDING_ID, "padding")] * (-len(row) % ROW_MULTIPLE)


def spelling(number: int, tokenizer: "Tokenizer") -> str:
    """What a token spells; its name in the vocabulary where it is no whole character, or nothing."""
    text = tokenizer.decode([number], skip_special_tokens=False)
    if text and "\ufffd" not in text:
        return str(text)
    return tokenizer.id_to_token(number) or f"<{number}>"
