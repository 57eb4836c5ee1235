"""The tables of a run spec, one model each. Attributes are named like the keys of TOML."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, PlainValidator

from scbsim.spec import checks as spec_checks
from scbsim.spec.base import Check, Table
from scbsim.spec.engines import AUTO, ENGINES
from scbsim.spec.noise_models import NOISE_MODELS
from scbsim.spec.own_rules import CHECKER, with_rule
from scbsim.spec.types import (
    BELOW_1,
    EXACT,
    FILE,
    FRACTION,
    NOT_NEGATIVE,
    OBSERVABLES,
    POSITIVE,
    choice,
    count,
    name_of,
    number,
)

_RULE = PlainValidator(CHECKER)
_ENGINE = name_of(ENGINES, AUTO.name)
_SEED = count(0, 2**64)


class TaskSpec(Table):
    """The task: a random one of a given size, or one from a file (docs/model.md, section 1).

    Attributes
    ----------
    N : int
        Size of the vocabulary, 2 to below 2**24. Required, unless ``from`` is given.
    T : int
        Length of the context in tokens, 2 to below 2**53. Required, unless ``from`` is given.
    Q : int
        Nonzeros in a column of the attention target, 1 to T. Required, unless ``from`` is given.
    mu : {"uniform", "dirichlet"}
        How the token distribution is drawn.
    mu_concentration : float
        Dirichlet concentration of ``mu = "dirichlet"``, above 0; large is close to uniform.
    P_concentration : float
        Gamma shape of the entries of the transition matrix before it is balanced, above 0; small
        is sharp.
    K_P : float or None
        ``||P||_mu^2 - |mu|^2``, 0 to ``1 - |mu|^2``: how much the transitions say beyond the token
        frequencies. If given, no matrix P is drawn, so that no array has the size N^2. Excludes
        ``P_concentration``.
    q_concentration : float
        Dirichlet concentration of the weights on the support, above 0; ``inf`` makes them even.
    seed : int
        Seed of the task, 0 to below 2**64. The noise has another one.
    from_ : str or None
        In TOML ``from``: a file with the datasets mu, P (or K_P), q_positions, q_weights, T. It
        excludes every other key of the table.
    """

    place: ClassVar[str] = "[task]"
    checks: ClassVar[tuple[Check, ...]] = (
        spec_checks.task_sizes,
        spec_checks.not_both("K_P", "P_concentration"),
        spec_checks.alone("from", "the task is read from that file"),
    )

    N: Annotated[int, count(2, 2**24)] | None = None
    T: Annotated[int, count(2, EXACT)] | None = None
    Q: Annotated[int, count(1, EXACT)] | None = None
    mu: Annotated[Literal["uniform", "dirichlet"], choice("uniform", "dirichlet")] = "uniform"
    mu_concentration: Annotated[float, POSITIVE] = 20.0
    P_concentration: Annotated[float, POSITIVE] = 0.02
    K_P: Annotated[float, BELOW_1] | None = None
    q_concentration: Annotated[float, number("a number above 0, or inf", lambda x: x > 0.0)] = 5.0
    seed: Annotated[int, _SEED] = 0
    from_: Annotated[str, FILE] | None = Field(default=None, alias="from")

    @classmethod
    def prepared(cls, data: Mapping[Any, Any]) -> dict[str, Any]:
        """Return the given table as a dict with the keys of TOML; JSON has "inf" for infinity."""
        given = super().prepared(data)
        value = given.get("q_concentration")
        is_inf = isinstance(value, str) and value == "inf"
        return given | {"q_concentration": math.inf} if is_inf else given

    def to_dict(self) -> dict[str, Any]:
        """Return the table as a dict, without keys that another one excludes."""
        if self.from_ is not None:
            return {"from": self.from_}
        table = super().to_dict()
        if self.K_P is not None:
            del table["P_concentration"]
        return table


class DynamicsSpec(Table):
    """Engine, update rule and batch size (docs/model.md, sections 3, 4 and 6).

    Attributes
    ----------
    engine : {"auto", "dense", "sparse", "collapsed", "columns", "staged", "sampled", ...}
        How A and V are represented and stepped (docs/model.md, sections 6 and 8). "auto" chooses by
        rule, noise, start and cost; ``scbsim estimate`` says which, and why.
    rule : {"sgd", "prox", "denoise", "vanilla", "hard", "momentum"} or "FILE.py:NAME"
        The update rule of stages without one of their own (docs/model.md, section 4). "sgd" steps
        along the gradient, preconditioned by 1 / mu_k and projected so that columns keep their sum.
        "prox", "denoise" and "hard" apply a threshold as well; "momentum" is the heavy ball with
        0.9. "vanilla" is plain SGD on real batches: its gradient is neither preconditioned nor
        projected. "FILE.py:NAME" is a function of your own in a file, whose path is relative to the
        spec's folder (docs/extending.md); in Python the function itself may be given.
    replicas : int
        Independent runs that differ only in their noise, 1 to below 2**24.
    replica : int
        Index of the noise stream, 0 to below 2**24. Another index is another run of the same seed.
        With ``replicas`` it is the first of their indices.
    batch_size : int
        Samples in a step, 1 to below 2**53. Under Gaussian noise it only scales the noise. On
        real batches, up to 2**32, and under sampled noise each sample is drawn.
    precision : {"float32", "float64"}
        Of the dense matrix A, and of the computation on real batches; all else is float64.
    value : {"auto", "matrix", "collapsed"}
        How V is represented: as a matrix, (N, N), or as its signal and the norm of the rest, which
        has the same law. "auto" keeps the matrix in the dense engine, and if a snapshot or
        ``final_state = true`` needs it.
    """

    place: ClassVar[str] = "[dynamics]"

    engine: Annotated[str, _ENGINE] = "auto"
    rule: Annotated[str, _RULE] = "prox"
    replicas: Annotated[int, count(1, 2**24)] = 1
    replica: Annotated[int, count(0, 2**24)] = 0
    batch_size: Annotated[int, count(1, EXACT)] = 50_000_000
    precision: Annotated[Literal["float32", "float64"], choice("float32", "float64")] = "float32"
    value: Annotated[
        Literal["auto", "matrix", "collapsed"], choice("auto", "matrix", "collapsed")
    ] = "auto"

    @classmethod
    def prepared(cls, data: Mapping[Any, Any]) -> dict[str, Any]:
        """Return the given table as a dict, with the name of an own rule as specs hold it."""
        return with_rule(super().prepared(data))


class NoiseSpec(Table):
    """The gradient noise of the Gaussian engines (docs/model.md, section 5).

    Attributes
    ----------
    model : {"isotropic", "matched", "sampled", "none"}
        Constant levels, the gradient's own levels (docs/model.md, section 5b), the noise of
        samples, each of which is drawn (docs/model.md, section 8), or no noise.
    sigma_A : float
        Level of the attention noise for a batch of one, 0 or more: in column k of A it is
        ``sigma_A / sqrt(batch_size mu_k)``. Under "matched" and "sampled" it is only
        the unit of ``threshold_sigmas``.
    sigma_V : float
        Level of the value noise for a batch of one, 0 or more; only "isotropic" reads it.
    every : int
        Steps between two updates of matched levels, counted from the start of the run, 1 to below
        2**40. Only "matched" reads it.
    covariances : bool
        Whether the noise has the covariances of the gradient, and not its variances alone. Only
        "matched" reads it. In files of versions before this key there are none.
    """

    place: ClassVar[str] = "[noise]"

    model: Annotated[str, name_of(NOISE_MODELS)] = "isotropic"
    sigma_A: Annotated[float, NOT_NEGATIVE] = 1.0
    sigma_V: Annotated[float, NOT_NEGATIVE] = 1.0
    every: Annotated[int, count(1, 2**40)] = 5
    covariances: Annotated[bool, choice(True, False)] = True

    def to_dict(self) -> dict[str, Any]:
        """Return the table as a dict; keys of matched noise only if the model is that."""
        table = super().to_dict()
        if not NOISE_MODELS[self.model].follows_state:
            del table["every"], table["covariances"]
        return table


class OutputSpec(Table):
    """What is recorded, and how often.

    Attributes
    ----------
    every : int
        Steps between two recorded rows, 1 to below 2**40. The last step is always recorded.
    snapshot_every : int
        Steps between two snapshots of the matrices, 0 to below 2**40; 0 means no snapshots.
    final_state : bool or "auto"
        Keep the last state in the file; "auto" does so if it is smaller than 64 MB.
    normalize_level : float
        Threshold, between 0 and 1, of the normalised observables.
    normalized_every : int
        Steps between two rows of normalised observables, 0 to below 2**40; 0 means at the end only.
    checkpoint_seconds : float
        Seconds between two checkpoints, 0 or more.
    observe : tuple of str
        Observables of one's own: functions in files of Python, ``"FILE.py:NAME"``, which a run
        calls along the way (docs/extending.md). Paths are relative to the folder of the spec.
    """

    place: ClassVar[str] = "[output]"

    every: Annotated[int, count(1, 2**40)] = 1
    snapshot_every: Annotated[int, count(0, 2**40)] = 0
    final_state: Annotated[bool | Literal["auto"], choice(True, False, "auto")] = "auto"
    normalize_level: Annotated[float, FRACTION] = 0.1
    normalized_every: Annotated[int, count(0, 2**40)] = 0
    checkpoint_seconds: Annotated[float, NOT_NEGATIVE] = 60.0
    observe: Annotated[tuple[str, ...], OBSERVABLES] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the table as a dict; ``normalized_every`` and ``observe`` only if there are."""
        table = super().to_dict()
        if not self.normalized_every:
            del table["normalized_every"]
        del table["observe"]
        return table | ({"observe": list(self.observe)} if self.observe else {})
