"""A training says what memory it needs before it starts, and is refused where there is too
little.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from tasks.core.cli.errors import BadRequest
from tasks.core.cli.log import Progress
from tasks.core.store.store import Store
from tasks.core.torch import hardware
from tasks.core.torch.process_group import ProcessGroup
from tasks.gru4rec import memory_estimate, training
from tasks.gru4rec.default_sizes import decide_sizes
from tasks.gru4rec.fit import fit
from tasks.gru4rec.settings import Settings
from tasks.gru4rec.trainer import Trainer, network_shape
from tests import worlds
from tests.gru4rec.conftest import SMALL, random_histories, request

CPU = torch.device("cpu")


def test_too_little_memory_is_said_before_anything_is_trained(tmp_path, monkeypatch):
    fit_request = request(Store(tmp_path.as_uri()), worlds.chained(users=50), "small")
    monkeypatch.setattr(hardware, "available_bytes", lambda device: 10e6)
    monkeypatch.setattr(training, "Trainer", None)
    with pytest.raises(
        BadRequest,
        match=r"would need about .* GB of memory; got '0.01 GB free on "
        "(cpu|cuda:0)'.*batch_positions",
    ):
        fit(fit_request)


def test_a_process_without_a_gpu_of_its_own_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setenv("LOCAL_RANK", "1")
    with pytest.raises(
        BadRequest, match=r"more processes than GPUs.*process 2 and 1 GPUs.*nproc-per-node 1"
    ):
        hardware.prepare_device("auto", 1)


def test_the_estimate_grows_with_what_takes_memory():
    def gigabytes(items: int, **settings) -> float:
        chosen = decide_sizes(Settings(**settings), 200_000, 1)
        return memory_estimate.estimate_bytes(chosen, network_shape(chosen, items), 10**6) / 1e9

    assert gigabytes(5000) < gigabytes(5000, batch_positions=50_000) and gigabytes(
        5000, full_softmax_items=0
    ) < gigabytes(5000)
    assert 2.5 < gigabytes(1_000_000) - gigabytes(0) < 20, (
        "a million items: ten times 256 MB, and the scores of validation"
    )


def test_more_than_what_a_step_takes_but_of_its_order():
    """The tensors alive in one step of a wide network, counted by torch, against the estimate
    without the interpreter.
    """
    settings = dataclasses.replace(
        SMALL, dimension=64, hidden=256, batch_positions=3200, full_softmax_items=5000
    )
    histories = random_histories([101] * 31, 3000)
    trainer = Trainer(settings, histories, np.ones(3000), 0, CPU, ProcessGroup())
    with torch.profiler.profile(
        activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True
    ) as profile:
        trainer.epoch(1, Progress("test", 1, "positions", every=1e9))
    alive = peak = 0
    for event in sorted(
        (e for e in profile.profiler.kineto_results.events() if e.name() == "[memory]"),
        key=lambda e: e.start_ns(),
    ):
        alive += event.nbytes()
        peak = max(peak, alive)
    predicted = (
        memory_estimate.estimate_bytes(
            settings, network_shape(settings, 3000), len(histories.items)
        )
        - hardware.RUNTIME_BYTES
    )
    assert peak < predicted < 6 * peak


def test_free_memory_is_that_of_this_machine():
    assert 1e8 < hardware.available_bytes(CPU) < 1e14 and 0.01 < hardware.peak_gb(CPU) < 1000
