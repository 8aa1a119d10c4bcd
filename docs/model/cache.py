#!/usr/bin/env python3
"""Checks the cache's protocol by trying everything: every order of steps, for one document that stands in
one batch and is one entity.

Writers, a batch filler and an entity filler take the steps that docs/cache.md describes, and a server keeps an
answer that it has read; between any two of them a key may be lost or the cache be cleared. In every state that
can be reached, what the cache would answer must be a state of the document that is not older than the last
acknowledged write; and so must the kept answer, as long as a look at the journal would let it be served. Then
the same with one mechanism taken away: each time there must be a way to a wrong answer, which is printed.

    python3 docs/model/cache.py
"""
from collections import namedtuple

from explore import check

ROW = {0: 0, 1: 1, 2: -1, 3: 3}  # the row of the document after each write; -1: not in the batch

# `told`: whether the journal, which is part of the meta hash, has a topic of the kept answer after its place.
Meta = namedtuple("Meta", "epoch latest floor dropped gen entries told")
Batch = namedtuple("Batch", "gen time stamp value")  # stamp and value of the newest state, or the fill's
Fill = namedtuple("Fill", "gen token time stamp value")  # stamp -1: no delta yet
Entity = namedtuple("Entity", "gen stamp value")
Writer = namedtuple("Writer", "at mark t found")
Filler = namedtuple("Filler", "at token gen time value")
Server = namedtuple("Server", "of at epoch value")  # keeps an answer made of the batch or of the entity
World = namedtuple("World", "log meta index ready pending entity writers batch entities server fresh lost left")


def start(writers):
    return World((), Meta(0, 0, 0, 0, 0, 0, 0), 0, None, None, None, (Writer("begin", 0, 0, 0),) * writers,
                 (Filler("begin", 0, 0, 0, 0),) * 2, (Filler("begin", 0, 0, 0, 0),),
                 Server(None, "done", 0, 0), 1, 0, None)


def value(world, t):
    return ROW[0] if t == 0 else world.log[t - 1]


def reads(world, floor):
    """What the store may answer to a read that is not to be older than `floor`. Once the meta hash has been
    lost a floor may be too low, and the store has to show what it has acknowledged."""
    end = len(world.log)
    return range(end if world.lost else min(floor, end), end + 1)


def tell(world, topic, step, without):
    """Writes to the journal that a step has changed the batch, the entity, or all of the type."""
    server = world.server
    if without == "telling of " + step or server.at not in ("place", "kept") or topic not in (server.of, "type"):
        return world
    return world._replace(meta=world.meta._replace(told=1))


def drop(world, without):
    world = tell(world, "type", "a drop", without)
    meta = world.meta._replace(gen=world.fresh, entries=0)
    return world._replace(meta=meta, index=0, fresh=world.fresh + 1)


def checked(world, without):
    """The table index is not what the meta hash says: its type is voided."""
    return drop(world, without) if world.index != world.meta.entries and without != "index check" else world


def forget_if_gone(world, without):
    """Takes the batch out of the table index when there is nothing left of it."""
    if world.ready or world.pending or not world.index:
        return world
    world = tell(world, "batch", "an entry taken out", without)
    return world._replace(index=0, meta=world.meta._replace(entries=world.meta.entries - world.index))


def lease(world, token):
    meta = world.meta
    return world._replace(index=1, meta=meta._replace(entries=1), fresh=world.fresh + 1,
                          pending=Fill(meta.gen, token, meta.latest, -1, 0))


def commit(world, filler, without):
    fill = world.pending
    if fill is None or (fill.token != filler.token and without != "token") or fill.gen != world.meta.gen:
        return world
    since = -1 if without == "fill's time" else filler.time
    newer = fill.stamp > since and without != "deltas"
    stamp, row = (fill.stamp, fill.value) if newer else (since, filler.value)
    world = tell(world, "batch", "a fill", without)
    return world._replace(pending=None, ready=Batch(fill.gen, since, stamp, row))


def note(world, writer, row, without):
    world = checked(world, without)
    meta, t = world.meta, writer.t
    seen = t <= meta.floor and without != "entity floor" or t <= meta.dropped and without != "floor of a drop"
    world = world._replace(meta=meta._replace(latest=max(meta.latest, t), floor=max(meta.floor, t)))
    world = tell(world, "entity", "a note", without)
    if writer.mark != meta.epoch and without != "mark":
        return drop(world, without), 0
    known = world.entity if world.entity and world.entity.gen == meta.gen else None
    if t > known.stamp if known else not seen:
        world = world._replace(entity=Entity(meta.gen, t, row))
    return world, world.index


def reconcile(world, writer, row, without):
    gen, t = world.meta.gen, writer.t
    ready = world.ready if world.ready and world.ready.gen == gen else None
    pending = world.pending if world.pending and world.pending.gen == gen else None
    if writer.mark != world.meta.epoch and without != "mark":
        ready = pending = None
    if not ready:
        world = tell(world, "batch", "a batch that is gone", without)
    elif t > max(ready.time, ready.stamp) and row != ready.value:
        world = tell(world, "batch", "a reconcile", without)
    if ready and t > ready.time and (t > ready.stamp or without == "stamps"):
        forgets = without == "tombstone" and row == -1
        ready = ready._replace(stamp=ready.time if forgets else t, value=row)
    if pending and (t > pending.time or without == "fill's time") and t > pending.stamp:
        pending = pending._replace(stamp=t, value=row)
    return forget_if_gone(world._replace(ready=ready, pending=pending), without)


def steps(world, bulk, without):
    for i, w in enumerate(world.writers):
        def to(new, world=world, i=i):
            return world._replace(writers=world.writers[:i] + (new,) + world.writers[i + 1:])
        row = ROW[i + 1]
        if w.at == "begin":
            yield f"W{i} takes its mark", to(w._replace(at="commit", mark=world.meta.epoch))
        if w.at == "commit":
            after = "drop" if i in bulk else "note"
            new = w._replace(at=after, t=len(world.log) + 1)
            yield f"W{i} commits at {new.t}", to(new)._replace(log=world.log + (row,))
        if w.at == "note":
            noted, found = note(world, w, row, without)
            yield f"W{i} notes", to(w._replace(at="reconcile" if found else "acknowledge"), noted)
        if w.at == "reconcile":
            yield f"W{i} reconciles", to(w._replace(at="acknowledge"), reconcile(world, w, row, without))
        if w.at == "drop":
            void = drop(world, without)
            meta = void.meta._replace(latest=max(void.meta.latest, w.t), dropped=max(void.meta.dropped, w.t))
            yield f"W{i} voids", to(w._replace(at="acknowledge"), void._replace(meta=meta))
        if w.at == "acknowledge":
            yield f"W{i} is acknowledged", to(w._replace(at="done"))
    for i, f in enumerate(world.batch):
        def to(new, world=world, i=i):
            return world._replace(batch=world.batch[:i] + (new,) + world.batch[i + 1:])
        early = without == "registering first"
        if f.at == "begin" and early:
            for t in reads(world, world.meta.latest):
                new = f._replace(at="late", time=world.meta.latest, value=value(world, t))
                yield f"B{i} reads {t}", to(new)
        if f.at == "late" or f.at == "begin" and not early:
            sound = checked(world, without)
            if not sound.pending or sound.pending.gen != sound.meta.gen:
                leased = lease(sound, sound.fresh)
                new = f._replace(at="fill" if early else "read", token=sound.fresh, gen=leased.pending.gen,
                                 time=leased.pending.time)
                yield f"B{i} registers from {new.time}", to(new, leased)
        if f.at == "read":
            for t in reads(world, f.time):
                yield f"B{i} reads {t}", to(f._replace(at="fill", value=value(world, t)))
        if f.at == "fill":
            yield f"B{i} fills", to(f._replace(at="done"), commit(world, f, without))
    for i, f in enumerate(world.entities):
        def to(new, world=world):
            return world._replace(entities=(new,))
        if f.at == "begin":
            yield "E takes a floor", to(f._replace(at="read", gen=world.meta.gen, time=world.meta.latest))
        if f.at == "read":
            for t in reads(world, f.time):
                yield f"E reads {t}", to(f._replace(at="fill", value=value(world, t)))
        if f.at == "fill":
            done, known = to(f._replace(at="done")), world.entity
            older = not known or known.gen != world.meta.gen or known.stamp < f.time
            held = world.meta.floor > f.time and without != "entity floor"
            if f.gen == world.meta.gen and not held and older:
                done = done._replace(entity=Entity(f.gen, f.time, f.value))
            yield "E fills", done
    yield from serves(world, without)
    for what, times in enumerate(world.left):
        if times == 0:
            continue
        less = world._replace(left=world.left[:what] + (times - 1,) + world.left[what + 1:])
        fresh = world.fresh
        empty = Meta(fresh, 0, 0, 0, fresh, 0, 0)
        if what == 0:
            yield "the meta hash is lost", less._replace(meta=empty, fresh=fresh + 1, lost=1)
        if what == 1 and world.index:
            yield "the index is lost", less._replace(index=0)
        if what == 2 and world.ready:
            yield "the batch is lost", less._replace(ready=None)
        if what == 2 and world.pending:
            yield "the fill is lost", less._replace(pending=None)
        if what == 3 and world.entity:
            yield "the entity is lost", less._replace(entity=None)
        if what == 4:
            kept = empty._replace(latest=world.meta.latest)
            yield "the cache is cleared", less._replace(meta=kept, fresh=fresh + 1)
        if what == 5:
            yield "the index is swept", forget_if_gone(checked(less, without), without)


def serves(world, without):
    """The server takes a place in the journal, reads from the cache, and keeps what it has found."""
    server, meta = world.server, world.meta
    cached = world.ready if server.of == "batch" else world.entity
    found = cached.value if cached and cached.gen == meta.gen else None
    late = without == "place before reading"
    def to(at, value, told):
        new = server._replace(at=at, epoch=meta.epoch, value=value)
        return world._replace(server=new, meta=meta._replace(told=told))
    if server.at == "begin" and not late:
        yield "S takes a place", to("place", 0, 0)
    if server.at == "begin" and late and found is not None:
        yield f"S reads {found}", to("read", found, 0)
    if server.at == "read":
        yield "S takes a place and keeps it", to("kept", server.value, 0)
    if server.at == "place" and found is not None and server.epoch == meta.epoch:
        yield f"S reads and keeps {found}", to("kept", found, meta.told)
    if server.at == "kept" and without == "look after the request" and confirmed(world, without):
        yield "S looks at the journal", world._replace(server=server._replace(at="looked"))


def confirmed(world, without):
    """Whether a look at the journal that begins now would let the kept answer be served."""
    same = world.server.epoch == world.meta.epoch or without == "the journal's epoch"
    return world.server.at == "kept" and same and not world.meta.told


def stale(world, without):
    """What the cache would answer that it must not, or a server that keeps an answer."""
    acknowledged = max([w.t for w in world.writers if w.at == "done"], default=0)
    right = {value(world, t) for t in range(acknowledged, len(world.log) + 1)}
    for name, cached in (("batch", world.ready), ("entity", world.entity)):
        if cached and cached.gen == world.meta.gen and cached.value not in right:
            return f"the {name} says {cached.value}, right is {sorted(right)}"
    # A request that comes now has its look begin after it; unless it may join one that has begun before.
    served = world.server.at == "looked" if without == "look after the request" else confirmed(world, without)
    if served and world.server.value not in right:
        return f"the kept answer says {world.server.value}, right is {sorted(right)}"
    return None


def renamed(world, without):
    """The same world with small numbers for epochs, generations and tokens: they only have to differ."""
    server = world.server
    if server.at in ("place", "kept") and server.epoch != world.meta.epoch and without != "the journal's epoch":
        # It will never be served.
        server = Server(server.of, "done", 0, 0)
    if server.at == "done":
        server = Server(server.of, "done", world.meta.epoch, 0)
        world = world._replace(meta=world.meta._replace(told=0))
    world = world._replace(server=server)
    parts = [world.meta.epoch, world.meta.gen, server.epoch]
    parts += [w.mark for w in world.writers]
    parts += [number for f in world.batch + world.entities for number in (f.token, f.gen)]
    for cached in (world.ready, world.entity, world.pending):
        parts += [cached.gen] if cached else []
    parts += [world.pending.token] if world.pending else []
    new = {old: i for i, old in enumerate(sorted(set(parts)))}
    def of(cached):
        return cached and cached._replace(gen=new[cached.gen])
    pending = of(world.pending)
    def fillers(those):
        return tuple(f._replace(token=new[f.token], gen=new[f.gen]) for f in those)
    return world._replace(
        meta=world.meta._replace(epoch=new[world.meta.epoch], gen=new[world.meta.gen]),
        ready=of(world.ready), entity=of(world.entity),
        pending=pending and pending._replace(token=new[pending.token]),
        writers=tuple(w._replace(mark=new[w.mark]) for w in world.writers),
        batch=fillers(world.batch), entities=fillers(world.entities), fresh=len(new),
        server=server._replace(epoch=new[server.epoch]))


class Cache:
    """The options of a case, as explore.py wants them."""

    def __init__(self, writers, bulk, left, without=None, batch=1, entities=1, keeps=None):
        world = start(writers)._replace(left=left)
        world = world._replace(batch=world.batch[:batch], entities=world.entities[:entities])
        if keeps:
            world = world._replace(server=Server(keeps, "begin", 0, 0))
        self.world, self.bulk, self.without = world, bulk, without

    def start(self):
        return self.world

    def steps(self, world):
        return steps(world, self.bulk, self.without)

    def wrong(self, world):
        return stale(world, self.without)

    def same(self, world):
        return renamed(world, self.without)


# Losses: meta hash, index, batch or fill, entity; and clearing, and a sweep of the index.
WHOLE = [
    ("two writers, two fills, evictions of batch and index",
     dict(writers=2, bulk=(), left=(0, 1, 1, 0, 0, 0), batch=2, entities=0)),
    ("three writers, a fill, an eviction of the batch",
     dict(writers=3, bulk=(), left=(0, 0, 1, 0, 0, 0), batch=1, entities=0)),
    ("three writers, an entity, its eviction",
     dict(writers=3, bulk=(), left=(0, 0, 0, 2, 0, 0), batch=0)),
    ("two writers and a bulk one, an entity, its eviction",
     dict(writers=3, bulk=(2,), left=(0, 0, 0, 1, 0, 0), batch=0)),
    ("two writers, a fill, the meta hash and the index lost",
     dict(writers=2, bulk=(), left=(1, 1, 0, 0, 0, 0), entities=0)),
    ("two writers, both fillers, the meta hash lost",
     dict(writers=2, bulk=(), left=(1, 0, 0, 0, 0, 0))),
    ("a writer and a bulk one, an entity, the meta hash lost and clearing",
     dict(writers=2, bulk=(1,), left=(1, 0, 0, 1, 1, 0), batch=0)),
    ("a writer and a bulk one, both fillers, clearing",
     dict(writers=2, bulk=(1,), left=(0, 0, 1, 0, 1, 0))),
    ("a writer, two fills, a kept list, evictions of batch and index, a sweep",
     dict(writers=1, bulk=(), left=(0, 1, 2, 0, 0, 1), batch=2, entities=0, keeps="batch")),
    ("two writers, a fill, a kept list, an eviction of the batch, a sweep",
     dict(writers=2, bulk=(), left=(0, 0, 1, 0, 0, 1), entities=0, keeps="batch")),
    ("a writer and a bulk one, a fill, a kept list, the meta hash lost",
     dict(writers=2, bulk=(1,), left=(1, 0, 0, 0, 0, 0), entities=0, keeps="batch")),
    ("a writer and a bulk one, a kept entity, its eviction, the meta hash lost and clearing",
     dict(writers=2, bulk=(1,), left=(1, 0, 0, 1, 1, 0), batch=0, keeps="entity")),
]
BATCH = dict(writers=3, bulk=(), left=(0, 1, 1, 0, 0, 0), batch=2, entities=0)
KEPT_LIST = dict(writers=1, bulk=(), left=(1, 0, 1, 0, 0, 1), batch=1, entities=0, keeps="batch")
REFILLED = dict(writers=1, bulk=(), left=(0, 0, 1, 0, 0, 0), batch=2, entities=0, keeps="batch")
KEPT_ENTITY = dict(writers=2, bulk=(1,), left=(0, 0, 0, 1, 0, 0), batch=0, keeps="entity")
ENTITY = dict(writers=3, bulk=(2,), left=(1, 0, 0, 1, 1, 0), batch=0)
NEEDED = [
    ("registering first", BATCH), ("deltas", BATCH), ("fill's time", BATCH), ("stamps", BATCH),
    ("tombstone", BATCH), ("token", BATCH), ("index check", BATCH), ("entity floor", ENTITY),
    ("floor of a drop", ENTITY), ("mark", ENTITY),
    ("telling of a note", KEPT_ENTITY), ("telling of a drop", KEPT_ENTITY), ("telling of a reconcile", KEPT_LIST),
    ("telling of a batch that is gone", REFILLED), ("telling of a fill", REFILLED),
    ("telling of an entry taken out", KEPT_LIST), ("the journal's epoch", KEPT_LIST),
    ("place before reading", KEPT_LIST), ("look after the request", KEPT_LIST),
]

if __name__ == "__main__":
    check(Cache, WHOLE, NEEDED)
