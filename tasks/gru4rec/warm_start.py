"""Day over day: the champion's network as the beginning of today's.

    candidates/gru4rec/<id>/network.safetensors    the trained tensors, items in the order of the
                                                   candidate's rows

Items that both days know begin where they ended; new ones begin as in a first training.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from tasks.core.cli.log import log
from tasks.core.data.snapshot import Snapshot
from tasks.core.models.warm_start import unfit_reason
from tasks.core.retrieval.candidate import Candidate
from tasks.gru4rec.model import BY_ITEM, Network

WEIGHTS_FILE = "network.safetensors"


def save_state(folder: Path, weights: dict[str, Tensor]) -> None:
    """Write what the next training may begin with."""
    save_file(
        {name: tensor.cpu().contiguous() for name, tensor in weights.items()}, folder / WEIGHTS_FILE
    )


def load_previous_weights(
    network: Network, champion: Candidate | None, snapshot: Snapshot, item_ids: list[str]
) -> bool:
    """Put the champion's weights into today's network; False, with the reason in the log, where
    they do not fit.

    Args:
        network: untrained; its item rows are those of `item_ids`.
        champion: of an earlier day, or None.
        snapshot: today's.
    """
    why = (
        unfit_reason(champion, snapshot, WEIGHTS_FILE)
        if champion
        else "no champion of an earlier day"
    )
    if champion is None or why:
        log("gru4rec.cold_start", why=why)
        return False
    weights = load_file(champion.artefact.file(WEIGHTS_FILE))
    if wrong := _other_shapes(network, weights):
        log("gru4rec.cold_start", why=f"its network is of another shape: {', '.join(wrong)}")
        return False
    then = champion.rows_of(item_ids)
    now = np.flatnonzero(then >= 0)
    _copy_weights(network, weights, now, then[now])
    log(
        "gru4rec.warm_start",
        champion=champion.artefact.id,
        day=champion.artefact.facts["day"],
        items=len(now),
        new=len(item_ids) - len(now),
    )
    return True


def _copy_weights(
    network: Network, weights: dict[str, Tensor], now: np.ndarray, then: np.ndarray
) -> None:
    """Of tables by item, rows `then` of the champion's become rows `now`; all others as they
    are.
    """
    with torch.no_grad():
        for name, tensor in network.state_dict().items():
            if name in BY_ITEM:
                rows = weights[name][torch.from_numpy(then).long()]
                tensor[torch.from_numpy(now)] = rows.to(tensor.device)
            else:
                tensor.copy_(weights[name])


def _other_shapes(network: Network, weights: dict[str, Tensor]) -> list[str]:
    """Names of tensors that one of the two lacks or that differ in more than the number of
    items.
    """
    mine = {
        name: tensor.shape[1:] if name in BY_ITEM else tensor.shape
        for name, tensor in network.state_dict().items()
    }
    theirs = {
        name: tensor.shape[1:] if name in BY_ITEM else tensor.shape
        for name, tensor in weights.items()
    }
    return sorted(
        name for name in mine.keys() | theirs.keys() if mine.get(name) != theirs.get(name)
    )
