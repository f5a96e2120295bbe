"""Notices: what people are told when something fails, is held, waits for them, goes up, goes back,
or is late.

    told.py       what is said: what happened, what is live now, the page, the next step
    channels.py   where it goes: the task's log, e-mail or a webhook, as the Airflow connection
                  `recall_notices` says
    notice.py     the notifier that tasks carry
    deadline.py   the deadline on the daily chain

A notice never fails what it speaks of: whatever goes wrong in telling is a line in the log.
"""

from recall.notices.deadline import deadline
from recall.notices.notice import Notice

__all__ = ["Notice", "deadline"]
