"""A training that is to be over in time: how many epochs fit, by the speed of those that are
done.
"""

from __future__ import annotations

from collections.abc import Sequence

from tasks.core.cli.log import log

TIME_METRICS = ("epoch_seconds", "validation_seconds")


def epochs_within(
    minutes: float, epochs: int, done: Sequence[dict[str, float]], family: str
) -> int:
    """The number of epochs that fit the budget: at most `epochs`, and at least those that are done,
    or one.

    The learning rate follows the answer, so that a training cut short still ends with small steps.

    Args:
        minutes: the budget.
        epochs: as many as it would have without one.
        done: the figures of each epoch so far, with `epoch_seconds`; one that was validated has
            `validation_seconds`.

    >>> epochs_within(10, 60, [{"epoch_seconds": 50.0, "validation_seconds": 10.0}], "planted")
    10
    """
    if not done:
        return epochs
    each = sum(one.get(name, 0.0) for one in done for name in TIME_METRICS) / len(done)
    fit = max(len(done), int(60 * minutes / max(each, 1e-9)))
    if fit < epochs:
        limit = (
            {
                "because": f"one epoch takes {each / 60:.3g} minutes: the budget holds none, "
                f"and one is trained"
            }
            if 60 * minutes < each
            else {}
        )
        log(
            f"{family}.budget",
            minutes=minutes,
            epochs=fit,
            instead_of=epochs,
            minutes_an_epoch=each / 60,
            **limit,
        )
    return min(fit, epochs)
