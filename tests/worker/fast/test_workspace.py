"""The memory of a step is used again, and grows without leaving holes."""

from brewslm.worker.train.fast.workspace import Workspace

FLOAT_BYTES = 4


def test_a_pass_of_fewer_rows_uses_the_same_memory() -> None:
    work = Workspace()
    work.begin(10)
    first = work.take("a", 10, 3)
    work.begin(7)
    assert work.take("a", 7, 3).data_ptr() == first.data_ptr()


def test_a_pass_of_more_rows_keeps_nothing_of_those_before() -> None:
    work = Workspace()
    work.begin(10)
    work.take("a", 10)
    work.take("b", 10)
    work.begin(11)
    work.take("a", 11)
    assert work.num_bytes == 11 * FLOAT_BYTES
