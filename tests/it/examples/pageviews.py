"""The figures of the specification of page views, computed from lines of JSON. Independent of oponn."""

import collections
import datetime
import json
import sys

WEEK = datetime.timedelta(days=7)
PAUSE = datetime.timedelta(minutes=30)
MINUTE = datetime.timedelta(minutes=1)

now = datetime.datetime.now(datetime.timezone.utc)
views = collections.defaultdict(dict)
for line in sys.stdin:
    view = json.loads(line)
    at = datetime.datetime.fromisoformat(view["timestamp"])
    # The same user and moment twice: an import writes the later one.
    views[view["user_id"]][at] = view["name"]

figures = {}
for user, names in views.items():
    moments = sorted(at for at in names if now - WEEK < at <= now)
    minutes, begin = 0, None
    for at, later in zip(moments, moments[1:] + [None]):
        begin = begin or at
        if later is None or later - at > PAUSE:
            minutes += (at - begin) // MINUTE + 1
            begin = None
    counts = collections.Counter(names[at] for at in moments)
    most = max(counts.values(), default=0)
    figures[user] = {
        "user_id": user,
        "number_pages_viewed_the_last_7_days": len(moments),
        "time_spent_on_site_last_7_days": minutes,
        "number_of_days_active_last_7_days": len({at.date() for at in moments}),
        "most_viewed_page_last_7_days": next((names[at] for at in reversed(moments) if counts[names[at]] == most), None),
    }
json.dump(figures, sys.stdout)
