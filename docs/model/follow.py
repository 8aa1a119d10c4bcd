#!/usr/bin/env python3
"""Checks how the cache follows the store, by trying everything: every order of steps of a leader, of writers and of
readers, for one document that is one entity or stands in one batch.

Two servers, S0 and S1, share a store and one or two processes of the cache, N0 and N1. Either server may lead, and
both may believe they do. The leader brings every commit to the process that its session leads to, two at a time, beats,
and vouches.
Between any two steps a process may become a copy of the other one (a snapshot that is loaded later is a copy of a
copy), die, or lose its meta hash; sessions break, scripts and beats arrive late, and clocks drift. No read that
begins after a write has been acknowledged, by whatever rule, may show what was before: neither what the cache has, if
the server finds a voucher that counts, nor an answer that the server has kept. Then the same with one mechanism taken
away: each time there must be a way to a wrong answer, which is printed.

The states, the scripts and the faults are in cluster.py. Left out are the steps within a note, a fill or a journal
(cache.py has those), writes of many documents, rows that are only counted (counts.py), a store that forgets, and
clocks that are set.

    python3 docs/model/follow.py
"""
from cluster import Beat, Cluster, Filler, Kept, Pending, Reader, Script, Settled, Value
from explore import check


class Follow(Cluster):
    # What may happen

    def steps(self, w):
        yield from self.ticks(w)
        for i in range(2):
            yield from self.leads(w, i)
        for j in range(len(w.writers)):
            yield from self.writes(w, j)
        yield from self.fill(w)
        yield from self.read(w)
        yield from self.faults(w)
        yield from self.arrives(w)

    def leads(self, w, i):
        l, c, k = w.leaders[i], w.control, w.sessions[i].node
        if k is None:
            return
        n = w.nodes[k]
        if l.at == "no" and self.may(w, "take"):
            after = self.leader(w, i, at="taken", term=c.term + 1, waited=c.unchanged)
            yield f"S{i} takes the lead", self.control(self.less(after, "take"), c._replace(term=c.term + 1))
        if l.at == "taken":
            place = n.place
            if place is not None and not self.has("the place in the cache"):
                place = max(place, c.applied)
            after = self.leader(w, i, at="placed", void=place is None, applied=place or 0)
            yield f"S{i} reads the place {place}", self.heard(after, i)[0]
        waits = c.node != n.run and l.waited < self.wait and self.has("the wait for another process")
        if l.at == "placed" and not waits:
            yield from self.beats(w, i, n)
        if l.at == "adopting":
            after = self.adopt(w, k, l)
            after = self.leader(after, i, at="follow", mark=after.nodes[k].epoch)
            yield f"S{i} adopts N{k}", self.heard(after, i)[0]
        if l.at == "follow":
            if l.applied < w.end:
                yield self.applies(w, i, k, l.applied + 1)
            if l.applied + 1 < w.end and l.early < 2:
                yield self.overtakes(w, i, k, l.applied + 2)
            if l.beat is None and c.term != l.term and self.has("the term of a beat"):
                yield from self.beats(w, i, n)
            elif l.beat is None:
                after = self.leader(w, i, beat=self.clock(w, k, None))
                yield f"S{i} asks for the time", self.heard(after, i)[0]
            elif l.beat.time is None:
                yield from self.beats(w, i, n)
            elif l.applied >= l.beat.time or not self.has("the beat in the feed"):
                after = w
                ours = n.owner == (n.run, l.term)
                if ours:
                    after = self.node(w, k, step=w.fresh)._replace(fresh=w.fresh + 1)
                    beat = l.beat if self.has("the clock before the beat") else self.clock(w, k, l.beat.time)
                    after = self.leader(after, i, at="vouching", step=w.fresh, beat=beat)
                yield f"S{i} steps", self.answered(after, i, ours)
        if l.at == "vouching":
            after, ours = self.vouch(w, k, l)
            after = self.leader(after, i, at="follow", beat=None)
            yield f"S{i} vouches for N{k} up to {l.beat.time}", self.answered(after, i, ours)
        if l.at in ("adopting", "vouching") and self.may(w, "late"):
            after = self.opened(self.less(w, "late")._replace(script=Script(k, l)), i, None)
            yield f"S{i} loses N{k} in the middle of {l.at}", after

    def clock(self, w, k, time):
        return Beat(0, sum(1 << i for i, s in enumerate(w.sessions) if s.node == k and not s.pushed), time)

    def answered(self, w, i, ours):
        w, heard = self.heard(w, i)
        if ours or not heard:
            return w
        return self.leader(w, i, at="taken", beat=None, noted=False, early=0, waited=w.control.unchanged)

    def beats(self, w, i, n):
        l, c = w.leaders[i], w.control
        adopts = l.at == "placed"
        if c.term != l.term and self.has("the term of a beat"):
            yield f"S{i} finds another leader", self.leader(w, i, at="no", beat=None, noted=False, early=0)
            return
        early = self.has("the process in a beat before the voucher") or n.voucher and n.voucher.run == n.run
        node = n.run if early else c.node
        if adopts:
            after = self.leader(w, i, at="adopting", applied=w.end if l.void else l.applied)
            applied = c.applied
        else:
            after = self.leader(w, i, beat=l.beat._replace(time=w.end))
            applied = max(c.applied, l.applied)
        yield f"S{i} beats at {w.end}", self.control(after, c._replace(node=node, applied=applied))
        if adopts and self.may(w, "late"):
            after = self.leader(w, i, at="taken", waited=c.unchanged)._replace(beat=(l.term, n.run))
            yield f"S{i} gives up its beat for N{w.sessions[i].node}", self.less(after, "late")

    def applies(self, w, i, k, t):
        l = w.leaders[i]
        settled = w.nodes[k].settled
        if not l.noted and settled and settled.time == t and (
                settled.mark == l.mark or not self.has("the mark of what is settled")):
            return f"S{i} finds {t} settled", self.heard(self.applied(w, i), i)[0]
        if l.noted:
            after, found = self.reconcile(w, k, t, l.mark), False
        else:
            after, found = self.note(w, k, t, l.mark)
        after = self.leader(after, i, noted=True) if found else self.applied(after, i)
        return f"S{i} {'reconciles' if l.noted else 'notes'} {t} from the feed", self.heard(after, i)[0]

    def applied(self, w, i):
        l = w.leaders[i]
        if l.early < 2:
            return self.leader(w, i, applied=l.applied + 1, noted=bool(l.early), early=0)
        return self.leader(w, i, applied=l.applied + 2, noted=False, early=0)

    def overtakes(self, w, i, k, t):
        """A change is brought to the cache beside the one before it."""
        l = w.leaders[i]
        if l.early:
            after, found = self.reconcile(w, k, t, l.mark), False
        else:
            after, found = self.note(w, k, t, l.mark)
        after = self.leader(after, i, early=1 if found else 2)
        return f"S{i} {'reconciles' if l.early else 'notes'} {t} early", self.heard(after, i)[0]

    def writes(self, w, j):
        x, i = w.writers[j], self.writers[j]
        if x.at == "begin":
            k = None if i is None else w.sessions[i].node
            mark = 0 if k is None else w.nodes[k].epoch
            yield f"W{j} takes its mark", self.writer(w, j, at="commit", mark=mark)
        if x.at == "commit":
            t = w.end + 1
            yield f"W{j} commits at {t}", self.writer(w, j, at="done" if i is None else "note", t=t)._replace(end=t)
        if i is None:
            return
        k = w.sessions[i].node
        if x.at == "note" and k is not None:
            after, found = self.note(w, k, x.t, x.mark)
            vouched = self.counts(w, i) or not self.has("the voucher at the note")
            after, heard = self.heard(after, i)
            after = self.writer(after, j, at="reconcile", on=k if heard else None, vouched=vouched)
            yield f"W{j} notes", after if found else self.brought(after, j)
        if x.at == "note" and self.nodes > 1 and k is not None:
            after = self.writer(self.note(w, 1 - k, x.t, x.mark)[0], j, at="done")
            yield f"W{j}'s note arrives at N{1 - k}, from where S{i} has gone", after
        if x.at == "reconcile" and k is not None:
            after = self.heard(self.reconcile(w, k, x.t, x.mark), i)[0]
            yield f"W{j} reconciles", self.brought(after, j)
        if x.at == "settle":
            for k in range(self.nodes):
                if k == x.on or not self.has("one session of a write"):
                    after = self.node(w, k, settled=Settled(x.t, x.mark))
                    yield f"N{k} remembers that W{j} is settled", self.writer(after, j, at="done")

    def brought(self, w, j):
        """The last script of a write is done."""
        x = w.writers[j]
        w = self.writer(w, j, at="settle" if x.on is not None and self.settles else "done")
        return w._replace(acked=max(w.acked, x.t)) if x.on is not None and x.vouched else w

    def fill(self, w):
        f, k = w.filler, w.sessions[0].node
        if f.at == "read":
            for t in range(w.end if f.token[1] else f.time, w.end + 1):
                yield f"F reads {t}", w._replace(filler=f._replace(at="fill", shows=t))
        if k is None:
            return
        n = w.nodes[k]
        if f.at == "begin" and not n.pending:
            after, token = w, n.gen
            if self.batch:
                after, token = self.node(w, k, pending=Pending(w.fresh, n.floor, -1)), w.fresh
            # The floor of a process without a past says nothing: the store is asked for its latest state.
            after = after._replace(filler=Filler("read", (token, n.lost), n.floor, 0), fresh=w.fresh + 1)
            yield f"F begins at {n.floor}", self.heard(after, 0)[0]
        if f.at == "fill":
            after, p, v = w._replace(filler=Filler("done", 0, 0, 0)), n.pending, n.value
            if self.batch and p and p.token == f.token[0]:
                filled = Value(p.delta, p.delta) if p.delta > f.time else Value(f.time, f.shows)
                after = self.show(self.node(after, k, pending=None), k, filled)
            if not self.batch and n.gen == f.token[0] and n.floor <= f.time and (not v or v.stamp < f.time):
                after = self.show(after, k, Value(f.time, f.shows))
            yield "F fills", self.heard(after, 0)[0]

    def read(self, w):
        r, k = w.reader, w.sessions[0].node
        first = self.has("the voucher before the data")
        if r.at == "begin":
            yield "R is invoked", w._replace(reader=Reader("sure" if not first else "unsure", w.acked, 0))
        if k is None or w.sessions[0].pushed:
            return
        value = w.nodes[k].value
        if r.at == "unsure" and self.counts(w, 0):
            yield "R finds a voucher", w._replace(reader=r._replace(at="sure" if first else "read"))
        if r.at == "sure" and value:
            yield f"R reads {value.shows}", w._replace(
                reader=r._replace(at="read" if first else "unsure", shows=value.shows))
        if self.keeps and not w.kept and value and self.counts(w, 0):
            kept = Kept(w.nodes[k].epoch, w.nodes[k].journal, value.shows)
            yield f"S0 keeps {value.shows}", w._replace(kept=kept)

    # What must hold

    def wrong(self, w):
        for i in range(2):
            if self.counts(w, i):
                value = w.nodes[w.sessions[i].node].value
                if value and value.shows < w.acked:
                    return f"S{i} shows {value.shows}, not {w.acked}"
        kept, s = w.kept, w.sessions[0]
        if kept and s.node is not None and not s.pushed:
            n = w.nodes[s.node]
            counts = self.counts(w, 0) or not self.has("the voucher at a look")
            if counts and self.holds(kept, n) and kept.shows < w.acked:
                return f"S0 has kept {kept.shows}, not {w.acked}"
        if w.reader.at == "read" and w.reader.shows < w.reader.need:
            return f"R shows {w.reader.shows}, not {w.reader.need}"
        return None


ONE = dict(writers=(0,))
OUTSIDE = dict(writers=(None,))
ANOTHER = dict(writers=(None, None), batch=True)
SNAPSHOTS = dict(ONE, copy=2, move=1)
KEPT = dict(ONE, batch=True, fills=True, keeps=True, copied=True, copy=1)
SPLIT = dict(ONE, nodes=2, servers=(0, 1), copied=True, take=1)
CUT_OFF = dict(SPLIT, writers=(None,), drift=1)
WHOLE = [
    ("two writers", dict(writers=(0, 1), settles=True)),
    ("two writers of a batch, one of them another program", dict(writers=(0, None), batch=True)),
    ("two writes of another program to a batch, and the cache goes back in time", dict(ANOTHER, copy=2)),
    ("two writes of another program to a batch that is filled, the meta hash lost", dict(ANOTHER, fills=True, lose=1)),
    ("a takeover with the old leader paused, a new session", dict(ONE, take=1, move=1)),
    ("two snapshots and a new session", dict(SNAPSHOTS, settles=True)),
    ("an answer kept, and the cache goes back in time", dict(ONE, keeps=True, copy=2)),
    ("an answer kept of a batch that is filled, and the cache goes back in time", KEPT),
    ("a fill of an entity, and the meta hash lost", dict(ONE, fills=True, lose=1)),
    ("a fill of a batch, and the meta hash lost", dict(ONE, batch=True, fills=True, lose=1)),
    ("a fill of a batch, and the cache goes back in time", dict(ONE, batch=True, fills=True, copy=2)),
    ("two processes, a leader for each, reads", dict(SPLIT, reads=True)),
    ("two processes, three terms", dict(SPLIT, take=2)),
    ("two processes, a late voucher, adoption or beat", dict(ONE, nodes=2, copied=True, late=1)),
    ("two processes, one leader, two new sessions", dict(ONE, nodes=2, copied=True, move=2)),
    ("a process dies, and a copy takes its place", dict(ONE, copy=1, crash=1)),
    ("a process dies, and an empty one takes its place", dict(ONE, fills=True, empty=1)),
    ("a writer cut off, what is applied", dict(CUT_OFF, rules=("applied",))),
    ("a writer cut off, an unchanged beat", dict(CUT_OFF, rules=("unchanged",))),
    ("a writer cut off, its own wait", dict(CUT_OFF, rules=("waited",))),
]
NEEDED = [
    ("a voucher newer than the session", SNAPSHOTS), ("the process in a voucher", dict(ONE, copy=1, crash=1)),
    ("the end of a voucher", SPLIT), ("a step before a voucher", SNAPSHOTS), ("the push", SNAPSHOTS),
    ("adoption over a new session", SNAPSHOTS), ("the place in the cache", SNAPSHOTS),
    ("a new epoch at adoption", KEPT), ("the voucher at a look", dict(SPLIT, keeps=True)),
    ("the voucher before the data", dict(SPLIT, reads=True)), ("the voucher at the note", SPLIT),
    ("one session of a write", dict(ONE, nodes=2, copied=True, batch=True, move=1)),
    ("the mark of what is settled", dict(SNAPSHOTS, settles=True)), ("the mark", dict(writers=(0, 0), lose=1)),
    ("the adopting beat as a floor", dict(ONE, fills=True, empty=1)),
    ("the wait for another process", SPLIT), ("drift in the wait", CUT_OFF),
    ("the process in a beat before the voucher", dict(SPLIT, take=2)),
    ("the term of a beat", SPLIT), ("the number of a beat", SPLIT),
    ("the clock before the beat", OUTSIDE), ("the beat in the feed", OUTSIDE),
    ("the time of an unchanged beat", OUTSIDE),
]

if __name__ == "__main__":
    check(Follow, WHOLE, NEEDED)
