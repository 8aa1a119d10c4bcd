"""Computes the figures of `domain.rs` from rows, and prints where answers differ. Independent of oponn."""

import collections
import datetime
import decimal
import json
import sys

UTC = datetime.timezone.utc
INDIA = datetime.timezone(datetime.timedelta(hours=5, minutes=30))
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=UTC)
HALF_EVEN = decimal.Context(prec=34, rounding=decimal.ROUND_HALF_EVEN)


def moment(text):
    return datetime.datetime.fromisoformat(text)


def millis(at):
    return (at - EPOCH) // datetime.timedelta(milliseconds=1)


def sessions(moments, gap, unit):
    total, begin, last = 0, None, None
    for at in sorted(moments):
        if last is not None and at - last > gap:
            total += (last - begin) // unit + 1
            begin = at
        begin = at if begin is None else begin
        last = at
    return total if begin is None else total + (last - begin) // unit + 1


def mode(values):
    counts = collections.Counter(values)
    best = max(counts.values(), default=0)
    return next((value for value in reversed(values) if counts[value] == best), None)


def figures(rows, zone):
    def of(field, read=lambda value: value):
        return [read(row[field]) for row in rows if row[field] is not None]

    def times(field, form):
        return len({form(at.astimezone(zone)) for at in of(field, moment)})

    at, sizes, weights = of("at", moment), of("size"), of("weight")
    prices, pages = of("price", decimal.Decimal), of("page")
    price = sum(prices, decimal.Decimal(0))
    return {
        "rows": len(rows),
        "pages": len(set(pages)),
        "sizes": len(set(sizes)),
        "seconds": times("at", lambda at: at.replace(microsecond=0)),
        "minutes": times("at", lambda at: at.strftime("%F %H:%M")),
        "hours": times("at", lambda at: at.strftime("%F %H")),
        "days": times("seen", lambda at: at.date()),
        "weeks": times("seen", lambda at: at.isocalendar()[:2]),
        "months": times("seen", lambda at: (at.year, at.month)),
        "years": times("seen", lambda at: at.year),
        "size": sum(sizes),
        "far": sum(of("far")),
        "weight": sum(weights),
        "price": price,
        "smallest": min(sizes, default=None),
        "lightest": min(weights, default=None),
        "cheapest": min(prices, default=None),
        "first": min(at, default=None),
        "alpha": min(pages, default=None),
        "farthest": max(of("far"), default=None),
        "latest": max(of("day"), default=None),
        "kind": max(of("kind"), default=None),
        "meanSize": sum(sizes) / len(sizes) if sizes else None,
        "meanWeight": sum(weights) / len(weights) if weights else None,
        "meanPrice": HALF_EVEN.divide(price, len(prices)) if prices else None,
        "page": mode(pages),
        "done": mode(of("done")),
        "usual": mode(sizes),
        "spent": sessions(at, datetime.timedelta(minutes=10), datetime.timedelta(minutes=1)),
        "spentSeconds": sessions(
            of("seen", moment), datetime.timedelta(hours=36), datetime.timedelta(seconds=1)
        ),
    }


def expected(given, answer):
    rows = sorted(given["rows"].items())
    rows = [row for _, row in rows if row["user"] == answer["user"]]
    if "site" in answer:
        # All of the rows, in the order of their ids.
        return figures([row for row in rows if row["site"] == answer["site"]], UTC)
    now, hour = given["now"], 3_600_000
    rows = [row for row in rows if row["at"] is not None]
    rows = [row for row in rows if now - hour < millis(moment(row["at"])) <= now]
    return figures(sorted(rows, key=lambda row: moment(row["at"])), INDIA)


READ = {"price": decimal.Decimal, "cheapest": decimal.Decimal, "meanPrice": decimal.Decimal, "first": moment}

given = json.load(sys.stdin)
for answer in given["answers"]:
    right = expected(given, answer)
    for name, value in right.items():
        shown = answer[name]
        if shown is not None and name in READ:
            shown = READ[name](shown)
        if shown != value or isinstance(shown, bool) != isinstance(value, bool):
            print(answer["user"], answer.get("site"), name, "is", shown, "and should be", value)
