"""The command line on a rank, slowed down; `PATCH` in the environment has, as JSON:

slow    seconds that each step takes at least
pids    a folder in which each rank leaves its process number
fail    [rank, n]: that rank cannot write its n-th shard
break   [rank, step]: what that rank alone meets before that step, between two meetings
check   a program in place of that which checks a file
"""

import json
import os
import time
from pathlib import Path

import scbsim.mpi.session
import scbsim.run.loop
from scbsim.cli.entry import main
from scbsim.errors import RunFailed
from scbsim.mpi.engine import SharedEngine
from scbsim.storage.runfile import integrity

RANK = int(os.environ.get("PMI_RANK", "0"))


def slowly(seconds, engine=SharedEngine):
    there = engine.advance

    def advance(self, stage, steps, *before):
        time.sleep(steps * seconds)
        return there(self, stage, steps, *before)

    engine.advance = advance


def breaking(step):
    there = SharedEngine.advance

    def advance(self, stage, steps, *before):
        if self.step + steps >= step:
            raise RunFailed("its machine is on fire")
        return there(self, stage, steps, *before)

    SharedEngine.advance = advance


def failing(n):
    there, calls = scbsim.mpi.session.write_shard, iter(range(1, 10**9))

    def write_shard(path, bulk):
        if next(calls) == n:
            raise RunFailed(f"{path} needs more room")
        there(path, bulk)

    replace(scbsim.mpi.session, write_shard=write_shard)


if __name__ == "__main__":
    from replacing import replace

    patch = json.loads(os.environ["PATCH"])
    replace(scbsim.run.loop, _BLOCK_STEPS=10)
    if patch.get("slow"):
        slowly(patch["slow"])
    if patch.get("pids"):
        (Path(patch["pids"]) / str(RANK)).write_text(str(os.getpid()))
    if patch.get("fail") and patch["fail"][0] == RANK:
        failing(patch["fail"][1])
    if patch.get("check"):
        replace(integrity, _CHILD=patch["check"])
    if patch.get("break") and patch["break"][0] == RANK:
        breaking(patch["break"][1])
    main()
