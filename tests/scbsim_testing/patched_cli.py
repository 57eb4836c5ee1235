"""The command line in a process of its own, slowed down, or on a disk that fills up.

What is to be changed is in the environment variable `PATCH`, as JSON:

    slow        seconds that each step takes at least
    full_at     [what, n, left]: before the n-th call of that, fill the disk but for so many bytes
    no_guard    begin every write, however full the disk is
    told        a file to which the committed rows are written after each flush
"""

import json
import os
import shutil
import time
from pathlib import Path

import scbsim.run.loop
from scbsim.cli.entry import main
from scbsim.engines.dense import DenseEngine
from scbsim.storage import session
from scbsim.storage.runfile import row_writer as writer
from scbsim.storage.runfile import schema
from scbsim.util import disk_space as space

BALLAST = "ballast"


def before(where, name, action):
    """Have something done before each call of a function or method."""
    there = getattr(where, name)

    def patched(*args, **kwargs):
        action(*args)
        return there(*args, **kwargs)

    setattr(where, name, patched)


def fill(folder, left):
    free = shutil.disk_usage(folder).free
    with (folder / BALLAST).open("wb") as file:
        while free > left:
            n = min(2**16, free - left)
            file.write(bytes(n))
            free -= n
    # Pages are whole, so a little less is left than asked for.
    assert shutil.disk_usage(folder).free <= left


def fill_before(what, n, left):
    calls = iter(range(1, 10**9))
    where, name = {
        "create": (session, "atomic_write"),
        "open": (session.Session, "_open_file"),
        "flush": (writer.FileRecorder, "flush"),
        "checkpoint": (session, "write_checkpoint"),
        "snapshot": (writer.FileRecorder, "snapshot"),
        "table": (writer.FileRecorder, "normalized"),
        "close": (writer.FileRecorder, "close"),
    }[what]

    def action(first, *_):
        if next(calls) == n:
            fill(Path(getattr(first, "path", first)).parent, left)

    before(where, name, action)


def tell(path):
    flush = writer.FileRecorder.flush

    def told(self):
        flush(self)
        with open(path, "a") as file:
            file.write(f"{self._committed}\n")

    writer.FileRecorder.flush = told


def patched(patch):
    """Change what is to be changed in this process."""
    from replacing import replace

    # Small chunks and short blocks: much happens in a short run.
    replace(schema, MOST_CHUNK_ROWS=64)
    replace(scbsim.run.loop, _BLOCK_STEPS=patch.get("block", 50))
    if patch.get("slow"):
        before(DenseEngine, "advance", lambda _self, _stage, n, *_: time.sleep(n * patch["slow"]))
    if patch.get("told"):
        tell(patch["told"])
    if patch.get("full_at"):
        fill_before(*patch["full_at"])
    if patch.get("no_guard"):
        replace(space, require_room=lambda *_: None)


if __name__ == "__main__":
    patched(json.loads(os.environ["PATCH"]))
    main()
