"""The OpenAPI document tells the truth: no answer that it does not declare, and none of 5xx, whatever is sent."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode, openapi
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.schemas import BaseSchema

from brewslm.api.app import create_app
from brewslm.api.guard import allowed_hosts
from brewslm.bootstrap.container import open_house
from brewslm.bootstrap.house import House
from brewslm.bootstrap.settings import Settings

HOST = {"Host": "127.0.0.1:8000"}
load_all_checks()
PROMISED = CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
    ]
)
"""Not that every body of the right types is taken: what fields are together is not said by a schema."""


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A house with a project, whose folder to serve is empty."""
    house = open_house(Settings(home=tmp_path / "home", is_offline=True, brew=tmp_path), actor="api")
    house.projects.create("one")
    return house


def schema_of(house: House) -> BaseSchema:
    app = create_app(house, hosts=allowed_hosts(8000, host="127.0.0.1"))
    return openapi.from_asgi("/api/openapi.json", app=app, headers=HOST)


def tried(schema: BaseSchema, mode: GenerationMode, num_examples: int) -> int:
    """Ask every operation; return how many there were to ask."""
    num_asked = 0
    for found in schema.get_all_operations():
        operation = found.ok()

        @settings(
            max_examples=num_examples,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: Case) -> None:
            case.call_and_validate(headers=HOST, checks=PROMISED)

        try:
            ask()
        except Unsatisfiable:  # nothing about it can be wrong
            continue
        num_asked += 1
    return num_asked


def test_every_operation_answers_as_the_document_says(house: House) -> None:
    assert tried(schema_of(house), GenerationMode.POSITIVE, 1) > 70


@pytest.mark.long
@pytest.mark.parametrize(("mode", "fewest"), [(GenerationMode.POSITIVE, 70), (GenerationMode.NEGATIVE, 60)])
def test_every_operation_answers_so_whatever_is_sent(house: House, mode: GenerationMode, fewest: int) -> None:
    assert tried(schema_of(house), mode, 50) > fewest
