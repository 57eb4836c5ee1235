"""How steps scale with threads: python bench/scaling.py [--small] [--threads 1,2,4,8,16] [--json F]

Fills a table for the dense step, the step on real batches and the sparse engine, at 1, 2, 4, 8 and
16 threads, in less than eight minutes on 16 cores. The sparse engine has one thread a run, so its
threads are replicas, each with a run of its own. Times are wall time, the best of some rounds; run
nothing else meanwhile.
"""

from __future__ import annotations

import argparse
import json
from time import perf_counter

from scbsim.benchmark.cases import case_of
from scbsim.benchmark.kernels import bandwidth
from scbsim.benchmark.steps import Case
from scbsim.benchmark.timing import best_in
from scbsim.engines.select import plan_of
from scbsim.kernels.compile.threads import most_threads
from scbsim.run.ensemble import built_ensemble
from scbsim.spec import RunSpec
from scbsim.task import Task
from scbsim.util.cores import cpu_name

MOST_SECONDS = 8 * 60


def cases(small: bool) -> list[Case]:
    """Return the steps of the table."""
    dense = [(5, 300)] if small else [(100, 100_000), (500, 100_000), (500, 1_000_000)]
    batch = [(3, 50, 6)] if small else [(3, 5_000, 64), (10, 50, 1_024), (100, 2_000, 512)]
    sparse = [(5, 1_000, 4.0)] if small else [(500, 100_000, 4.0), (5_000, 10**7, 5.5)]
    found = [
        case_of("dense", N, T, f"dynamics.precision={p}", name=f"dense, {p}")
        for N, T in dense
        for p in ("float32", "float64")
    ]
    still = ("stage.0.rate_A=1e-9", "stage.0.rate_V=1e-9")
    found += [
        case_of("batch", N, T, f"dynamics.batch_size={B}", *still, rule="sgd", name=f"batch, B={B}")
        for N, T, B in batch
    ]
    found += [
        case_of(
            *("sparse", N, T, f"stage.0.threshold_sigmas={sigmas}"),
            *("task.P_concentration=", "task.K_P=0.25", "noise.sigma_V=0.01"),
            name=f"sparse, {sigmas} sigma, a replica a thread",
        )
        for N, T, sigmas in sparse
    ]
    return found


def seconds_of_step(case: Case, task: Task, threads: int, budget: float) -> float:
    """Return the seconds of a step; of the sparse engine, of a step of one of its replicas."""
    spec = case.spec
    replicas = threads if spec.dynamics.engine == "sparse" else 1
    dynamics = spec.dynamics.model_copy(update={"replicas": replicas})
    spec = spec.model_copy(update={"dynamics": dynamics})
    with built_ensemble(plan_of(spec, task), None, threads) as ensemble:
        return best_in(ensemble.advance, budget) / replicas


def table(counts: list[int], small: bool, stop_at: float) -> list[dict[str, object]]:
    """Return the lines of the table, as far as the time goes."""
    lines: list[dict[str, object]] = []
    for case in cases(small):
        spec: RunSpec = case.spec
        task = Task.from_spec(spec.task)
        size = f"N={task.N} T={task.T:g}"
        alone = None
        for threads in counts:
            if perf_counter() > stop_at:
                print("out of time: the table ends here", flush=True)
                return lines
            found = seconds_of_step(case, task, threads, 0.002 if small else 1.0)
            alone = alone or found
            lines.append({"step": case.name, "size": size, "threads": threads, "seconds": found})
            print(
                f"{case.name:40s} {size:20s} {threads:3d} threads {1e6 * found:12.2f} us"
                f"  {alone / found:5.2f} times one",
                flush=True,
            )
    return lines


def main() -> None:
    """Print the table, and write it if asked to."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--threads", default="1,2,4,8,16")
    words.add_argument("--small", action="store_true")
    words.add_argument("--json")
    given = words.parse_args()
    most, began = most_threads(), perf_counter()
    counts = [n for n in map(int, given.threads.split(",")) if n <= most]
    print(f"{cpu_name()}, {most} cores", flush=True)
    memory = {n: bandwidth(n, small=given.small) for n in counts}
    for n, found in memory.items():
        print(f"memory, read and written, {n:3d} threads {found / 1e9:8.2f} GB/s", flush=True)
    lines = table(counts, given.small, began + MOST_SECONDS)
    print(f"{perf_counter() - began:.0f} s in all")
    if given.json:
        with open(given.json, "w") as file:
            json.dump({"cpu": cpu_name(), "memory": memory, "steps": lines}, file, indent=1)


if __name__ == "__main__":
    main()
