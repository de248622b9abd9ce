"""What every machine promises; run on the fake and on the real one."""

from collections.abc import Callable
from pathlib import Path

import pytest

from brewslm.adapters.system.machine import SystemMachine
from brewslm.core.ports.machine import Machine
from tests.fakes.machine import FakeMachine


@pytest.fixture(params=[lambda: FakeMachine(packages={"pydantic": "2"}), SystemMachine], ids=["fake", "system"])
def machine(request: pytest.FixtureRequest) -> Machine:
    make: Callable[[], Machine] = request.param
    return make()


def test_the_facts_are_whole_numbers_of_something(machine: Machine) -> None:
    facts = machine.facts()
    assert facts.num_cores >= 1
    assert 0 < facts.free_memory_bytes <= facts.memory_bytes
    assert facts.python
    assert facts.platform
    assert machine.facts().gpus == facts.gpus


def test_free_disk_is_known_for_a_folder_that_is_not_there_yet(machine: Machine, tmp_path: Path) -> None:
    assert machine.free_disk_bytes(tmp_path) > 0
    assert machine.free_disk_bytes(tmp_path / "not" / "yet") > 0


def test_a_package_has_a_version_or_is_missing(machine: Machine) -> None:
    assert machine.package_version("pydantic")
    assert machine.package_version("no-such-distribution") is None
