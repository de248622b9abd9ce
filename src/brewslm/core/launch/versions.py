"""Which packages a training imports, in which versions; `pyproject.toml` says the same to installers."""

import re
from dataclasses import dataclass

from brewslm.core.ports.machine import Machine
from brewslm.core.recipe.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Needed:
    """A package, from a version on and below another."""

    name: str
    least: str
    below: str

    def problem(self, version: str | None) -> str | None:
        """Return what is wrong with the installed version, None where nothing is."""
        if version is None:
            return f"{self.name} is not installed"
        if not _numbers(self.least) <= _numbers(version) < _numbers(self.below):
            return f"{self.name} is {version}, and {self.least} or newer below {self.below} is needed"
        return None


TRAINING = (
    Needed("peft", "0.21", "1"),
    Needed("safetensors", "0.8", "1"),
    Needed("torch", "2.13", "3"),
    Needed("transformers", "5.23", "6"),
)
OF_METHOD = {"qlora": (Needed("bitsandbytes", "0.50", "1"),)}


def needed_by(recipe: Recipe) -> tuple[Needed, ...]:
    """Return what the worker imports for this recipe."""
    return (*TRAINING, *OF_METHOD.get(recipe.method, ()))


def versions_now(recipe: Recipe, machine: Machine) -> dict[str, str | None]:
    """Return what is installed of it."""
    return {one.name: machine.package_version(one.name) for one in needed_by(recipe)}


def said_missing(error: BaseException, *, extra: str) -> str | None:
    """Say which library of TRAINING is missing, and what brings it; None where the error is another one."""
    if not isinstance(error, ModuleNotFoundError) or error.name not in {one.name for one in TRAINING}:
        return None
    return f"{error.name} is not installed. Install it with `pip install 'brewslm[{extra}]'`."


def _numbers(version: str) -> tuple[int, ...]:
    """Return the release of a version, without what comes after it: `2.13.0+cpu` is 2, 13, 0."""
    release = re.match(r"\d+(\.\d+)*", version)
    return tuple(int(part) for part in release[0].split(".")) if release else ()
