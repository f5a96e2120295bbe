"""Notifications are sent on failure, hold, approval request, promotion, rollback and a missed
deadline. Each says what happened, what is live, and what to do.

    messages.py   the text: what happened, what is live now, the page, the next step
    channels.py   the channel: the task's log, e-mail or a webhook, as the Airflow connection
                  `recall_notices` says
    notice.py     the notifier that tasks carry
    deadline.py   the deadline of the daily chain

A notification never fails the task it is about: an error while sending is a line in the log.
"""

from recall.notices.deadline import deadline
from recall.notices.notice import Notice

__all__ = ["Notice", "deadline"]
