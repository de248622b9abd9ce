"""The closed sets of the mapping are documented, each member of them, and in the docs stands no other."""

import re
from pathlib import Path
from typing import get_args

import pytest

from brewslm.core.artifacts.dataset import RejectionReason, RepairRule
from brewslm.core.artifacts.transforms import Transform
from brewslm.core.data.example import Shape
from brewslm.core.mapping.convert import CONVERTERS, REQUIRED_ROLES
from brewslm.core.mapping.plugin import COLUMNS

PAGE = (Path(__file__).parents[4] / "docs" / "mapping.md").read_text(encoding="utf-8")
OPS = {member.model_fields["op"].default for member in get_args(get_args(Transform)[0])}


@pytest.mark.parametrize(
    ("header", "members"),
    [
        ("shape", set(get_args(Shape))),
        ("transform", OPS),
        ("reason", {str(one) for one in RejectionReason}),
        ("repair", {str(one) for one in RepairRule}),
    ],
)
def test_a_closed_set_is_documented_whole(header: str, members: set[str]) -> None:
    table = PAGE.split(f"\n| {header} |", 1)[1].split("\n\n", 1)[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == members


def test_every_shape_has_a_converter_its_roles_and_columns_for_plugins() -> None:
    assert set(CONVERTERS) == set(REQUIRED_ROLES) == set(COLUMNS) == set(get_args(Shape))
    for shape, sets in REQUIRED_ROLES.items():
        assert any(all(getattr(COLUMNS[shape], role) is not None for role in roles) for roles in sets), shape
