"""The whole benchmark: its parts, one after the other, and the rates that follow."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

import numpy as np

from scbsim._version import __version__
from scbsim.benchmark.around import BLOCK_ROWS, around, record_rows, write_snapshot
from scbsim.benchmark.cases import PARTS
from scbsim.benchmark.dense_peers import batch_peers, seconds_of_dense_peers
from scbsim.benchmark.fit import fitted
from scbsim.benchmark.kernels import bandwidth, kernel_rows, token_rows
from scbsim.benchmark.rows import Row
from scbsim.benchmark.steps import Timed, timed
from scbsim.benchmark.timing import best_of, clock_of, sharing_out
from scbsim.estimates.rates import Rates
from scbsim.run.provenance import versions
from scbsim.util.cores import cpu_name, usable_cores

SECONDS, SMALL_SECONDS = 0.1, 0.002
"""About how long each step is timed."""

_BUSY = 0.9

Tell = Callable[[str], None]


@dataclass
class Benchmark:
    """What was measured so far."""

    threads: list[int]
    small: bool = False
    rows: list[Row] = field(default_factory=list)
    steps: list[Timed] = field(default_factory=list)
    others: dict[str, float] = field(default_factory=dict)
    memory: dict[int, float] = field(default_factory=dict)
    complete: bool = False
    share: float = 1.0
    created_utc: str = field(
        default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds")
    )

    @property
    def settings(self) -> dict[str, Any]:
        """The machine and versions."""
        return {
            "cpu": cpu_name(),
            "cores": usable_cores(),
            "scbsim": __version__,
            **versions(),
            "threads": self.threads,
            "small": self.small,
        }

    @property
    def rates(self) -> Rates:
        """The rates of this machine, from a complete benchmark.

        If the machine was busy, those of several threads are not known, and threads that share a
        step are taken to divide its time.
        """
        steps = [each for each in self.steps if each.threads == 1 or self.share >= _BUSY]
        return Rates(
            cpu=cpu_name(),
            cores=usable_cores(),
            version=__version__,
            measured_utc=self.created_utc,
            seconds=fitted(steps),
            others=dict(self.others),
            own=True,
        )

    @property
    def notes(self) -> list[str]:
        """What a reader of the numbers should know."""
        notes = []
        if self.small:
            notes.append("small sizes: they show that the code runs, and no speed")
        if self.share < _BUSY:
            notes.append(
                f"the machine was busy: this process had {100 * self.share:.0f}% of the core that "
                "it asked for; what one thread does is in processor time, all else is slower than "
                "on a quiet machine, and estimates take more threads to divide the time"
            )
        if not self.complete:
            notes.append("interrupted: what was measured until then")
        return notes


def threads_to_time(most: int) -> list[int]:
    """Return the powers of two up to a number of threads, and the number itself."""
    return sorted({most, *(2**i for i in range(most.bit_length()) if 2**i <= most)})


def measure(benchmark: Benchmark, tell: Tell = lambda _: None) -> Benchmark:
    """Measure everything into a benchmark, which on an interrupt has what was measured.

    ``tell`` is called with the name of each part before it.
    """
    seconds = SMALL_SECONDS if benchmark.small else SECONDS
    clock = perf_counter(), process_time()
    with suppress(KeyboardInterrupt), TemporaryDirectory(prefix="scbsim-benchmark-") as folder:
        for name, part in _parts(benchmark, seconds, Path(folder)):
            tell(name)
            part()
            if name == "words and normals":
                spent = process_time() - clock[1], perf_counter() - clock[0]
                benchmark.share = min(1.0, spent[0] / spent[1])
            elif name == "memory":
                clock = perf_counter(), process_time()
        benchmark.complete = True
    return benchmark


def _parts(
    benchmark: Benchmark, seconds: float, folder: Path
) -> Iterator[tuple[str, Callable[[], None]]]:
    yield "memory", lambda: _memory(benchmark)
    yield "words and normals", lambda: benchmark.rows.extend(kernel_rows(seconds))
    yield (
        "tokens",
        lambda: benchmark.rows.extend(
            token_rows(benchmark.threads, seconds, small=benchmark.small)
        ),
    )
    for name, cases in PARTS.items():
        yield f"steps: {name}", partial(_steps, benchmark, cases, seconds)
    yield "files and the start of a process", lambda: _files(benchmark, folder)
    yield "peers", lambda: _peers(benchmark)


def _memory(benchmark: Benchmark) -> None:
    for count in benchmark.threads:
        benchmark.memory[count] = found = bandwidth(count, small=benchmark.small)
        benchmark.rows.append(Row("memory, read and written", "", count, found / 1e9, "GB/s"))


def _steps(benchmark: Benchmark, cases: Any, seconds: float) -> None:
    # Rates follow from one thread and from all; those between are in `bench/scaling.py`.
    counts = sorted({1, benchmark.threads[-1]})
    for case in cases(benchmark.small):
        for each in timed(case, counts, seconds):
            benchmark.steps.append(each)
            benchmark.rows.append(_row(benchmark, each))


def _row(benchmark: Benchmark, each: Timed) -> Row:
    """Return the line of a step: by the entry or the token where every one is touched."""
    N, T, B = each.N, each.T, each.batch
    size, name = f"N={N} T={T:g}", each.case.name
    if "tokens" in each.work.terms:
        size += f" B={B}"
        return Row(name, size, each.threads, 1e9 * each.seconds / (B * T), "ns a token")
    if not name.startswith("dense"):
        size += f" {each.case.sigmas} sigma" if name.startswith("sparse") else ""
        size += f" B={B}" if name == "sampled" else ""
        return Row(name, size, each.threads, 1e6 * each.seconds, "us a step")
    size += f" B={B}" if name.endswith("sampled") else ""
    itemsize = 8 if "float64" in name else 4
    bound = None
    if each.threads in benchmark.memory:
        bound = 1e9 * 2 * itemsize / benchmark.memory[each.threads]
    return Row(name, size, each.threads, 1e9 * each.seconds / (N * T), "ns an entry", bound)


def _files(benchmark: Benchmark, folder: Path) -> None:
    for name, value in around(folder, small=benchmark.small):
        benchmark.others[name] = value
    rows = 4 * BLOCK_ROWS if benchmark.small else 200 * BLOCK_ROWS
    seconds = best_of(lambda: record_rows(folder / "rows.h5", rows), rounds=3)
    benchmark.rows.append(Row("recorder, rows", "", 1, rows / seconds / 1e6, "million/s"))
    bulk = np.random.default_rng(0).normal(size=(10, 10_000 if benchmark.small else 2_000_000))
    seconds = best_of(lambda: write_snapshot(folder / "state.h5", bulk), rounds=2)
    plain = best_of(lambda: _write_plainly(folder / "plain", bulk), rounds=2)
    size, rate = f"{bulk.nbytes / 1e6:.3g} MB", bulk.nbytes / 1e6
    row = Row("recorder, a snapshot", size, 1, rate / seconds, "MB/s", bound=rate / plain)
    benchmark.rows.append(row)
    start = benchmark.others["start_seconds"]
    benchmark.rows.append(Row("start of a process", "", 1, start, "s"))


def _write_plainly(path: Path, bulk: Any) -> None:
    with path.open("wb") as file:
        file.write(bulk)
        file.flush()
        os.fsync(file.fileno())
    path.unlink()


def _peers(benchmark: Benchmark) -> None:
    """Add peers to the lines of the dense step under l1, and of a step on real batches."""
    for i, row in enumerate(benchmark.rows):
        sizes = dict(word.split("=") for word in row.size.split() if "=" in word)
        N, T = int(sizes.get("N", 0)), int(float(sizes.get("T", 0)))
        _, _, rest = row.name.partition(", ")
        precision, _, rule = rest.partition(", ")
        if row.name.startswith("dense") and rule == "prox" and _is_typical(benchmark, N, T):
            with sharing_out(row.threads) as call:
                taken = seconds_of_dense_peers(rule, (N, T), precision, row.threads, call)
            peers = {name: 1e9 * each / (N * T) for name, each in taken.items()}
        elif row.name == "batch, float32" and (benchmark.small or (N, T) == (10, 50)):
            B = int(sizes["B"])
            steps = batch_peers(np.full(N, 1.0 / N), T, B, row.threads, precision)
            each = 1e9 / (B * T)
            peers = {name: each * best_of(step, 3, clock_of(row.threads)) for name, step in steps}
        else:
            continue
        benchmark.rows[i] = Row(**{**vars(row), "peers": peers})


def _is_typical(benchmark: Benchmark, N: int, T: int) -> bool:
    return (N, T) == ((3, 100) if benchmark.small else (100, 100_000))
