"""Goes through every state that a model can reach, and finds a shortest way to a wrong one.

A model has `start()`, its first state; `steps(state)`, pairs of what happens and the state after it;
`wrong(state)`, what is wrong with a state, or None; and `same(state)`, one state for all those that differ in
nothing that matters.
"""
import multiprocessing
import sys
import time
from collections import deque

MOST = 1_000_000
TOO_MANY = "too many states"


def explore(model):
    """The number of states, and what is wrong with one of them and how to get there, or None."""
    state = model.same(model.start())
    seen, queue = {state: None}, deque([state])
    while queue:
        state = queue.popleft()
        wrong = model.wrong(state)
        if wrong:
            way, states = [], len(seen)
            while seen[state]:
                state, step = seen[state]
                way.append(step)
            return states, f"{wrong}: {', '.join(reversed(way))}"
        if len(seen) > MOST:
            return len(seen), TOO_MANY
        for step, after in model.steps(state):
            after = model.same(after)
            if after not in seen:
                seen[after] = (state, step)
                queue.append(after)
    return len(seen), None


def _case(case):
    model, options = case
    begin = time.time()
    states, fault = explore(model(**options))
    return states, fault, time.time() - begin


def check(model, whole, needed):
    """Explores the `whole` cases, in which nothing may go wrong, and the `needed` ones, in each of which a
    mechanism has been taken away and something must. A case is a name and the options of the model; in a needed
    case the name is the mechanism, the model's option `without`. Prints what it finds, and exits with it."""
    cases = [(model, options) for _, options in whole]
    cases += [(model, {**options, "without": name}) for name, options in needed]
    failed = False
    with multiprocessing.Pool() as pool:
        found = pool.imap(_case, cases)
        for name, _ in whole:
            states, fault, seconds = next(found)
            print(f"{'WRONG' if fault else 'right'}  {name}: {states} states, {seconds:.0f} s")
            if fault:
                failed = True
                print("       " + fault)
            sys.stdout.flush()
        for name, _ in needed:
            _, fault, _ = next(found)
            missed = fault and fault != TOO_MANY
            print(f"{'needed' if missed else 'NOT NEEDED'}  {name}: {fault}")
            failed |= not missed
            sys.stdout.flush()
    sys.exit(failed)
