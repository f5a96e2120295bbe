"""What all torch models train with: the learning rate's course, random streams that never
repeat.
"""

import pytest

from tasks.core.torch.learning_rate import learning_rate
from tasks.core.torch.loop import epoch_seed


def test_learning_rate_rises_then_falls_to_zero_or_stays():
    assert [learning_rate(share, 0.5, 0.1) for share in (0.05, 0.1, 0.55, 1.0)] == pytest.approx(
        [0.25, 0.5, 0.25, 0.0]
    )
    assert [
        learning_rate(share, 0.5, 0.1, cosine=False) for share in (0.05, 0.1, 1.0)
    ] == pytest.approx([0.25, 0.5, 0.5])


def test_no_epoch_of_no_seed_and_no_process_repeats_the_randomness_of_another():
    assert (
        len(
            {
                epoch_seed(seed, epoch, process)
                for seed in range(20)
                for epoch in range(20)
                for process in range(3)
            }
        )
        == 1200
    )
