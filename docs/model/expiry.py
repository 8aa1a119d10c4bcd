#!/usr/bin/env python3
"""Checks that lists and kept answers never count a document that has expired, nor miss one that has not.

A document expires at a moment that it tells itself, without a write. So a list has a moment until which it is to be
believed, *until*: its fill gives the earliest at which one of its documents expires, and each change of a document that
it shows can only make it earlier. Whoever reads the list at or after that moment fills it again. A kept answer has the
earliest moment of what it was made of.

Tried are all orders of steps of writers, a fill, a clock and a server that keeps an answer, for one document that stands
in list A as long as it lives. Writes make its life shorter or longer, also of one that has expired already, as another
program may. What cache.py and counts.py check is taken for granted: a write notes and reconciles in one step.

    python3 docs/model/expiry.py
"""
from collections import namedtuple

from explore import check

NEVER = 9
LAST = 4  # the clock goes no further

# The newest state of the document in the list: its time, and whether it stands there; until when the list is believed.
Row = namedtuple("Row", "time shown until")
# A fill under way: its floor; the newest change since (time 0: none); and until when these are to be believed.
Pending = namedtuple("Pending", "floor time shown until")
Writer = namedtuple("Writer", "at t")
Filler = namedtuple("Filler", "at floor shown until")
Kept = namedtuple("Kept", "shown until told")
World = namedtuple("World", "log now writers floor row pending filler kept acked left")


class Expiry:
    def __init__(self, writes, first=NEVER, fills=0, keeps=False, lose=0, without=None):
        """`first`: when the document expires before any write; `writes`: when it does after each writer's write; a write
        that deletes it has 0. `fills`: how many fills there are. `lose`: how often A may be lost."""
        self.writes, self.first, self.fills = writes, first, fills
        self.keeps, self.lose, self.without = keeps, lose, without

    def has(self, mechanism):
        return mechanism != self.without

    def start(self):
        return World((), 0, (Writer("begin", 0),) * len(self.writes), 0, Row(0, True, self.first), None,
                     (Filler("begin", 0, False, NEVER),) * self.fills, None, 0, self.lose)

    def end(self, world, t):
        return self.first if t == 0 else world.log[t - 1]

    def believed(self, world):
        return world.row and world.now < world.row.until

    def tell(self, world):
        return world._replace(kept=world.kept and world.kept._replace(told=True))

    def reconcile(self, world, t, end):
        row, pending, lives = world.row, world.pending, end > world.now
        if not row:
            world = self.tell(world)
        elif t > row.time:
            until = min(row.until, end) if lives and self.has("until of a change") else row.until
            if row.shown != lives or until != row.until and self.has("telling of a shorter life"):
                world = self.tell(world)
            world = world._replace(row=Row(t, lives, until))
        if pending and t > max(pending.floor, pending.time):
            until = min(pending.until, end) if lives and self.has("until of a change during a fill") else pending.until
            world = world._replace(pending=Pending(pending.floor, t, lives, until))
        return world

    def steps(self, world):
        if world.now < LAST:
            yield f"it is {world.now + 1}", world._replace(now=world.now + 1)
        for i, w in enumerate(world.writers):
            def to(at, t, after, i=i):
                return after._replace(writers=after.writers[:i] + (Writer(at, t),) + after.writers[i + 1:])
            if w.at == "begin":
                t = len(world.log) + 1
                yield f"W{i} commits at {t}", to("settle", t, world._replace(log=world.log + (self.writes[i],)))
            if w.at == "settle":
                after = world._replace(floor=max(world.floor, w.t))
                after = self.reconcile(after, w.t, self.writes[i])
                yield f"W{i} settles and is acknowledged", to("done", w.t, after._replace(acked=max(world.acked, w.t)))
        for i, f in enumerate(world.filler):
            yield from self.fill(world, i, f)
        if self.keeps and self.believed(world) and not world.kept:
            until = world.row.until if self.has("until of an answer") else NEVER
            yield f"S keeps {world.row.shown}", world._replace(kept=Kept(world.row.shown, until, False))
        if world.left and world.row:
            yield "A is lost", world._replace(row=None, left=world.left - 1)

    def fill(self, world, i, f):
        def to(new, after):
            return after._replace(filler=after.filler[:i] + (new,) + after.filler[i + 1:])
        # One has the lease at a time, and asks for it when A is not to be believed.
        if f.at == "begin" and not world.pending and not self.believed(world):
            after = world._replace(pending=Pending(world.floor, 0, False, NEVER))
            yield f"F{i} registers from {world.floor}", to(Filler("read", world.floor, False, NEVER), after)
        if f.at == "read":
            for t in range(f.floor, len(world.log) + 1):
                end = self.end(world, t)
                lives = end > world.now
                until = end if lives and self.has("until of a fill") else NEVER
                yield f"F{i} reads {lives}", to(Filler("fill", f.floor, lives, until), world)
        if f.at == "fill":
            p = world.pending
            shown = p.shown if p.time else f.shown
            row = Row(p.time or f.floor, shown, min(f.until, p.until))
            after = self.tell(world._replace(pending=None, row=row))
            yield f"F{i} fills", to(Filler("done", 0, False, NEVER), after)

    def wrong(self, world):
        right = {self.end(world, t) > world.now for t in range(world.acked, len(world.log) + 1)}
        if self.believed(world) and world.row.shown not in right:
            return f"A {'counts' if world.row.shown else 'does not count'} the document"
        kept = world.kept
        if kept and not kept.told and world.now < kept.until and kept.shown not in right:
            return f"the kept answer {'counts' if kept.shown else 'does not count'} the document"
        return None

    def same(self, world):
        """An answer that is not served any more is as good as none."""
        kept = world.kept
        gone = kept and (kept.told or world.now >= kept.until)
        return world._replace(kept=Kept(False, 0, True)) if gone else world


WHOLE = [
    ("no write", dict(writes=(), first=2, fills=2, keeps=True, lose=1)),
    ("a shorter life", dict(writes=(2,), fills=2, keeps=True, lose=1)),
    ("a longer life", dict(writes=(3,), first=1, fills=2, keeps=True, lose=1)),
    ("shorter and longer", dict(writes=(1, 3), fills=2, keeps=True, lose=1)),
    ("longer and shorter", dict(writes=(3, 2), first=1, fills=2, keeps=True, lose=1)),
    ("a delete, and made again", dict(writes=(0, 2), first=3, fills=2, keeps=True, lose=1)),
    ("three writes", dict(writes=(1, 3, 2), fills=1, keeps=True, lose=1)),
]
NEEDED = [
    ("until of a fill", dict(writes=(), first=2, fills=1, lose=1)),
    ("until of a change", dict(writes=(2,))),
    ("until of a change during a fill", dict(writes=(2,), fills=1, lose=1)),
    ("telling of a shorter life", dict(writes=(2,), keeps=True)),
    ("until of an answer", dict(writes=(), first=2, keeps=True)),
]

if __name__ == "__main__":
    check(Expiry, WHOLE, NEEDED)
