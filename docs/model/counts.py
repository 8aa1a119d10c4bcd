#!/usr/bin/env python3
"""Checks that counts never include a row which an unfinished earlier write has taken out of the list.

A writer finds the lists to repair by the images before and after its own write. So if W0 moves a document out of
list A and stalls, W1, which finds it outside already, does not look at A, and is acknowledged while A still has the
row. The rows that a page shows are compared with their documents; rows that are only counted are not. So the cache
keeps *suspects*: a note adds its document with the time of the write and tells the journal that counts are in doubt.
The tailer brings all writes in their order; those whose times it has reached are suspects no more. A list with a
row of a suspect as of an older time does not count; the reader compares the row with the document and repairs it first.

Where a server is alone with its cache and nobody follows the store, it knows from its own writes how far the cache has
got: a write that is alone says, before it is brought to the cache, that all changes before its first one are there; and
one that ends says that all are there up to when the earliest of the others began.

Tried are all orders of steps of writers, a tailer, a fill, a reader that repairs, and a server that keeps an
answer, for one document and list A. The cache may go back to an earlier state, which nobody reads before the tailer
has taken it over and brought all that had been committed by then. What cache.py and follow.py check (generations,
marks, the index, tokens; vouchers, sessions, beats) is taken for granted.

    python3 docs/model/counts.py
"""
from collections import namedtuple

from explore import check

# The newest state of the document in the list: its time, and whether it stands there (None: nothing known yet).
Row = namedtuple("Row", "time shown")
Writer = namedtuple("Writer", "at t term")
# Of a server of its own. `begun`: the latest commit known then; `last`: that of the last document of the write; `word`:
# what it is about to say that the cache has reached.
Local = namedtuple("Local", "at begun t last word")
Filler = namedtuple("Filler", "at time shown")
Reader = namedtuple("Reader", "at time shown")
Kept = namedtuple("Kept", "shown told")  # an answer that counts A; whether the journal has named A since
# A state of the cache that it may go back to, with the tailer's place.
Saved = namedtuple("Saved", "row suspect reached floor place")
# `log`: for each write, whether it leaves the document in A. `suspect`: the time of the document's latest write.
# `brought`: the tailer has brought all up to there; `reached`: the cache knows that; `late`: a word of that on its way,
# perhaps into an earlier state. `seen`: the latest commit that a server of its own knows of. `must`: what the tailer has to bring before anybody reads. `tailer`: its next step.
World = namedtuple("World", "log writers floor seen suspect reached brought late tailer term must row pending filler"
                   " reader kept saved acked left")

FIRST = True  # before the first write the document stands in A


class Counts:
    def __init__(self, writes, fills=False, repairs=False, keeps=False, lose=0, back=False, own=False, several=False,
                 without=None):
        """`writes`: for each writer, whether its write leaves the document in A. `lose`: how often A may be lost.
        `back`: the cache may go back in time once. `own`: the writers are of one server, alone with its cache.
        `several`: the first of them writes another document after this one."""
        self.writes, self.fills, self.repairs, self.keeps = writes, fills, repairs, keeps
        self.own, self.several = own, several
        self.lose, self.back, self.without = lose, back, without

    def has(self, mechanism):
        return mechanism != self.without

    def start(self):
        saved = Saved(Row(0, FIRST), 0, 0, 0, 0) if self.back else None
        writer = Local("begin", 0, 0, 0, 0) if self.own else Writer("begin", 0, 0)
        return World((), (writer,) * len(self.writes), 0, 0, 0, 0, 0, None, "note", 0, 0, Row(0, FIRST), None,
                     Filler("begin" if self.fills else "done", 0, False),
                     Reader("begin" if self.repairs else "done", 0, False), None, saved, 0, self.lose)

    def value(self, world, t):
        return FIRST if t == 0 else world.log[t - 1]

    def finds(self, world, t):
        """Whether the write at `t` looks for A: its document stood there before it, or does after it."""
        return self.value(world, t - 1) or self.value(world, t)

    def doubted(self, world):
        """Whether A does not count."""
        suspect = world.suspect > world.reached and self.has("suspects")
        return bool(world.row and world.row.shown and suspect and world.suspect > world.row.time)

    def readable(self, world):
        return world.brought >= world.must and world.tailer != "adopt"

    def tell(self, world):
        return world._replace(kept=world.kept and world.kept._replace(told=True))

    def reconcile(self, world, t, shown):
        row, pending = world.row, world.pending
        if not row:
            world = self.tell(world)
        elif t > row.time:
            world = (self.tell(world) if row.shown != shown else world)._replace(row=Row(t, shown))
        if pending and t > pending.time:
            world = world._replace(pending=Row(t, shown))
        return world

    def steps(self, world):
        for i, w in enumerate(world.writers):
            yield from (self.writes_alone(world, i, w) if self.own else self.writes_on(world, i, w))
        if not self.own:
            yield from self.tails(world)
        yield from self.fill(world)
        yield from self.repair(world)
        if self.keeps and self.readable(world) and world.row and not world.kept and not self.doubted(world):
            yield f"S keeps {world.row.shown}", world._replace(kept=Kept(world.row.shown, False))
        if world.saved:
            yield from self.goes_back(world)
        if world.left and world.row:
            yield "A is lost", world._replace(row=None, left=world.left - 1)

    def goes_back(self, world):
        now = Saved(world.row, world.suspect, world.reached, world.floor, world.brought)
        if now != world.saved and self.readable(world):
            yield "the cache is saved", world._replace(saved=now)
        old = world.saved
        yield "the cache goes back", world._replace(
            row=old.row, suspect=old.suspect, reached=old.reached, floor=old.floor, brought=old.place, tailer="adopt",
            pending=None, filler=Filler("done", 0, False), reader=Reader("done", 0, False), kept=None, saved=None)

    def writes_on(self, world, i, w):
        def to(after, at, t=w.t, term=w.term):
            return after._replace(writers=after.writers[:i] + (Writer(at, t, term),) + after.writers[i + 1:])
        if w.at == "begin":
            t = len(world.log) + 1
            after = world._replace(log=world.log + (self.writes[i],))
            yield f"W{i} commits at {t}", to(after, "note", t, world.term)
        if w.at == "note":
            after = world._replace(floor=max(world.floor, w.t))
            if w.t > world.reached:
                after = after._replace(suspect=max(world.suspect, w.t))
                after = self.tell(after) if self.has("counts in the journal") else after
            if self.finds(world, w.t):
                yield f"W{i} notes", to(after, "reconcile")
            else:
                yield f"W{i} notes", to(after, "answer")
        if w.at == "reconcile":
            yield f"W{i} reconciles", to(self.reconcile(world, w.t, self.writes[i]), "answer")
        if w.at == "answer" and self.readable(world) and (w.term == world.term or world.brought >= w.t):
            yield f"W{i} is acknowledged", to(world, "done")._replace(acked=max(world.acked, w.t))

    def writes_alone(self, world, i, w):
        def to(after, at, **now):
            return after._replace(writers=after.writers[:i] + (w._replace(at=at, **now),) + after.writers[i + 1:])
        ended = ("begin", "says at the end", "answer", "done")
        others = [other.begun for j, other in enumerate(world.writers) if j != i and other.at not in ended]
        if w.at == "begin":
            yield f"W{i} begins after {world.seen}", to(world, "commit", begun=world.seen)
        if w.at == "commit":
            t = len(world.log) + 1
            after = world._replace(log=world.log + (self.writes[i],))
            yield f"W{i} commits at {t}", to(after, "more" if self.several and i == 0 else "committed", t=t, last=t)
        if w.at == "more":
            t = len(world.log) + 1
            after = world._replace(log=world.log + (self.value(world, t - 1),))
            yield f"W{i} commits another document at {t}", to(after, "committed", last=t)
        if w.at == "committed":
            if others and self.has("being alone"):
                yield f"W{i} is not alone", to(world, "see")
            else:
                yield f"W{i} is alone", to(world, "says", word=w.t if self.has("the first change's time") else w.last)
        if w.at == "says":
            yield f"{w.word} is reached", to(world, "see")._replace(reached=max(world.reached, w.word))
        if w.at == "see":
            yield f"W{i}'s server has seen {w.last}", to(world, "note")._replace(seen=max(world.seen, w.last))
        if w.at == "note":
            after = world._replace(floor=max(world.floor, w.last))
            if w.t > world.reached:
                after = self.tell(after._replace(suspect=max(world.suspect, w.t)))
            yield f"W{i} notes", to(after, "reconcile" if self.finds(world, w.t) else "end")
        if w.at == "reconcile":
            yield f"W{i} reconciles", to(self.reconcile(world, w.t, self.writes[i]), "end")
        if w.at == "end":
            earliest = self.has("the earliest write under way")
            word = min(others, default=world.seen) if earliest else world.seen
            yield f"W{i} ends", to(world, "says at the end", word=word)
        if w.at == "says at the end":
            yield f"{w.word} is reached", to(world, "answer")._replace(reached=max(world.reached, w.word))
        if w.at == "answer":
            yield f"W{i} is acknowledged", to(world, "done")._replace(acked=max(world.acked, w.t))

    def tails(self, world):
        t = world.brought + 1
        if world.tailer == "note" and t <= len(world.log):
            after = world._replace(floor=max(world.floor, t))
            found = self.finds(world, t)
            yield f"the tailer notes {t}", after._replace(**({"tailer": "reconcile"} if found else {"brought": t}))
        if world.tailer == "reconcile":
            after = self.reconcile(world, t, self.value(world, t))
            yield f"the tailer reconciles {t}", after._replace(tailer="note", brought=t)
        if world.tailer == "adopt":
            must = len(world.log) if self.has("bringing all before anybody reads") else 0
            yield "the tailer takes over", world._replace(tailer="note", term=world.term + 1, must=must)
        brought = world.brought if self.has("reaching only what was brought") else len(world.log)
        if world.tailer != "adopt" and not world.late and world.reached < brought:
            yield f"the tailer says that it has reached {brought}", world._replace(late=brought)
        if world.late:
            reached = max(world.reached, world.late)
            yield f"{world.late} is reached", world._replace(late=None, reached=reached)

    def fill(self, world):
        f = world.filler
        if f.at == "begin" and not world.pending:
            after = world._replace(pending=Row(world.floor, None))
            yield f"F registers from {world.floor}", after._replace(filler=Filler("read", world.floor, False))
        if f.at == "read":
            for t in range(f.time, len(world.log) + 1):
                shown = self.value(world, t)
                yield f"F reads {shown}", world._replace(filler=f._replace(at="fill", shown=shown))
        if f.at == "fill":
            row = world.pending if world.pending.shown is not None else Row(f.time, f.shown)
            after = world._replace(filler=Filler("done", 0, False), pending=None, row=row)
            yield "F fills", self.tell(after)

    def repair(self, world):
        r = world.reader
        early = self.has("the floor before a repair's read")
        if r.at == "begin" and self.readable(world) and self.doubted(world):
            yield f"R takes the floor {world.floor}", world._replace(reader=Reader("read", world.floor, False))
        if r.at == "read":
            for t in range(r.time, len(world.log) + 1):
                shown = self.value(world, t)
                yield f"R reads {shown}", world._replace(reader=r._replace(at="repair", shown=shown))
        if r.at == "repair":
            time = r.time if early else world.floor
            after = self.reconcile(world, time, r.shown)
            yield f"R repairs as of {time}", after._replace(reader=Reader("done", 0, False))

    def wrong(self, world):
        right = {self.value(world, t) for t in range(world.acked, len(world.log) + 1)}
        if not self.readable(world):
            return None
        if world.row and not self.doubted(world) and world.row.shown not in right:
            return f"A {'counts' if world.row.shown else 'does not count'} the document"
        kept = world.kept
        served = kept and not kept.told
        if served and kept.shown not in right:
            return f"the kept answer {'counts' if kept.shown else 'does not count'} the document"
        return None

    def same(self, world):
        """An answer that is not served any more is as good as none."""
        return world._replace(kept=Kept(False, True)) if world.kept and world.kept.told else world


OUT = (False, False)
AGAIN = (False, True, False)
WHOLE = [
    ("two writers, a fill, and A lost", dict(writes=OUT, fills=True, lose=1)),
    ("three writers", dict(writes=(False, False, False))),
    ("out, in and out, with a fill", dict(writes=AGAIN, fills=True)),
    ("out, in and in, with a fill", dict(writes=(False, True, True), fills=True)),
    ("two writers, a fill, a kept answer, and A lost", dict(writes=OUT, fills=True, keeps=True, lose=1)),
    ("out, in and out, with a repair", dict(writes=AGAIN, repairs=True, lose=1)),
    ("out and out, with a fill, a repair and a kept answer",
     dict(writes=OUT, fills=True, repairs=True, keeps=True)),
    ("two writers, and back in time", dict(writes=OUT, back=True, keeps=True)),
    ("three writers, and back in time", dict(writes=(False, False, False), back=True)),
    ("out, in and out, and back in time", dict(writes=AGAIN, back=True)),
    ("two writers of one server, with a fill and a kept answer",
     dict(writes=OUT, own=True, fills=True, keeps=True, lose=1)),
    ("two writers of one server, one of several documents, with a repair and a kept answer",
     dict(writes=OUT, own=True, several=True, repairs=True, keeps=True)),
    ("three writers of one server", dict(writes=(False, False, False), own=True)),
    ("out, in and out by one server, the first of several documents", dict(writes=AGAIN, own=True, several=True)),
]
NEEDED = [
    ("suspects", dict(writes=OUT)), ("counts in the journal", dict(writes=OUT, keeps=True)),
    ("reaching only what was brought", dict(writes=OUT)),
    ("the floor before a repair's read", dict(writes=AGAIN, repairs=True)),
    ("bringing all before anybody reads", dict(writes=OUT, back=True)),
    ("being alone", dict(writes=OUT, own=True)),
    ("the first change's time", dict(writes=OUT, own=True, several=True)),
    ("the earliest write under way", dict(writes=OUT, own=True)),
]

if __name__ == "__main__":
    check(Counts, WHOLE, NEEDED)
