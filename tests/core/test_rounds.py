"""What a training says of how far it is: one sentence, whose time left counts all that is still to
be done.
"""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tasks.core.cli.log import Progress, say, words
from tasks.core.registry.run_recorder import RunRecorder
from tasks.core.registry.training_progress import RECALL, TrainingProgress


@pytest.fixture
def clock(monkeypatch):
    """Seconds that pass when they are told to."""
    now = SimpleNamespace(seconds=1000.0)
    for module in ("tasks.core.cli.log.time", "tasks.core.registry.training_progress.time"):
        monkeypatch.setattr(
            module, SimpleNamespace(monotonic=lambda: now.seconds, strftime=lambda form: "12:00:00")
        )
    return now


@pytest.fixture
def said(capfd):
    """The last sentence, without its brackets."""
    return lambda: (
        capfd.readouterr()
        .err.strip()
        .splitlines()[-1]
        .removeprefix("12:00:00 progress: ")
        .partition(" [")[0]
    )


def trained(
    clock, rounds: TrainingProgress, number: int, recall: float, last: int | None = None
) -> None:
    """One epoch of 100 units in a minute and its validation in half of one; `last`: the last one,
    if a budget has brought it nearer.
    """
    rounds.begin(number)
    clock.seconds += 60
    rounds.add(100)
    rounds.validate()
    clock.seconds += 30
    rounds.recorder.epoch(number, {RECALL: recall})
    rounds.end(last or rounds.last)


def test_the_sentence_tells_the_epoch_the_best_recall_and_the_time_of_all_that_is_left(clock, said):
    rounds = TrainingProgress("epoch", 15, 100, "positions", RunRecorder("gru4rec", "id", None))
    for number, recall in enumerate((0.3, 0.418, 0.412), 1):
        trained(clock, rounds, number, recall)
    rounds.begin(4)
    clock.seconds += 30
    rounds.add(50)
    # 11.5 epochs of 60 s and 12 validations of 30 s: 1050 s
    assert (
        said() == "epoch 4 of 15, about 18 min left, recall@50 .412 (best .418, epoch 2), 23 % done"
    )


def test_before_the_first_validation_the_time_left_is_a_lower_bound_and_with_patience_an_upper_one(
    clock, said
):
    rounds = TrainingProgress(
        "epoch", 15, 100, "positions", RunRecorder("gru4rec", "id", None), patience=3
    )
    rounds.begin(1)
    assert said() == "epoch 1 of 15, 0 % done"
    clock.seconds += 30
    rounds.add(50)
    assert said() == "epoch 1 of 15, over 14 min left, 3 % done"
    clock.seconds += 30
    rounds.add(50)
    rounds.validate()
    assert said().startswith("validation of epoch 1 of 15, ")
    rounds.recorder.epoch(1, {RECALL: 0.25})
    rounds.end(rounds.last)
    rounds.begin(2)
    assert said() == "epoch 2 of 15, up to 14 min left, recall@50 .250 (the best), 6 % done"


def test_a_budget_that_ends_the_training_earlier_shortens_what_is_left(clock, said):
    rounds = TrainingProgress("epoch", 15, 100, "positions", RunRecorder("gru4rec", "id", None))
    trained(clock, rounds, 1, 0.3, last=5)
    rounds.begin(2)
    clock.seconds += 30
    rounds.add(50)
    assert said() == "epoch 2 of 5, about 6 min left, recall@50 .300 (the best), 30 % done"


def test_a_training_that_goes_on_after_a_kill_counts_only_what_is_still_to_be_done(clock, said):
    recorder = RunRecorder("gru4rec", "id", None)
    for number in (1, 2, 3):
        recorder.epoch(number, {RECALL: 0.1 * number})
    rounds = TrainingProgress("epoch", 5, 100, "positions", recorder, done=3)
    trained(clock, rounds, 4, 0.2)
    rounds.begin(5)
    clock.seconds += 30
    rounds.add(50)
    assert said() == "epoch 5 of 5, about 60 s left, recall@50 .200 (best .300, epoch 3), 75 % done"


def test_of_processes_that_train_together_only_the_leader_speaks(clock, capfd):
    rounds = TrainingProgress(
        "epoch", 5, 100, "positions", RunRecorder("gru4rec", "id", None), leads=False
    )
    rounds.begin(1)
    clock.seconds += 30
    rounds.add(50)
    assert capfd.readouterr().err == ""


def test_work_of_one_piece_tells_its_share_and_the_time_left_and_no_time_when_it_is_done(
    clock, said
):
    with Progress("drawing walks", 100, "steps") as progress:
        clock.seconds += 30
        progress.add(40)
        assert said() == "drawing walks, 40 % done, about 45 s left"
        progress.add(60)
    assert said() == "drawing walks, 100 % done"


def test_a_line_is_written_in_one_piece_with_its_fields_behind_the_sentence(clock, capfd):
    say("step 1 of 4: looking", files=3, what="a b")
    say("step 2 of 4: reading")
    assert (
        capfd.readouterr().err
        == "12:00:00 progress: step 1 of 4: looking [files=3 what='a b']\n12:00:00 progress: "
        "step 2 of 4: reading\n"
    )


@pytest.mark.parametrize(
    "seconds, expected",
    [
        (0.2, "1 s"),
        (7, "7 s"),
        (43, "45 s"),
        (89, "90 s"),
        (91, "2 min"),
        (3540, "59 min"),
        (9000, "2.5 h"),
    ],
)
def test_times_in_words(seconds, expected):
    assert words(seconds) == expected
