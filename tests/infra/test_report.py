"""What `make run` says at its end."""

from __future__ import annotations

from infra.local.report import elsewhere, repeated


def test_rows_that_are_neither_kept_nor_set_aside_are_told_so_that_the_sum_is_that_of_the_rows_read():
    accounts = {"rows_in": 104, "kept": 100, "quarantined": 1, "superseded": 2, "later": 1}
    assert elsewhere(accounts) == "2 superseded by or the same as those of another delivery, 1 of days to come, "
    assert elsewhere(accounts | {"superseded": 0, "later": 0}) == ""


def test_repeats_are_told_with_what_follows_from_them_and_nothing_where_there_is_none():
    got = {"repeats": 1500, "recommend_seen": True, "recommend_seen_because": "it is set"}
    assert repeated(got) == "  1,500 of the kept rows repeat another; what was met may be recommended again: it is set"
    assert repeated(got | {"repeats": 0}) == "" == repeated({})
