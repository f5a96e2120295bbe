"""The vocabulary: the items that a model learns."""

from __future__ import annotations

import numpy as np

from tasks.core.cli.errors import RefusedData


def vocabulary(frequencies: np.ndarray, minimum_count: int) -> np.ndarray:
    """bool (items): liked by `minimum_count` users or more in the training part.

    Raises:
        RefusedData: fewer than two are.
    """
    known = frequencies >= max(minimum_count, 1)
    if known.sum() < 2:
        raise RefusedData(
            f"{int(known.sum())} items are liked by {minimum_count} users or more",
            allowed="at least two",
            got=f"at most {int(frequencies.max(initial=0))} users an item",
            remedy=(
                "lower minimum_count"
                if minimum_count > 1
                else "hold out fewer rows of each user (split)"
            )
            + ", or ingest more data",
        )
    return known
