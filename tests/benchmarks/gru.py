"""Training speed of GRU4Rec on planted data of MovieLens 1M's shape: `make bench-gru`; the last
line is one JSON object.

Every way of training goes over the same sequences with the product's own network, loss and
optimiser, in passes that take turns, one thread; a figure is the median of its passes. Speeds count
positions that were trained, not those that were only read.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import sys
import time
from collections.abc import Iterator

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from tasks.core.data.histories import Histories
from tasks.core.retrieval.encoders import GRUEncoder
from tasks.core.torch.hardware import peak_gb, prepare_device
from tasks.core.torch.process_group import ProcessGroup
from tasks.gru4rec import trainer as training
from tasks.gru4rec.batches import Batch
from tasks.gru4rec.default_sizes import decide_sizes
from tasks.gru4rec.settings import Settings

USERS, ITEMS, LONGEST = 1500, 3500, 200
SAMPLED = {
    "dimension": 64,
    "hidden": 64,
    "window": LONGEST,
    "full_softmax_items": 0,
    "negatives": 512,
    "input_dropout": 0.0,
    "output_dropout": 0.0,
}
FIRST_WINDOW = 20  # of the first versions, which train one random position a user
PREFIX_WINDOW, PREFIX_BATCH = 50, 2048  # RecBole's
WIDE_BATCH = 51_200  # positions of a step that fills a GPU


def histories(items: int, users: int = USERS) -> Histories:
    """Sequences as long as MovieLens 1M's (lognormal, median 96, mean 165), items by a power
    law.
    """
    random = np.random.default_rng(0)
    lengths = np.clip(np.exp(random.normal(np.log(96), 1.0, users)), 20, 2300).astype(int)
    chances = 1 / np.arange(10, items + 10)
    return Histories.of_lists(
        np.split(
            random.choice(items, lengths.sum(), p=chances / chances.sum()), np.cumsum(lengths)[:-1]
        )
    )


def prefixes(
    of: Histories, window: int, size: int, random: np.random.Generator, *_
) -> Iterator[Batch]:
    """The prefix-augmented layout of RecBole: each position is a sequence of its own, of up to
    `window` items before it, padded to `window`; `size` sequences a batch, in random order."""
    own = np.maximum(of.lengths - 1, 0)
    user = np.repeat(np.arange(len(own)), own)
    end = (
        of.offsets[user] + np.arange(own.sum()) - np.repeat(np.cumsum(own) - own, own) + 1
    )  # row of what is predicted
    length = np.minimum(end - of.offsets[user], window)
    for group in np.array_split(random.permutation(len(user)), -(-len(user) // size)):
        step = np.arange(window)[:, None]
        rows = np.where(step < length[group], end[group] - length[group] + step, end[group] - 1)
        query_rows = (length[group] - 1) * len(group) + np.arange(len(group))
        yield Batch(
            of.items[rows].ravel().astype(np.int64),
            of.items[end[group]].astype(np.int64),
            [len(group)] * window,
            query_rows,
            len(group),
        )


class Way:
    """One way of training, ready to go on for some seconds more."""

    def __init__(self, of: Histories, items: int, layout=training.batches, **settings) -> None:
        chosen = decide_sizes(Settings(**{**SAMPLED, **settings}), 200_000, 1)
        counts = np.bincount(of.items, minlength=items)
        self.trainer = training.Trainer(
            chosen, of, counts, 0, prepare_device(chosen.device, chosen.threads), ProcessGroup()
        )
        self.layout, self.random = layout, np.random.default_rng(0)
        self.trainer.model.train()
        self.queue = itertools.chain.from_iterable(self._epoch() for _ in itertools.count())

    def _epoch(self) -> Iterator[Batch]:
        chosen = self.trainer.settings
        yield from self.layout(
            self.trainer.histories,
            chosen.window,
            chosen.batch_positions,
            self.random,
            chosen.positions == "one",
        )
        self.trainer.settle()  # at the end of every epoch, as in a training

    def speed(self, seconds: float) -> float:
        """Positions a second, over the next `seconds`; at least one batch."""
        started, done, self.moved = time.perf_counter(), 0, 0.0
        while (passed := time.perf_counter() - started) < seconds or not done:
            batch = next(self.queue)
            self.trainer._step(
                batch, 1e-3, self.random, 1
            )  # waits for the device: it reads the loss
            done += batch.whole
            self.moved += self._bytes(batch)
        self.moved /= passed
        return done / passed

    def _bytes(self, batch: Batch) -> float:
        """What a step must move at least: weights, gradients and two moments read and written; what
        the forward pass makes and the gradient of each of it, written and read once."""
        chosen, n = self.trainer.settings, len(batch.inputs)
        network = n * (3 * chosen.dimension + 4 * chosen.hidden) * (2 if self.trainer.halved else 4)
        return 8 * 4 * sum(p.numel() for p in self.trainer.model.parameters()) + 4 * (
            network + 4 * n * (chosen.negatives + 1)
        )


def copy_speed(device: torch.device, size: int = 2**28) -> float:
    """Bytes a second, read and written, of a plain copy: the most that this device's memory
    gives.
    """
    source, target = torch.rand(size // 4, device=device), torch.empty(size // 4, device=device)
    wait = torch.cuda.synchronize if device.type == "cuda" else lambda: None
    spent = []
    for _ in range(20):
        wait()
        started = time.perf_counter()
        target.copy_(source)
        wait()
        spent.append(time.perf_counter() - started)
    return 2 * size / min(spent)


def query_ms(hidden: int, items: int = 50, times: int = 1000) -> float:
    """Milliseconds, median, that the reader's encoder in numpy takes for one user's query, one
    thread.
    """
    random, d = np.random.default_rng(2), SAMPLED["dimension"]
    shapes = (
        (ITEMS, d),
        (d,),
        (d,),
        (3 * hidden, d),
        (3 * hidden,),
        (3 * hidden, hidden),
        (3 * hidden,),
        (d, hidden),
        (d,),
    )
    encoder = GRUEncoder(
        *((0.05 * random.standard_normal(shape)).astype(np.float32) for shape in shapes)
    )
    one, spent = Histories.of_lists([list(range(items))]), []
    with threadpool_limits(1):
        for _ in range(times):
            started = time.perf_counter()
            encoder.encode(one)
            spent.append(time.perf_counter() - started)
    return 1e3 * statistics.median(spent)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python3 -m tests.benchmarks.gru", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--passes", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0, help="of one pass of one way")
    given = parser.parse_args()
    shape = histories(ITEMS)
    ways = {
        "sampled": Way(shape, ITEMS),
        "full": Way(shape, ITEMS, full_softmax_items=ITEMS),
        "one": Way(shape, ITEMS, positions="one", window=FIRST_WINDOW),
        "prefix": Way(shape, ITEMS, prefixes, window=PREFIX_WINDOW, batch_positions=PREFIX_BATCH),
    }
    for way in ways.values():
        way.speed(0)  # the first batch brings memory into being
    device = prepare_device("auto", 1)
    peak = peak_gb(device)
    ways["million"] = Way(histories(1_000_000), 1_000_000)
    ways["million"].speed(0)
    peak_of_million = peak_gb(device)
    ways |= {
        "wide": Way(shape, ITEMS, hidden=256, batch_positions=WIDE_BATCH),
        "sasrec": Way(shape, ITEMS, encoder="sasrec", hidden=256),
    }
    figures, moved = {name: [] for name in ways}, {name: [] for name in ways}
    for _ in range(given.passes):
        for name, way in ways.items():
            figures[name].append(way.speed(given.seconds))
            moved[name].append(way.moved)
        print(
            "  ".join(f"{name} {speeds[-1]:,.0f}/s" for name, speeds in figures.items()),
            file=sys.stderr,
            flush=True,
        )
    ratio = {
        name: round(statistics.median(a / b for a, b in zip(figures["sampled"], figures[name])), 2)
        for name in ways
    }
    bare = copy_speed(device)
    print(
        json.dumps(
            {
                "positions_per_s": round(statistics.median(figures["sampled"])),
                "ratio_full": ratio["full"],
                "ratio_one_position": ratio["one"],
                "ratio_prefix": ratio["prefix"],
                "scale_ratio": ratio["million"],
                **{
                    f"{name}_per_s": round(statistics.median(figures[name]))
                    for name in ("wide", "sasrec")
                },
                "copy_gb_per_s": round(bare / 1e9, 1),
                **{
                    f"bandwidth_share_{name}": round(statistics.median(moved[name]) / bare, 4)
                    for name in ("sampled", "wide")
                },
                "peak_gb": round(peak, 3),
                "peak_gb_million": round(peak_of_million, 3),
                "query_ms_128": round(query_ms(128), 3),
                "query_ms_256": round(query_ms(256), 3),
                "device": str(device),
                "passes": given.passes,
            }
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
