"""The device a training runs on, and whether its memory suffices."""

from __future__ import annotations

import os
import resource

import torch

from tasks.core.cli.errors import BadRequest
from tasks.core.cli.log import log

RUNTIME_BYTES = 600e6  # bytes of the interpreter with torch, before any data


def prepare_device(name: str, threads: int) -> torch.device:
    """The device to train on (`auto`, `cpu` or `cuda`), with torch set to give the same result
    every time.

    Raises:
        BadRequest: a GPU is asked for and none is here; more processes on this machine than it has
            GPUs.
    """
    if name == "cuda" and not torch.cuda.is_available():
        raise BadRequest(
            "no GPU is here",
            got="settings.device 'cuda'",
            allowed="'auto' or 'cpu'",
            remedy="leave settings.device at 'auto'",
        )
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # or cuBLAS is not repeatable
    torch.use_deterministic_algorithms(True)
    torch.utils.deterministic.fill_uninitialized_memory = (
        False  # a guard against reading what was never written: 7 % of the time
    )
    torch.set_num_threads(threads)
    if name == "cpu" or not torch.cuda.is_available():
        return torch.device("cpu")
    number, gpus = int(os.environ.get("LOCAL_RANK", 0)), torch.cuda.device_count()
    if number >= gpus:  # two processes on one GPU take turns, and NCCL refuses them
        raise BadRequest(
            "more processes than GPUs on this machine",
            got=f"process {number + 1} and {gpus} GPUs",
            allowed="one process a GPU",
            remedy=f"give torchrun --nproc-per-node {gpus}, or set settings.device to 'cpu'",
        )
    return torch.device("cuda", number)


def check_memory(family: str, needed: float, device: torch.device, remedy: str) -> None:
    """Say how much a training will need, before it starts.

    Args:
        needed: bytes at the peak.
        remedy: which settings to lower.

    Raises:
        BadRequest: more than is free.
    """
    free = available_bytes(device)
    log(f"{family}.memory", needed_gb=needed / 1e9, free_gb=free / 1e9)
    if needed > free:
        raise BadRequest(
            f"the training would need about {needed / 1e9:.2f} GB of memory",
            got=f"{free / 1e9:.2f} GB free on {device}",
            remedy=remedy,
        )


def available_bytes(device: torch.device) -> int:
    """Bytes that are free: the GPU's, or the smaller of the machine's and of what is left to this
    container.
    """
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    machine = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    with open("/proc/meminfo") as lines:
        machine = next(
            (1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")),
            machine,
        )
    try:
        with (
            open("/sys/fs/cgroup/memory.max") as limit,
            open("/sys/fs/cgroup/memory.current") as used,
        ):
            return min(machine, int(limit.read()) - int(used.read()))
    except (OSError, ValueError):  # no such group, or no limit ("max")
        return machine


def peak_gb(device: torch.device) -> float:
    """Most memory in use so far, in GB: of the GPU, or of this process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 1e9
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
