"""The steps that a benchmark times."""

from __future__ import annotations

from collections.abc import Iterator

from scbsim.benchmark.steps import Case, case_of

_MATCHED = ("noise.model=matched", "noise.covariances=false")
_COVARIANCES = ("noise.model=matched", "noise.covariances=true")
_SCALARS = ("task.P_concentration=", "task.K_P=0.25", "noise.sigma_V=0.01")
# So that no run at large steps diverges.
_QUIET = ("dynamics.batch_size=1e15",)

DENSE = [(10, 1_000), (100, 5_000), (100, 100_000), (200, 100_000), (300, 1_000)]
"""N and T of dense steps; the first and the last say what columns and V take."""

MATCHED_DENSE = [(10, 1_000), (100, 1_000), (30, 30_000), (100, 20_000), (300, 1_000)]

SMALL_DENSE = [(3, 100), (10, 500), (20, 1_000), (5, 10_000), (30, 100)]


def dense_cases(small: bool) -> Iterator[Case]:
    """Yield dense steps: every rule in both precisions, then noise that follows the state."""
    for precision in ("float32", "float64"):
        own = f"dynamics.precision={precision}"
        for rule in ("sgd", "prox", "denoise"):
            for N, T in SMALL_DENSE if small else DENSE:
                name = f"dense, {precision}, {rule}"
                yield case_of("dense", N, T, own, rule=rule, name=name)
        for words, noise in (("matched", _MATCHED), ("covariances", _COVARIANCES)):
            for N, T in SMALL_DENSE[:3] if small else MATCHED_DENSE:
                name = f"dense, {precision}, {words}"
                yield case_of("dense", N, T, own, *noise, *_QUIET, name=name)


def sparse_cases(small: bool) -> Iterator[Case]:
    """Yield sparse steps: few and many entries that leave zero, few and many columns."""
    sizes = [(10, 10_000, 5.0), (500, 100_000, 4.5), (500, 100_000, 4.0), (2_000, 10**6, 5.5)]
    sizes += [(30_000, 10**6, 6.5), (30_000, 10**6, 5.2)]
    if small:
        sizes = [(3, 1_000, 4.0), (10, 10_000, 4.0), (10, 100_000, 5.0)]
    for N, T, sigmas in sizes:
        threshold = f"stage.0.threshold_sigmas={sigmas}"
        yield case_of("sparse", N, T, threshold, *_SCALARS, name="sparse")
    for N in (3, 10, 20) if small else (10, 100, 300):
        for words, noise in (("matched", _MATCHED), ("covariances", _COVARIANCES)):
            threshold = "stage.0.threshold_sigmas=5.0"
            yield case_of("sparse", N, 100_000, threshold, *noise, name=f"sparse, {words}")
    for N in (3, 10) if small else (30, 300):
        of_V = ("dynamics.value=matrix", "stage.0.threshold_sigmas=5.0")
        yield case_of("sparse", N, 100_000, *of_V, name="sparse, matrix V")


def cases_without_entries(small: bool) -> Iterator[Case]:
    """Yield steps on a few numbers a column."""
    for N in (3, 20) if small else (10, 500):
        yield case_of("collapsed", N, 10**6, rule="sgd", name="collapsed")
        none = ("noise.model=none", "stage.0.rate_A=1e-6", "stage.0.rate_V=1e-6")
        yield case_of("population", N, 1_000, *none, rule="sgd", name="population")
    for N in (3, 10, 20) if small else (10, 40, 100, 300):
        for words, noise in (("matched", _MATCHED), ("covariances", _COVARIANCES)):
            for engine in ("columns", "approximate"):
                name = f"{engine}, {words}"
                yield case_of(engine, N, 10**6, *noise, *_QUIET, rule="sgd", name=name)


def sampled_cases(small: bool) -> Iterator[Case]:
    """Yield steps under sampled noise, without entries of A and with every entry."""
    sizes = [(4, 50), (8, 100), (20, 50)] if small else [(10, 20_000), (100, 1_000), (30, 500)]
    for N, B in (*sizes, (10, 20)):
        size = (f"dynamics.batch_size={B}", "noise.model=sampled", *_STILL)
        yield case_of("sampled", N, 100_000, *size, rule="sgd", name="sampled")
    for precision in ("float32", "float64"):
        for N, T, B in _SMALL_SAMPLED_DENSE if small else _SAMPLED_DENSE:
            own = (f"dynamics.batch_size={B}", f"dynamics.precision={precision}")
            more = (*own, "noise.model=sampled", *_STILL)
            yield case_of("dense", N, T, *more, name=f"dense, {precision}, sampled")


_SAMPLED_DENSE = [(10, 1_000, 64), (10, 1_000, 1_024), (100, 1_000, 16), (100, 1_000, 512)]
_SAMPLED_DENSE += [(30, 30_000, 16), (30, 500, 500), (200, 500, 4)]
_SMALL_SAMPLED_DENSE = [(3, 100, 16), (10, 500, 64)]


_STILL = ("stage.0.rate_A=1e-9", "stage.0.rate_V=1e-9", "task.P_concentration=0.05")


def batch_cases(small: bool) -> Iterator[Case]:
    """Yield steps on real batches."""
    sizes = [(3, 500, 6), (20, 40, 16), (10, 50, 30)]
    if not small:
        sizes = [(3, 5_000, 64), (10, 50, 1_024), (100, 2_000, 128), (30, 20_000, 16)]
        sizes += [(10, 500, 4), (100, 50, 256)]
    for engine in ("batch", "softmax"):
        for precision in ("float32", "float64"):
            for N, T, B in sizes:
                own = (f"dynamics.precision={precision}", f"dynamics.batch_size={B}", *_STILL)
                name = f"{engine}, {precision}"
                yield case_of(engine, N, T, *own, rule="sgd", name=name)


PARTS = {
    "dense": dense_cases,
    "sparse": sparse_cases,
    "without entries": cases_without_entries,
    "sampled": sampled_cases,
    "real batches": batch_cases,
}
"""The steps of a benchmark, by the name in its progress."""
