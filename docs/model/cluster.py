"""The servers and the processes of the cache of follow.py: their states, the scripts, and what may befall them."""
from collections import namedtuple

L = 1  # ticks of a process's clock for which a voucher lasts
DRIFT = 1  # ticks by which that clock may fall behind a server's in the meantime

# A state shows the commits up to a time: `Value.shows` may be later than its stamp, never earlier.
Value = namedtuple("Value", "stamp shows")
Pending = namedtuple("Pending", "token time delta")
Settled = namedtuple("Settled", "time mark")
# `known`: as bits, the servers whose sessions had begun when the clock was asked, so that it counts for them.
Voucher = namedtuple("Voucher", "run left known")
Node = namedtuple("Node", "run place owner step epoch gen floor lost value pending journal settled voucher")
Control = namedtuple("Control", "term node applied unchanged")
Session = namedtuple("Session", "node pushed")
Beat = namedtuple("Beat", "age known time")
# `at`: no; taken; placed, when the place has been read; adopting, after the first beat; follow; vouching, after STEP.
# `noted`: whether the commit after `applied` is. `early`: how much is done of the one after that: nothing, noted, all.
Leader = namedtuple("Leader", "at term void applied mark step noted early beat waited")
# `on`: the process that has the write's scripts, if all went over one session.
Writer = namedtuple("Writer", "at mark t on vouched waited")
Filler = namedtuple("Filler", "at token time shows")
Reader = namedtuple("Reader", "at need shows")
Kept = namedtuple("Kept", "epoch place shows")
Script = namedtuple("Script", "node leader")  # a leader's last script over a session that has ended
# `acked`: the latest commit that has been acknowledged. `beat`: one that was given up, and may yet be written.
World = namedtuple(
    "World", "end nodes control sessions leaders writers filler reader kept acked script beat fresh left")

FAULTS = ("copy", "crash", "empty", "lose", "move", "take", "late", "drift")
NO_LEADER = Leader("no", 0, False, 0, 0, 0, False, 0, None, 0)


def put(those, i, new):
    return those[:i] + (new,) + those[i + 1:]


class Cluster:
    def __init__(self, writers, nodes=1, servers=(0, 0), copied=False, batch=False, fills=False, keeps=False,
                 reads=False, settles=False, rules=("applied", "unchanged", "waited"), without=None, **left):
        """`writers`: the server of each, None if it is cut off from the cache. `nodes`: to how many processes
        sessions may lead; with one, N1 is but a snapshot. `servers`: the process of each server at first. `copied`:
        whether N1 is a copy at first. `batch`: the document stands in a batch, else it is an entity. `rules`: those
        by which a write may be acknowledged that was not brought to a cache that is vouched for. `left`: how often
        each of FAULTS may happen."""
        self.writers, self.nodes, self.servers, self.copied = writers, nodes, servers, copied
        self.batch, self.fills, self.keeps, self.reads, self.settles = batch, fills, keeps, reads, settles
        self.rules, self.without, self.left = rules, without, left
        self.wait = L + (DRIFT if self.has("drift in the wait") else 0)

    def has(self, mechanism):
        return mechanism != self.without

    def start(self):
        value = None if self.fills and not self.batch else Value(0, 0)
        node = Node(1, 0, (1, 1), 0, 2, 3, 0, False, value, None, 0, None, Voucher(1, L, 3))
        other = node._replace(run=4) if self.copied else self.empty(4)
        leaders = (NO_LEADER._replace(at="follow", term=1, mark=2), NO_LEADER)
        sessions = tuple(Session(k, False) for k in self.servers)
        given_up = None if self.has("the number of a beat") else (1, 4)
        return World(0, (node, other), Control(1, 1, 0, 0), sessions, leaders,
                     (Writer("begin", 0, 0, None, False, 0),) * len(self.writers),
                     Filler("begin" if self.fills else "done", 0, 0, 0),
                     Reader("begin" if self.reads else "done", 0, 0),
                     None, 0, None, given_up, 10, tuple(self.left.get(fault, 0) for fault in FAULTS))

    def empty(self, fresh):
        return Node(fresh, None, None, 0, fresh + 1, fresh + 2, 0, True, None, None, 0, None, None)

    # Changes of a state

    def node(self, w, k, **new):
        return w._replace(nodes=put(w.nodes, k, w.nodes[k]._replace(**new)))

    def leader(self, w, i, **new):
        return w._replace(leaders=put(w.leaders, i, w.leaders[i]._replace(**new)))

    def writer(self, w, j, **new):
        return w._replace(writers=put(w.writers, j, w.writers[j]._replace(**new)))

    def control(self, w, new):
        """A term or a beat is written to the control record: a beat that was given up is refused from now on."""
        beat = None if self.has("the number of a beat") else w.beat
        return w._replace(control=new._replace(unchanged=0), beat=beat)

    def may(self, w, fault):
        return w.left[FAULTS.index(fault)]

    def less(self, w, fault):
        at = FAULTS.index(fault)
        return w._replace(left=put(w.left, at, w.left[at] - 1))

    # Sessions

    def opened(self, w, i, k, adopts=True):
        """Server `i` begins a session with process `k`, or has none."""
        def unknown(by):
            return by and by._replace(known=by.known & ~(1 << i))

        def unheard(l):
            return l._replace(beat=unknown(l.beat))

        w = w._replace(
            sessions=put(w.sessions, i, Session(k, False)),
            nodes=tuple(n and n._replace(voucher=unknown(n.voucher)) for n in w.nodes),
            leaders=tuple(map(unheard, w.leaders)),
            script=w.script and w.script._replace(leader=unheard(w.script.leader)))
        for j, x in enumerate(w.writers):
            if self.writers[j] == i and x.at == "reconcile" and self.has("one session of a write"):
                w = self.writer(w, j, on=None)
        if i == 0 and w.reader.at in ("sure", "unsure"):
            w = w._replace(reader=Reader("done", 0, 0))
        if w.leaders[i].at == "no" or not adopts:
            return w
        return self.leader(w, i, at="taken", beat=None, noted=False, early=0, waited=w.control.unchanged)

    def heard(self, w, i):
        """A reply has come to server `i`: after the push, if there was one. Whether the reply counts."""
        if not w.sessions[i].pushed:
            return w, True
        return self.opened(w, i, w.sessions[i].node), False

    def counts(self, w, i):
        """Whether server `i` finds a voucher that counts."""
        s = w.sessions[i]
        if s.node is None or s.pushed:
            return False
        n = w.nodes[s.node]
        v = n.voucher
        if v is None or v.left <= 0 and self.has("the end of a voucher"):
            return False
        if v.run != n.run:
            # The clocks of two processes cannot be compared.
            return not self.has("the process in a voucher")
        return bool(v.known >> i & 1) or not self.has("a voucher newer than the session")

    def holds(self, kept, n):
        """Whether the journal of a process has nothing against a kept answer."""
        return kept.epoch == n.epoch and n.journal <= kept.place

    # Scripts

    def void(self, w, k):
        n = w.nodes[k]
        w = self.node(w, k, gen=w.fresh, value=None, pending=None, journal=n.journal + self.keeps)
        return w._replace(fresh=w.fresh + 1)

    def note(self, w, k, t, mark):
        """Brings the entity to the cache; whether there is a batch to reconcile."""
        floor = w.nodes[k].floor
        w = self.node(w, k, floor=max(floor, t))
        if mark != w.nodes[k].epoch and self.has("the mark"):
            return self.void(w, k), False
        if self.batch:
            return w, bool(w.nodes[k].value or w.nodes[k].pending)
        v = w.nodes[k].value
        return (self.show(w, k, Value(t, t)) if t > (v.stamp if v else floor) else w), False

    def reconcile(self, w, k, t, mark):
        if mark != w.nodes[k].epoch and self.has("the mark"):
            return self.void(w, k)
        v, p = w.nodes[k].value, w.nodes[k].pending
        if v and t > v.stamp:
            w = self.show(w, k, Value(t, t))
        if p and t > max(p.time, p.delta):
            w = self.node(w, k, pending=p._replace(delta=t))
        return w

    def show(self, w, k, value):
        return self.node(w, k, value=value, journal=w.nodes[k].journal + self.keeps)

    def adopt(self, w, k, l):
        if l.void:
            floor = max(w.nodes[k].floor, l.applied) if self.has("the adopting beat as a floor") else w.nodes[k].floor
            w = self.node(self.void(w, k), k, floor=floor, place=None, lost=False, settled=None)
        w = self.node(w, k, owner=(w.nodes[k].run, l.term), step=0, voucher=None)
        if self.has("a new epoch at adoption"):
            w = self.node(w, k, epoch=w.fresh, journal=0)._replace(fresh=w.fresh + 1)
        return w

    def vouch(self, w, k, l):
        n, b = w.nodes[k], l.beat
        if n.owner != (n.run, l.term) or n.step != l.step and self.has("a step before a voucher"):
            return w, False
        voucher = Voucher(n.run, L - b.age, b.known) if b.age < L or not self.has("the end of a voucher") else None
        return self.node(w, k, place=b.time, floor=max(n.floor, b.time), voucher=voucher, lost=False), True

    # What may befall them

    def ticks(self, w):
        def later(drifts):
            def sooner(v):
                return v and v._replace(left=max(0, v.left - 1))

            def older(l):
                return l._replace(beat=l.beat and l.beat._replace(age=min(L, l.beat.age + 1)))

            def longer(that):
                return that._replace(waited=min(self.wait, that.waited + 1))

            nodes, leaders, script = w.nodes, w.leaders, w.script
            if not drifts:
                nodes = tuple(n and n._replace(voucher=sooner(n.voucher)) for n in nodes)
                leaders = tuple(map(older, leaders))
                script = script and script._replace(leader=older(script.leader))
            unchanged = min(self.wait, w.control.unchanged + 1)
            return w._replace(nodes=nodes, script=script, leaders=tuple(longer(l) if l.term else l for l in leaders),
                              writers=tuple(longer(x) if x.t else x for x in w.writers),
                              control=w.control._replace(unchanged=unchanged))
        yield "a tick", later(False)
        if self.may(w, "drift"):
            yield "a tick without the cache's clock", self.less(later(True), "drift")

    def faults(self, w):
        for k in range(2):
            n, other = w.nodes[k], w.nodes[1 - k]
            if self.may(w, "copy") and other.owner:
                after = self.node(w, k, **other._replace(run=n.run)._asdict())
                if self.has("the push"):
                    after = after._replace(
                        sessions=tuple(s._replace(pushed=s.pushed or s.node == k) for s in w.sessions))
                yield f"N{k} becomes a copy of N{1 - k}", self.less(after, "copy")
            if k >= self.nodes:
                continue
            if self.may(w, "crash"):
                after = self.died(w, k, other._replace(run=w.fresh))
                yield f"N{k} dies and is back as a copy of N{1 - k}", self.less(after, "crash")
            if self.may(w, "empty"):
                yield f"N{k} dies and is back empty", self.less(self.died(w, k, self.empty(w.fresh)), "empty")
            if self.may(w, "lose"):
                lost = self.empty(w.fresh)._replace(run=n.run, voucher=n.voucher)
                after = self.node(w, k, **lost._asdict())._replace(fresh=w.fresh + 3)
                yield f"N{k} loses its meta hash", self.less(after, "lose")
            for i in range(2):
                at = w.sessions[i].node
                if at is None:
                    yield f"S{i} connects to N{k}", self.opened(w, i, k)
                elif self.may(w, "move"):
                    adopts = at != k or self.has("adoption over a new session")
                    yield f"S{i} connects to N{k} anew", self.less(self.opened(w, i, k, adopts), "move")

    def died(self, w, k, node):
        w = w._replace(nodes=put(w.nodes, k, node), fresh=w.fresh + 3)
        if w.script and w.script.node == k:
            w = w._replace(script=None)
        for j, x in enumerate(w.writers):
            if x.on == k:
                w = self.writer(w, j, on=None, at="done" if x.at == "settle" else x.at)
        for i in range(2):
            if w.sessions[i].node == k:
                w = self.opened(w, i, None)
        return w

    def arrives(self, w):
        """Scripts and beats that nobody waits for any longer."""
        if w.script:
            k, l = w.script
            after = self.adopt(w, k, l) if l.at == "adopting" else self.vouch(w, k, l)[0]
            yield f"the late script arrives at N{k}", after._replace(script=None)
        if w.beat:
            term, node = w.beat
            after = w._replace(beat=None)
            if term == w.control.term:
                after = after._replace(control=w.control._replace(node=node, unchanged=0))
            yield "the late beat arrives", after

    # States that differ in nothing that matters

    def same(self, w):
        """Acknowledges what may be acknowledged, forgets what is over, and numbers what only has to differ."""
        c, acked = w.control, w.acked
        patience = self.wait if self.has("the time of an unchanged beat") else 0
        for x in w.writers:
            if x.t and ("applied" in self.rules and c.applied >= x.t
                        or "unchanged" in self.rules and c.unchanged >= patience
                        or "waited" in self.rules and x.waited >= self.wait):
                acked = max(acked, x.t)
        kept = w.kept
        if kept and not any(self.holds(kept, n) for n in w.nodes if n):
            kept = Kept(0, 0, 0)
        new = {0: 0, None: None}
        leads = [l for l in w.leaders + ((w.script.leader,) if w.script else ()) if l.at in ("follow", "vouching")]
        steps = {l.step for l in leads if l.at == "vouching"}
        marks = {l.mark for l in leads}
        kept_settled = not (self.has("a new epoch at adoption") and self.has("the mark of what is settled"))

        def of(number):
            return new.setdefault(number, len(new))

        def same_leader(l, node=None):
            deposed = l.term < c.term and self.has("the term of a beat")
            if l.at == "no" or deposed and l.at in ("taken", "placed"):
                return NO_LEADER
            if deposed and l.beat and l.beat.time is None:
                l = l._replace(beat=None)
            if l.at in ("no", "taken"):
                l = l._replace(mark=0, step=0, applied=0, void=False)
            waits = l.at in ("taken", "placed") and (node is None or w.nodes[node].run != c.node)
            if l.waited and not waits:
                l = l._replace(waited=0)
            if l.beat and l.beat.age >= L and l.beat.known:
                l = l._replace(beat=l.beat._replace(known=0))
            return l._replace(mark=of(l.mark), step=of(l.step) if l.at == "vouching" else 0)

        def same_node(k, n):
            if k >= self.nodes and not self.may(w, "copy") and not self.may(w, "crash"):
                return None
            v, s = n.voucher, n.settled
            if v and v.left <= 0 and self.has("the end of a voucher"):
                v = None
            if s and s.mark not in marks and not kept_settled:
                s = None
            return n._replace(
                run=of(n.run), epoch=of(n.epoch), gen=of(n.gen), step=of(n.step) if n.step in steps else 0,
                owner=n.owner and (of(n.owner[0]), n.owner[1]), voucher=v and v._replace(run=of(v.run)),
                pending=n.pending and n.pending._replace(token=of(n.pending.token)),
                settled=s and s._replace(mark=of(s.mark)), journal=n.journal if not kept or kept.epoch else 0)

        def same_writer(x):
            over = x.t and x.t <= acked
            mark = 0 if x.at in ("begin", "done") else of(x.mark)
            return x._replace(mark=mark, vouched=x.vouched and not over, waited=self.wait if over else x.waited,
                              on=None if x.at == "done" else x.on)

        f = w.filler
        return w._replace(
            acked=acked, nodes=tuple(same_node(*n) for n in enumerate(w.nodes)),
            leaders=tuple(same_leader(l, s.node) for l, s in zip(w.leaders, w.sessions)),
            writers=tuple(map(same_writer, w.writers)), control=c._replace(node=of(c.node)),
            filler=f._replace(token=f.token and (of(f.token[0]), f.token[1])),
            kept=kept and kept._replace(epoch=of(kept.epoch)),
            script=w.script and w.script._replace(leader=same_leader(w.script.leader)),
            beat=w.beat and (w.beat[0], of(w.beat[1])), fresh=len(new) + 1)
