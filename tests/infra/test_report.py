"""What `make run` says at its end."""

from __future__ import annotations

from infra.local.report import elsewhere


def test_rows_that_are_neither_kept_nor_set_aside_are_told_so_that_the_sum_is_that_of_the_rows_read():
    accounts = {"rows_in": 104, "kept": 100, "quarantined": 1, "merged": 2, "superseded": 0, "later": 1}
    assert elsewhere(accounts) == "2 merged into others, 1 of days to come, "
    assert elsewhere(accounts | {"merged": 0, "later": 0}) == ""
