"""Base models: bundled ones, local folders, and those of the Hugging Face hub."""

import re
from pathlib import Path
from typing import Protocol

from brewslm.adapters.sources.bundled import BASE_MODELS_FOLDER
from brewslm.adapters.sources.facts import read_facts
from brewslm.adapters.sources.hub import download_model
from brewslm.core.errors import BaseModelError
from brewslm.core.ports.base_models import BaseModelFacts

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*(?:@[\w./-]+)?")


class Download(Protocol):
    """Gets a model of the hub."""

    def __call__(self, name: str, *, is_offline: bool) -> Path:
        """Return the model's folder.

        Raises:
            BaseModelError: it cannot be had.
        """


class LocalBaseModels:
    """Implements `core.ports.base_models.BaseModels`."""

    def __init__(
        self,
        bundled_folder: Path = BASE_MODELS_FOLDER,
        *,
        is_offline: bool = False,
        download: Download = download_model,
    ) -> None:
        """Look for bundled models in `bundled_folder/<name>/`, and ask `download` for those of the hub.

        Args:
            bundled_folder: the models that come with the package.
            is_offline: whether the hub may not be asked; what it gave before is still found.
            download: gets a model of the hub.
        """
        self._bundled_folder = bundled_folder
        self._download = download
        self._is_offline = is_offline

    def locate(self, name: str) -> Path:
        """Return the folder of a bundled model, a local folder, or a (downloaded) Hugging Face model.

        Raises:
            BaseModelError: there is no such model, or it lacks a file that is needed.
        """
        folder = self._find(name)
        lacking = [what for what, is_there in _needs(folder) if not is_there]
        if lacking:
            raise BaseModelError(
                f"The base model {name!r} lacks {' and '.join(lacking)}. Choose another, or complete it."
            )
        return folder

    def facts(self, name: str) -> BaseModelFacts:
        """Locate it and read its facts.

        Raises:
            BaseModelError: as `locate`, or its configuration cannot be read.
        """
        return read_facts(self.locate(name), name)

    def _find(self, name: str) -> Path:
        bundled = sorted(file.parent.name for file in self._bundled_folder.glob("*/config.json"))
        if name in bundled:
            return (self._bundled_folder / name).absolute()
        try:
            local = Path(name).expanduser()
            is_folder = bool(name.strip()) and local.is_dir()
        except (OSError, ValueError, RuntimeError):
            is_folder, local = False, Path()
        if is_folder:
            return local.absolute()
        is_path = name.startswith((".", "/", "~"))
        if _HUB_ID.fullmatch(name) and not is_path:
            return self._download(name, is_offline=self._is_offline)
        message = (
            f"There is no base model {name[:200]!r}. Name a bundled one ({', '.join(bundled) or 'none'}), "
            "a folder, or a Hugging Face id such as `owner/name`."
        )
        raise BaseModelError(message)


def _needs(folder: Path) -> tuple[tuple[str, bool], ...]:
    return (
        ("config.json", (folder / "config.json").is_file()),
        ("tokenizer.json", (folder / "tokenizer.json").is_file()),
        ("weights in safetensors format", any(folder.glob("*.safetensors"))),
    )
