"""As many validation users as a catalogue allows; the same ones for a seed."""

from __future__ import annotations

import numpy as np
import pytest

from tasks.core.data.user_sample import sample_size, sample_users


@pytest.mark.parametrize(
    "wanted, items, users",
    [
        (None, 1_682, 5_000),
        (None, 20_000, 5_000),
        (None, 43_000, 2_325),
        (None, 5_000_000, 1_000),
        (70, 43_000, 70),
    ],
)
def test_users_asked_at_most(wanted, items, users):
    assert sample_size(wanted, items) == users


def test_the_same_users_for_a_seed_and_all_where_there_are_few():
    assert np.array_equal(
        sample_users(100, 10, 3), sample_users(100, 10, 3)
    ) and not np.array_equal(sample_users(100, 10, 3), sample_users(100, 10, 4))
    assert len(set(sample_users(100, 10, 3))) == 10 and np.array_equal(
        sample_users(5, 10), np.arange(5)
    )
