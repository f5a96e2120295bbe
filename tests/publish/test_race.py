"""Two publishers at once: one wins, the other says so."""

import random
import threading
import time

from tasks.core.cli.errors import Conflict
from tasks.publish.load import load as loading
from tasks.publish.load.claims import load_entries, read_pointer
from tasks.publish.settings import LoadRequest
from tests import generations
from tests.publish.planted import NAMES, made


def test_of_two_publishers_racing_a_hundred_times_the_older_never_wins(root, anywhere, client):
    """Both load and go live at once, in threads; whoever began to load last is live in the end, the
    other says so or was first.
    """
    pair = [made(root, 1), made(root, 1, factory="SQ8", minimum_recall=0.5)]
    for one in pair:
        generations.load(root, one)
    refused, rounds = (
        0,
        100 if anywhere.kind == "one server" else 25,
    )  # the others are the same scripts at the end of slower lines
    chance = random.Random(0)
    for _ in range(rounds):
        outcomes = {}

        def publish(one, pause, outcomes=outcomes):
            try:
                loading.load(LoadRequest(store=root, generation=one["uri"]))
                time.sleep(pause)  # or a busy machine lets the same one go first every time
                generations.switch(root, one)
                outcomes[one["id"]] = "live"
            except Conflict as error:
                outcomes[one["id"]] = str(error)

        threads = [
            threading.Thread(target=publish, args=(one, chance.uniform(0, 0.05))) for one in pair
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        claims = {
            entry["generation"]: entry["fence"] for entry in load_entries(client, NAMES).values()
        }
        newest = max(claims, key=claims.get)
        assert read_pointer(client, NAMES)["generation"] == newest and outcomes[newest] == "live"
        older = [outcome for id, outcome in outcomes.items() if id != newest]
        assert all(
            outcome == "live" or "after this load had started" in outcome for outcome in older
        )
        refused += sum(outcome != "live" for outcome in older)
    assert 0 < refused < rounds  # both orders were met
