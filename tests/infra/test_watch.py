"""What `make run` waits for: which runs must come, and which need not."""

from __future__ import annotations

import pytest

from infra.local.watch import Watch


def watch(**trainings: tuple[str, str]) -> Watch:
    """Families with the state of their training and of its task `promote`; `fused` follows them."""
    made = Watch(None, [*trainings, "fused"], {"fused"}, "1998-04-15", "run", set())
    made.followed["ingest"].state = "success"
    for family, (state, promoted) in trainings.items():
        made.followed[f"train_{family}"].state, made.followed[f"train_{family}"].tasks = state, {"promote": {"state": promoted}}
    return made


@pytest.mark.parametrize("linear, wanted, state", [(("awaited", ""), False, "awaited"), (("success", "skipped"), True, "awaited")])
def test_a_family_that_follows_others_comes_when_all_are_over_and_one_has_a_new_champion(linear, wanted, state):
    made = watch(gru4rec=("success", "success"), linear=linear)
    assert (made._wanted(made.followed["train_fused"]), made.followed["train_fused"].state) == (wanted, state)
    assert made._wanted(made.followed["publish_gru4rec"])


def test_it_is_not_wanted_when_every_challenger_was_held_nor_is_its_publication():
    made = watch(gru4rec=("success", "skipped"), linear=("success", "skipped"))
    for dag in ("train_fused", "publish_fused", "publish_linear"):
        assert not made._wanted(made.followed[dag]) and made.followed[dag].state == "not wanted", dag
