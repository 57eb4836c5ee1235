"""A warm process with the shim in it: it forks a child for each run that a line on stdin asks for.

Importing and loading kernels costs a second, and a kill a few hundredths.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import io
import json
import os
import signal
import sys
import time
import traceback
import warnings
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

from replacing import replace


def run(ask):
    """Run a spec into a file; the fatal call is counted from here on."""
    from scbsim import RunSpec
    from scbsim.errors import ScbsimError
    from scbsim.run.simulate import run_to_file

    global log
    log = os.open(ask["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    told = os.open(ask["trace"], os.O_WRONLY | os.O_CREAT | os.O_APPEND) if ask["trace"] else -1
    spec = RunSpec.from_dict(ask["spec"])
    if ask["fatal"] or ask["trace"]:
        shim.kill_shim_arm(ask["folder"].encode(), ask["fatal"], ask["torn"], told, log)
    try:
        ended = run_to_file(
            spec, ask["output"], resume=ask["resume"], overwrite=ask["overwrite"], threads=1
        )
    except ScbsimError as error:
        print(f"{type(error).__name__}: {error}")
        return error.exit_status
    finally:
        os.close(log)
    print(json.dumps({"status": ended.status, "calls": shim.kill_shim_calls()}))
    return 0


def tell_what_is_done():
    """Write down, in another file, each count and checkpoint after the call that makes it last."""
    from scbsim.run.loop import Loop
    from scbsim.storage.runfile.row_writer import FileRecorder
    from scbsim.storage.session import Session

    flush, save, start = FileRecorder.flush, Session.save, Loop.__init__

    def told_flush(self):
        flush(self)
        os.write(log, f"rows {self._committed}\n".encode())

    def told_save(self, position):
        save(self, position)
        os.write(log, f"saved {position.step}\n".encode())

    def told_start(self, engine, *args, **options):
        start(self, engine, *args, **options)
        os.write(log, f"from {engine.step}\n".encode())

    FileRecorder.flush, Session.save, Loop.__init__ = told_flush, told_save, told_start


def read(ask):
    """Read a file as its user would; say how far it is and whether that much is right."""
    import numpy as np

    from scbsim import load
    from scbsim.errors import ScbsimError

    try:
        got = load(ask["output"])
    except ScbsimError as error:
        print(json.dumps({"fault": str(error)}))
        return 0
    right = whole_run(ask["like"], os.stat(ask["like"]).st_mtime_ns)
    n = got.sizes["step"]
    names = [name for name in right if "step" in right[name].dims]
    same = bool(np.array_equal(got["step"], right["step"][:n])) and all(
        got[name].values.tobytes() == right[name].values[..., :n].tobytes() for name in names
    )
    if "replica" in right.dims:
        same &= tables_are_right(got, right)
    print(json.dumps({"rows": n, "status": got.attrs["status"], "same": same}))
    return 0


@lru_cache(8)
def whole_run(path, _mtime_ns):
    """Return the trajectory of a run that was never interrupted, in memory."""
    from scbsim import load

    return load(path).load()


def done_here(ask):
    """Do something in this process, which is ended if that hangs."""
    said = io.StringIO()
    signal.setitimer(signal.ITIMER_REAL, ask["seconds"])
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            status = HERE[ask["do"]](ask)
        except Exception:
            traceback.print_exc()
            status = 70
    signal.setitimer(signal.ITIMER_REAL, 0)
    gc.collect()
    # A child shares the locks of what is open at the fork.
    held = [os.path.realpath(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")]
    assert not any(name.endswith(".h5") for name in held), held
    return {"ended": status, "said": said.getvalue()}


HERE = {"read": read, "run here": run}


def tables_are_right(got, right):
    """Say whether each entry in the tables of an ensemble is missing or right."""
    import numpy as np

    for along, name in (("normalization", "normalized_step"), ("stage_index", "stage_end")):
        there = got[name].values >= 0
        k = there.shape[1]
        for other in (name for name in right if along in right[name].dims):
            if (got[other].values != right[other].values[:, :k])[there].any():
                return False
    ended = np.isin(got["replica_status"].values, ["complete", "diverged"])
    if (got["replica_status"].values != right["replica_status"].values)[ended].any():
        return False
    # Who has ended has its last row, and all that came before.
    last = right["stage_end"].values.max(axis=1)[ended]
    return bool((last <= got["step"].values.max(initial=-1)).all())


def waited(pid, seconds):
    """Return how a child ended as `subprocess` does, or None if it had to be ended."""
    deadline = time.monotonic() + seconds
    pause = 0.001
    while time.monotonic() < deadline:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(pause)
        pause = min(2 * pause, 0.005)
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    return None


def warm():
    """Import everything and load every kernel."""

    import scbsim.storage.runfile.status
    import scbsim.storage.session  # noqa: F401
    from scbsim import RunSpec, simulate

    for rule in ("sgd", "prox", "denoise"):
        for precision in ("float32", "float64"):
            dynamics = {"rule": rule, "precision": precision}
            task = {"N": 4, "T": 20, "Q": 2}
            stage = [{"steps": 2, "normalize_level": 0.1}]
            simulate(RunSpec.from_dict({"task": task, "dynamics": dynamics, "stage": stage}))
    dynamics = {"engine": "batch", "rule": "sgd", "batch_size": 5, "precision": "float64"}
    simulate(RunSpec.from_dict({"task": task, "dynamics": dynamics, "stage": stage}))
    warm_files({"task": task, "stage": stage})


def warm_files(tables):
    """Run into a file, take the run further, and read it: what that imports no child has to."""
    from scbsim import RunSpec, load
    from scbsim.run.simulate import run_to_file

    output = {"snapshot_every": 1, "final_state": True}
    with TemporaryDirectory() as folder:
        path = f"{folder}/run.h5"
        for steps in 2, 4:
            stages = [*tables["stage"], {"steps": steps}]
            spec = RunSpec.from_dict({**tables, "stage": stages, "output": output})
            run_to_file(spec, path, resume=steps > 2, threads=1)
        load(path).load()


def checked_here(path, _stop):
    """Check a file in this process, which is lost if it crashes, and the test with it."""
    from scbsim.storage.runfile.check import check

    return check(path)


def serve():
    """Do what each line asks for, here or in a child; say how it ended and what it said."""
    for line in sys.stdin:
        ask = json.loads(line)
        if ask["do"] in HERE:
            print(json.dumps(done_here(ask)), flush=True)
            continue
        pid = os.fork()
        if not pid:
            said = os.open(ask["said"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(said, 1)
            os.dup2(said, 2)
            sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
            status = 70
            try:
                replace(integrity, _run_child=checked_in_a_fork)
                status = run(ask)
            except BaseException:
                traceback.print_exc()
            sys.stdout.flush()
            os._exit(status)
        status = waited(pid, ask["seconds"])
        answer = {"ended": status, "said": Path(ask["said"]).read_text(errors="replace")}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    shim = ctypes.CDLL(None)
    shim.kill_shim_arm.argtypes = [ctypes.c_char_p, ctypes.c_long, *3 * [ctypes.c_int]]
    shim.kill_shim_calls.restype = ctypes.c_long
    warnings.simplefilter("always")
    from warm_check import checked_in_a_fork

    import scbsim.run.loop
    from scbsim.storage.runfile import integrity

    # Short blocks of steps, and so many checkpoints.
    replace(scbsim.run.loop, _BLOCK_STEPS=4, _BLOCK_SECONDS=1e9)
    replace(integrity, _run_child=checked_here)
    warm()
    tell_what_is_done()
    gc.collect()
    gc.freeze()
    print("ready", flush=True)
    serve()
