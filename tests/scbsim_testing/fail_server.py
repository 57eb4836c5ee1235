"""A process with the shim in it, which has children do one thing each while a write fails.

The children end as any Python does, so that what HDF5 does at the exit is seen, too. Most leave out
what takes longest, and writes nothing: to take Python's own objects apart.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import json
import os
import sys
from functools import cache
from tempfile import TemporaryDirectory

import h5py
import numpy as np

import scbsim.run.loop
from scbsim import RunSpec, Task, load, simulate
from scbsim.errors import ScbsimError
from scbsim.sampling.file import write_samples
from scbsim.sampling.sampler import Sampler
from scbsim.storage.runfile import row_writer as writer
from scbsim.storage.runfile import schema
from scbsim.sweep.collect import collect
from scbsim.sweep.folder import SweepFolder
from scbsim.task.file import write_arrays

shim = ctypes.CDLL(None)


def run(folder, given):
    simulate(RunSpec.from_dict(given["spec"]), output=f"{folder}/run.h5", threads=1)


def longer(folder, given):
    """Take a run further: its file is copied, and changed by HDF5."""
    simulate(RunSpec.from_dict(given["spec"]), output=f"{folder}/run.h5", resume=True, threads=1)


def task(folder, _given):
    write_arrays(f"{folder}/task.h5", Task.random(20, 100, 2))


def samples(folder, _given):
    write_samples(f"{folder}/batch.h5", Sampler(Task.random(5, 50, 2), seed=1), 0, 2000)


def collection(folder, given):
    collect(SweepFolder.open(given["sweep"]), f"{folder}/all.h5", copy=True)


@cache
def whole_run(path):
    """Return a run that nothing went wrong with, in memory."""
    return load(path).load()


def child(ask):
    """Do one thing; return the exit status."""
    given, folder = ask["given"], ask["folder"]
    last = 2**40 if ask["lasting"] else ask["nth"]
    shim.fail_shim_arm(folder.encode(), ctypes.c_long(ask["nth"]), ctypes.c_long(last),
                       ask["error"], ask["kinds"])  # fmt: skip
    try:
        globals()[ask["do"]](folder, given)
    except ScbsimError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        status = error.exit_status
    else:
        print(shim.fail_shim_calls())
        return 0
    shim.fail_shim_arm(b"", 0, 0, 0, 0)
    # The same process goes on: it reads the file, and makes another in its place on the disk.
    gc.collect()
    if ask["do"] == "run" and os.path.exists(f"{folder}/run.h5"):
        there, right = load(f"{folder}/run.h5"), whole_run(given["like"])
        n = there.sizes["step"]
        assert np.array_equal(there["step"], right["step"][:n])
        assert there["loss"].values.tobytes() == right["loss"].values[..., :n].tobytes()
    with h5py.File(f"{folder}/other.h5", "x") as file:
        file["x"] = 1
    os.unlink(f"{folder}/other.h5")
    return status


if __name__ == "__main__":
    from replacing import replace

    # Small chunks and short blocks: much happens in a short run.
    replace(schema, MOST_CHUNK_ROWS=64)
    replace(scbsim.run.loop, _BLOCK_STEPS=50)
    # A flush is due when a chunk is full alone, so that calls have the same numbers each time.
    replace(writer, _FLUSH_SECONDS=float("inf"))
    # Compiled code is loaded once, not by every child, and so is what writes and reads a file.
    with TemporaryDirectory() as warm:
        for spec in json.loads(sys.argv[1]):
            simulate(RunSpec.from_dict(json.loads(spec)), output=f"{warm}/{hash(spec)}", threads=1)
    gc.collect()
    gc.freeze()
    print("ready", flush=True)
    for line in sys.stdin:
        ask = json.loads(line)
        if "like" in ask["given"]:
            # Here, and so in all children.
            whole_run(ask["given"]["like"])
        pid = os.fork()
        if not pid:
            said = os.open(ask["said"], os.O_RDWR | os.O_CREAT | os.O_TRUNC)
            os.dup2(said, 1)
            os.dup2(said, 2)
            status = child(ask)
            if ask["nth"] % 5:
                atexit._run_exitfuncs()
                sys.stdout.flush()
                sys.stderr.flush()
                ctypes.CDLL(None).exit(status)
            sys.exit(status)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
