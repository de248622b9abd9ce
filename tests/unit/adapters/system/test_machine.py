"""The machine, as a process in a container or on a laptop sees it."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import psutil
import pytest

from brewslm.adapters.system.cgroup import Limits, read_limits
from brewslm.adapters.system.machine import SystemMachine

MIB = 1 << 20


def tree(root: Path, files: Mapping[str, str]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


def test_a_group_of_version_2_limits(tmp_path: Path) -> None:
    here = "sys/fs/cgroup/work/job"
    root = tree(
        tmp_path,
        {
            "proc/self/cgroup": "0::/work/job\n",
            f"{here}/memory.max": f"{512 * MIB}\n",
            f"{here}/memory.current": f"{100 * MIB}\n",
            f"{here}/memory.stat": f"anon 5\ninactive_file {30 * MIB}\n",
            f"{here}/cpu.max": "150000 100000\n",
        },
    )
    assert read_limits(root) == Limits(memory_bytes=512 * MIB, memory_used_bytes=70 * MIB, num_cores=2)


def test_the_tightest_ancestor_counts(tmp_path: Path) -> None:
    root = tree(
        tmp_path,
        {
            "proc/self/cgroup": "0::/work/job\n",
            "sys/fs/cgroup/work/job/memory.max": "max\n",
            "sys/fs/cgroup/work/job/cpu.max": "max 100000\n",
            "sys/fs/cgroup/work/memory.max": f"{256 * MIB}\n",
            "sys/fs/cgroup/work/memory.current": f"{6 * MIB}\n",
            "sys/fs/cgroup/work/cpu.max": "50000 100000\n",
            "sys/fs/cgroup/memory.max": f"{512 * MIB}\n",
        },
    )
    assert read_limits(root) == Limits(memory_bytes=256 * MIB, memory_used_bytes=6 * MIB, num_cores=1)


def test_groups_of_version_1_limit(tmp_path: Path) -> None:
    root = tree(
        tmp_path,
        {
            "proc/self/cgroup": "9:memory:/box\n3:cpu,cpuacct:/box\n1:name=systemd:/box\n",
            "sys/fs/cgroup/memory/box/memory.limit_in_bytes": f"{64 * MIB}\n",
            "sys/fs/cgroup/memory/box/memory.usage_in_bytes": f"{20 * MIB}\n",
            "sys/fs/cgroup/memory/box/memory.stat": f"total_inactive_file {4 * MIB}\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
            "sys/fs/cgroup/cpu/box/cpu.cfs_quota_us": "300000\n",
            "sys/fs/cgroup/cpu/box/cpu.cfs_period_us": "100000\n",
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
        },
    )
    assert read_limits(root) == Limits(memory_bytes=64 * MIB, memory_used_bytes=16 * MIB, num_cores=3)


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"proc/self/cgroup": ""},
        {"proc/self/cgroup": "nonsense\n0::/\n"},
        {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "much\n", "sys/fs/cgroup/cpu.max": ""},
        {"proc/self/cgroup": "0::/../../outside\n", "sys/fs/cgroup/cpu.max": "max 100000"},
    ],
)
def test_what_is_missing_or_odd_limits_nothing(tmp_path: Path, files: dict[str, str]) -> None:
    assert read_limits(tree(tmp_path, files)) == Limits()


def test_a_container_counts_and_not_its_host(tmp_path: Path) -> None:
    root = tree(
        tmp_path,
        {
            "proc/self/cgroup": "0::/\n",
            "sys/fs/cgroup/memory.max": f"{300 * MIB}\n",
            "sys/fs/cgroup/memory.current": f"{100 * MIB}\n",
            "sys/fs/cgroup/cpu.max": "100000 100000\n",
        },
    )
    facts = SystemMachine(root).facts()
    assert (facts.num_cores, facts.memory_bytes, facts.free_memory_bytes) == (1, 300 * MIB, 200 * MIB)


@pytest.mark.parametrize(
    ("flags", "is_fast"),
    [("fpu sse amx_bf16 amx_tile", True), ("avx512_bf16", True), ("fpu avx2 avx512f", False), ("my_amx_bf16x", False)],
)
def test_bfloat16_is_fast_where_the_processor_says_so(tmp_path: Path, flags: str, is_fast: bool) -> None:
    root = tree(tmp_path, {"proc/cpuinfo": f"processor\t: 0\nmodel name\t: amx_bf16\nflags\t\t: {flags}\n"})
    facts = SystemMachine(root).facts()
    assert facts.has_fast_bfloat16 is (is_fast or bool(facts.gpus))


def fake_driver(folder: Path, script: str) -> None:
    program = folder / "nvidia-smi"
    program.write_text(f"#!{sys.executable}\n{script}\n")
    program.chmod(0o755)


def test_gpus_are_those_that_the_driver_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_driver(tmp_path, "print('NVIDIA H200\\nNVIDIA H200\\n')")
    monkeypatch.setenv("PATH", str(tmp_path))
    facts = SystemMachine(tmp_path).facts()
    assert facts.gpus == ("NVIDIA H200", "NVIDIA H200")
    assert facts.has_fast_bfloat16


DRIVER = """
import sys
if sys.argv[1].startswith("--query-compute-apps"):
    print("GPU-b, 4711, 61440\\nGPU-b, 99999999, [N/A]")
elif "uuid" in sys.argv[1]:
    print("GPU-a, NVIDIA H200, 143771, 4\\nGPU-b, NVIDIA H200, 143771, 61500\\nGPU-c, broken, [N/A], [N/A]")
else:
    print("NVIDIA H200\\nNVIDIA H200")
"""


def test_who_uses_a_gpu_is_told_with_its_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_driver(tmp_path, DRIVER)
    monkeypatch.setenv("PATH", str(tmp_path))
    free, used = SystemMachine(tmp_path).gpus()
    assert (free.processes, free.free_bytes) == ((), (143771 - 4) * MIB)
    assert [(one.pid, one.memory_bytes) for one in used.processes] == [(4711, 61440 * MIB), (99999999, None)]
    assert not used.processes[1].is_worker
    (mine,) = SystemMachine(tmp_path, visible_gpus="1").gpus()
    assert mine == used


def test_a_driver_that_fails_means_no_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_driver(tmp_path, "print('NVIDIA-SMI has failed'); raise SystemExit(9)")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert SystemMachine(tmp_path).facts().gpus == ()
    assert SystemMachine(tmp_path).gpus() == ()


def test_this_machine_has_facts_that_make_sense() -> None:
    facts = SystemMachine().facts()
    assert 1 <= facts.num_cores <= (os.cpu_count() or 1)
    assert 0 < facts.free_memory_bytes <= facts.memory_bytes <= psutil.virtual_memory().total
    assert facts.python == ".".join(map(str, sys.version_info[:3]))
