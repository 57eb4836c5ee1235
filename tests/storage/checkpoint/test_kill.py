"""A run that is killed at any of its write calls keeps what it was told is kept, to the bit."""

import random
import shutil

import pytest
from scbsim_testing.kill_runs import SPEC, Whole, changed
from scbsim_testing.killing import KILLED
from scbsim_testing.recording import HALF, PAGE, WHOLE

ALL_RULES = [(r, p) for r in ("sgd", "prox", "denoise") for p in ("float32", "float64")]
# Under this rule and threshold the list of active entries grows with every step.
LIVE = {
    **SPEC,
    "dynamics": {"engine": "sparse", "batch_size": 1e5, "rule": "denoise"},
    "stage": [
        {"steps": 7, "normalize_level": 0.1, "threshold_sigmas": 1.0},
        {"steps": 8, "threshold_sigmas": 1.5},
    ],
}
FEW_NUMBERS = {
    **SPEC,
    "dynamics": {"engine": "collapsed", "batch_size": 1e5, "rule": "sgd"},
    "stage": [{"steps": 7}, {"steps": 8}],
    "output": {**SPEC["output"], "snapshot_every": 0},
}

REAL = {
    **SPEC,
    "dynamics": {"engine": "batch", "batch_size": 20, "rule": "prox", "precision": "float64"},
    "stage": [
        {"steps": 7, "rule": "vanilla", "normalize_level": 0.1},
        {"steps": 8, "threshold": 0.01},
    ],
}
LOGITS = {
    **SPEC,
    "dynamics": {"engine": "softmax", "batch_size": 20, "rule": "sgd", "precision": "float64"},
    "stage": [{"steps": 7}, {"steps": 8, "rule": "vanilla"}],
}


# A checkpoint is replaced twice, and every kind of call is made more than once.
SHORT = {
    **SPEC,
    "stage": [{"steps": 4, "normalize_level": 0.1}, {"steps": 5}],
}


@pytest.fixture(scope="module")
def whole(server, memory):
    return Whole(server, memory / "run", SPEC)


def resumed_until_done(victim, torn, chances, *, often, at_most):
    """Resume a run that was killed, and kill it some times again."""
    while True:
        victim.check_readable()
        again = chances.randrange(1, at_most) if chances.random() < often else 0
        ended = victim.run(again, torn, resume=True)
        if ended.status == 0:
            victim.check_finished()
            assert len(ended.said.splitlines()) == 1, ended.said
            return
        assert ended.status == KILLED, ended


def every(whole, stride, torn=WHOLE, start=1):
    """Kill at every so many calls, of writes alone where they are to be torn; return how many."""
    chances, calls = random.Random(0), 0
    for fatal in range(start, len(whole.calls) + 1, stride):
        if torn == WHOLE or whole.calls[fatal - 1].startswith(("write", "pwrite")):
            victim = whole.killed(fatal, torn)
            resumed_until_done(victim, torn, chances, often=0.3, at_most=150)
            calls += 1
    return calls


def check_that_a_kill_leaves_what_is_made(victim, other, fatal, torn, **how):
    """Kill at a call, and make another folder as that should be: they are the same, to the byte."""
    recording = victim.recorded(fatal, torn, status=KILLED, **how)
    assert len(recording.calls) == fatal
    other.killed(recording, fatal, torn)
    assert other.files() == victim.files()
    assert other.done() == victim.done()
    assert other.links() == victim.links()


def of_each_kind(calls):
    """Return the first and the last call of each kind, and those in the middle, from 1 on."""
    kinds = [call.split()[0] + call.split(".")[-1] for call in calls]
    first = {kind: at for at, kind in reversed([*enumerate(kinds, 1)])}
    last = {kind: at for at, kind in enumerate(kinds, 1)}
    return sorted({*first.values(), *last.values(), *range(50, len(calls), 50)})


@pytest.mark.slow
def test_a_kill_leaves_what_is_made_of_a_recording(whole):
    """All other tests begin with folders that are made, in place of one process for each."""
    for fatal in of_each_kind(whole.calls):
        victim, other = whole.victim(), whole.victim("other")
        check_that_a_kill_leaves_what_is_made(victim, other, fatal, WHOLE)
    for torn in (HALF, PAGE):
        calls = enumerate(whole.recording.calls, 1)
        fatals = [at for at, call in calls if call.part(torn).data]
        assert fatals
        for fatal in fatals[:: -(-len(fatals) // 6)]:
            victim, other = whole.victim(), whole.victim("other")
            check_that_a_kill_leaves_what_is_made(victim, other, fatal, torn)


@pytest.mark.slow
def test_a_kill_of_a_resumption_leaves_what_is_made_of_a_recording(whole):
    dead = whole.killed(len(whole.calls) // 2)
    victim = whole.victim("resumed")
    victim.like_after(dead)
    calls = victim.recorded(resume=True).calls
    for fatal in of_each_kind([str(call) for call in calls]):
        victim, other = whole.victim("resumed"), whole.victim("other")
        victim.like_after(dead)
        check_that_a_kill_leaves_what_is_made(victim, other, fatal, WHOLE, resume=True)


@pytest.mark.slow
@pytest.mark.parametrize(("rule", "precision"), ALL_RULES)
def test_a_few_kills_of_every_kind_of_run(server, tmp_path, rule, precision):
    spec = changed(dynamics={"rule": rule, "precision": precision})
    whole = Whole(server, tmp_path, spec)
    every(whole, len(whole.calls) // 4, start=20)


@pytest.mark.slow
@pytest.mark.parametrize("spec", [REAL, LOGITS], ids=["batch", "softmax"])
def test_a_few_kills_on_real_batches(server, tmp_path, spec):
    whole = Whole(server, tmp_path, spec)
    every(whole, len(whole.calls) // 10, start=20)


@pytest.mark.slow
@pytest.mark.parametrize("spec", [LIVE, FEW_NUMBERS], ids=["sparse", "collapsed"])
def test_a_few_kills_of_states_that_are_no_matrices(server, tmp_path, spec):
    whole = Whole(server, tmp_path, spec)
    every(whole, len(whole.calls) // 12, start=20)


@pytest.mark.slow
def test_live_entries_killed_at_every_fourth_call(server, memory):
    """What they have in common with a matrix is killed at every one of its calls."""
    whole = Whole(server, memory / "live", LIVE)
    every(whole, 4)


@pytest.mark.slow
def test_a_few_kills_around_the_beginning_and_the_end(whole):
    last = len(whole.calls)
    kinds = [call.split()[0] for call in whole.calls]
    near_link = kinds.index("link") + 1
    chances = random.Random(0)
    for fatal in (near_link - 1, near_link, near_link + 1, near_link + 2, last - 3, last - 1):
        victim = whole.killed(fatal)
        resumed_until_done(victim, WHOLE, chances, often=0, at_most=2)


@pytest.mark.slow(first=True)
def test_killed_at_every_call(server, memory):
    whole = Whole(server, memory / "short", SHORT)
    assert sum(call == "rename run.h5.ckpt.1" for call in whole.calls) == 2
    every(whole, 1)


@pytest.mark.slow
def test_killed_within_every_write(whole):
    """A kill can cut a write only at the edge of a page."""
    assert every(whole, 5, PAGE) >= 60


@pytest.mark.slow
@pytest.mark.parametrize(
    "stride", [pytest.param(4, marks=pytest.mark.slow), pytest.param(40)], ids=["many", "few"]
)
def test_the_resumption_killed_at_its_calls(whole, stride):
    """The repair of what the first death left included."""
    dead = whole.victim("dead").killed(whole.recording, len(whole.calls) * 3 // 4)
    resumed = whole.victim()
    resumed.like_after(dead)
    recording = resumed.recorded(resume=True)
    fatals = range(stride, len(recording.calls) + 1, stride)
    for fatal in fatals:
        victim = whole.victim().killed(recording, fatal)
        victim.check_readable()
        assert victim.run(resume=True).status == 0
        victim.check_finished()
    assert fatals[-1] + stride > 80


@pytest.mark.slow
@pytest.mark.parametrize(
    "stride", [pytest.param(4, marks=pytest.mark.slow), pytest.param(30)], ids=["many", "few"]
)
def test_a_longer_last_stage_killed_at_its_calls(server, whole, memory, stride):
    """Rows of the shorter run keep counting; the end is that of the longer one, run at once."""
    longer = {**SPEC, "stage": [SPEC["stage"][0], {"steps": 14}]}
    right = Whole(server, memory / f"longer-{stride}", longer)
    resumed = right.victim()
    shutil.copyfile(whole.path, resumed.path)
    recording = resumed.recorded(resume=True)
    fatals = range(stride, len(recording.calls) + 1, stride)
    for fatal in fatals:
        victim = right.victim().killed(recording, fatal)
        ended = victim.run(resume=True)
        assert ended.status == 0, ended
        victim.check_finished()
        assert len(ended.said.splitlines()) == 1, ended.said
        steps = [step for what, step in victim.done() if what == "from"]
        assert all(step >= 15 for step in steps), "the shorter run was taken again"
    assert fatals[-1] + stride > 80


@pytest.mark.slow
def test_replacing_a_file_leaves_the_old_one_or_the_new_one(server, whole, tmp_path):
    old = Whole(server, tmp_path, {**SPEC, "seed": 6})
    before = old.path.read_bytes()
    for fatal in range(1, len(whole.calls)):
        victim = whole.victim()
        shutil.copyfile(old.path, victim.path)
        assert victim.run(fatal, overwrite=True).status == KILLED
        if victim.path.read_bytes() != before:
            break
    assert 3 < fatal < 20
    victim.check_readable()
    assert victim.run(resume=True).status == 0
    victim.check_finished()


@pytest.mark.slow
def test_half_written_pages_are_told_and_end_the_same(whole):
    """Beyond a kill: power may fail within a page. Nothing is taken for what it is not."""
    writes = [i for i, call in enumerate(whole.calls, 1) if call == "pwrite run.h5"]
    for fatal in writes[30 :: len(writes) // 8]:
        victim = whole.killed(fatal, HALF)
        saved = any(what == "saved" for what, _ in victim.done())
        ended = victim.run(resume=True, apart=True)
        if not saved and ended.status:
            assert ended.status == 2, ended
            assert "no checkpoint of this run is beside it" in ended.said
            continue
        assert ended.status == 0, ended
        aside = victim.path.with_name("run.h5.corrupt")
        if aside.exists():
            assert "is damaged" in ended.said
            victim.check_last_row()
        else:
            victim.check_finished()


@pytest.mark.slow
def test_what_a_checkpoint_counts_on_is_on_the_disk_before_it(whole):
    """The order in which a machine that loses its power must find things."""
    unsynced, renames = set(), 0
    for call in whole.calls:
        what, name = call.split()
        if what in ("write", "pwrite", "ftruncate"):
            unsynced.add(name)
        elif what == "fsync":
            unsynced.discard(name)
        elif what == "rename" and name == "run.h5.ckpt":
            assert not unsynced & {"run.h5", "run.h5.ckpt.tmp"}
            renames += 1
        elif what == "unlink" and name == "run.h5.ckpt" and renames:
            assert "run.h5" not in unsynced
    assert renames >= 4
    for i, call in enumerate(whole.calls):
        if call == "rename run.h5.ckpt":
            assert whole.calls[i + 1] == "fsync ."
