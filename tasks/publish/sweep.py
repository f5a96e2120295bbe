"""Verb `sweep`: delete generations that nobody can need, by their own list of keys."""

from __future__ import annotations

import json
import time

from tasks.core.connection import answering, connect
from tasks.core.keys import Names
from tasks.core.log import log
from tasks.publish.claims import Claim, entries
from tasks.publish.scripts import RETIRE
from tasks.publish.settings import SweepRequest


def sweep(request: SweepRequest) -> dict:
    """Delete what is neither live nor the one before, and cannot go live any more.

    A generation claimed before the live one went live is refused by `go_live` for ever, so it goes at once, half-loaded or not,
    even while its loader still runs: that one is told at its next batch. One claimed later is on its way, until it is given up.
    """
    names, client, kept, swept, keys = Names(request.family), connect(), {}, [], 0
    with answering(client):
        for generation in entries(client, names):
            outcome, *told = [part.decode() for part in client.eval(
                RETIRE, 5, names.live, names.claims, names.generations, names.manifest(generation), names.fence, generation,
                time.time(), 3600 * request.abandoned_after_hours)]
            if outcome == "retired":
                keys += _delete(Claim(client, names, generation, int(told[0])), json.loads(told[1]))
                swept.append(generation)
            elif outcome != "gone":
                kept[generation] = outcome
    log("publish.swept", family=request.family, generations=len(swept), keys=keys, kept=len(kept))
    return {"family": request.family, "deleted_generations": swept, "deleted_keys": keys, "kept": kept}


def _delete(claim: Claim, entry: dict) -> int:
    gone = claim.delete(claim.names.buckets(claim.generation, entry["plan"]))
    claim.forget()
    return gone
