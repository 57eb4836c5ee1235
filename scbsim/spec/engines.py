"""The engines, one record each: what a spec needs to know before anything is compiled."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from scbsim.spec.noise_models import NOISE_MODELS
from scbsim.spec.rules import RULES, Rule


@dataclass(frozen=True)
class EngineRecord:
    """The properties of an engine (`docs/model.md`, sections 6 and 8)."""

    name: str  # as in dynamics.engine
    where: str | type  # its class, or "module:name" of it
    takes: Callable[[Rule], bool]  # whether it supports a rule
    refusal: str  # why it does not; an error message has it after the rule's name
    state: tuple[str, ...]  # arrays of its last state in a file, without those of V
    noise: tuple[str, ...] = ("isotropic", "matched", "none")  # the noise models that it draws
    samples: bool = False  # whether its steps are on real batches
    entries: bool = True  # whether it keeps entries of A; if not, there is no normalisation
    keeps_matrix_V: bool | None = None  # None if the spec and the noise decide
    shares_step: bool = False  # whether several threads share the step of one replica
    refusal_of_own: str = ""  # the refusal of a rule that is a function in Python, if another one
    refusal_of_memory: str = ""  # the refusal of such a rule with memory, if another one again

    def draws(self, model: str) -> bool:
        """Return whether it draws a noise model; other constant levels are like isotropic ones."""
        constant = NOISE_MODELS[model].is_constant and "isotropic" in self.noise
        return model in self.noise or constant

    @property
    def rules(self) -> tuple[str, ...]:
        """The names of the rules that it supports."""
        return tuple(rule.name for rule in RULES.values() if self.takes(rule))

    def why_not(self, rule: Rule) -> str:
        """Return why it does not support a rule, to follow the rule's name."""
        if rule.own and rule.memory and self.refusal_of_memory:
            return self.refusal_of_memory
        if rule.own and self.refusal_of_own:
            return self.refusal_of_own
        return self.refusal


_PART = "part"


_LINEAR = "is a function of single entries, which this engine does not keep"


def _projected(rule: Rule) -> bool:
    return rule.projected


def _linear(rule: Rule) -> bool:
    """Return whether a step is linear in the entry and its gradient, without memory."""
    return rule.projected and not (rule.thresholds or rule.own)


ENGINES: Final = {
    engine.name: engine
    for engine in (
        EngineRecord(
            "dense",
            "scbsim.engines.dense:DenseEngine",
            takes=_projected,
            refusal="is for real batches",
            state=("bulk", "support", "off_sums"),
            noise=("isotropic", "matched", "sampled", "none"),
            shares_step=True,
        ),
        EngineRecord(
            "sparse",
            "scbsim.engines.sparse:SparseEngine",
            takes=lambda rule: rule.projected and rule.keeps_zeros and not rule.memory,
            refusal="leaves no entry at zero, so nothing is sparse",
            refusal_of_own="does not say keeps_zeros = True, so no entry can be left out",
            refusal_of_memory="has memory, so no entry can be left out",
            state=("indptr", "indices", "data", "support", "off_sums"),
        ),
        EngineRecord(
            "collapsed",
            "scbsim.engines.collapsed:CollapsedEngine",
            takes=_linear,
            refusal_of_own=_LINEAR,
            refusal="needs entries, and a collapsed A has none",
            state=("alpha", "rest"),
            noise=("isotropic", "none"),
            entries=False,
            keeps_matrix_V=False,
        ),
        EngineRecord(
            "columns",
            "scbsim.engines.columns:ColumnsEngine",
            takes=_linear,
            refusal_of_own=_LINEAR,
            refusal="needs entries, of which this engine keeps those on the support alone",
            state=("support", "off_sums", "off_along", "off_square", "noise_A"),
            noise=("matched",),
            entries=False,
            keeps_matrix_V=True,
        ),
        EngineRecord(
            "approximate",
            "scbsim.engines.approximate:ApproximateEngine",
            takes=_linear,
            refusal_of_own=_LINEAR,
            refusal="needs entries, of which this engine keeps those on the support alone",
            state=("support", "off_sums", "off_along", "off_square", "noise_A", "noise_rest"),
            noise=("matched",),
            entries=False,
            keeps_matrix_V=False,
        ),
        EngineRecord(
            "staged",
            "scbsim.engines.staged:StagedEngine",
            takes=lambda rule: rule.projected and not rule.own,
            refusal="is for real batches",
            refusal_of_own=(
                "is a function in Python; the engine knows the first step of prox and denoise alone"
            ),
            state=(_PART,),
            noise=("isotropic", "matched"),
        ),
        EngineRecord(
            "sampled",
            "scbsim.engines.sampled:SampledEngine",
            takes=_linear,
            refusal_of_own=_LINEAR,
            refusal="needs entries, of which this engine keeps those on the support alone",
            state=("support", "off_sums", "off_along", "off_square"),
            noise=("sampled",),
            entries=False,
            keeps_matrix_V=True,
            shares_step=True,
        ),
        EngineRecord(
            "batch",
            "scbsim.engines.batch:BatchEngine",
            takes=lambda rule: True,
            refusal="is not for real batches",
            state=("bulk", "support", "off_sums", "column_sums"),
            noise=("isotropic", "matched", "sampled", "none"),  # none of which it draws
            samples=True,
            keeps_matrix_V=True,
            shares_step=True,
        ),
        EngineRecord(
            "softmax",
            "scbsim.engines.softmax:SoftmaxEngine",
            takes=lambda rule: not rule.thresholds,
            refusal="makes entries 0, and softmax attention has none at 0",
            state=("logits",),
            samples=True,
            keeps_matrix_V=True,
            shares_step=True,
        ),
        EngineRecord(
            "population",
            "scbsim.engines.population:PopulationEngine",
            takes=_projected,
            refusal="is for real batches",
            state=("support",),
        ),
    )
}
"""All engines by name, in the order in which messages list them."""

AUTO: Final = EngineRecord(
    "auto",
    "",
    takes=_projected,
    refusal="is for real batches",
    state=(),
    noise=tuple(NOISE_MODELS),
)
"""The record for ``engine = "auto"``, which never chooses real batches."""


def engines_with(rule: Rule, model: str) -> list[str]:
    """Return the names of the engines that support a rule under a noise model."""
    engines = [each for each in ENGINES.values() if each.takes(rule) and each.draws(model)]
    chooses = AUTO.takes(rule) and any(not each.samples for each in engines)
    return [*([AUTO.name] if chooses else []), *(each.name for each in engines)]


def register_engine(engine: EngineRecord) -> None:
    """Add an engine to those of this process (docs/extending.md).

    Raises
    ------
    ValueError
        If its name is taken.
    """
    if engine.name == AUTO.name or ENGINES.get(engine.name, engine) is not engine:
        raise ValueError(f"there is an engine {engine.name!r} already: choose another name")
    ENGINES[engine.name] = engine


def engine_of(name: str) -> EngineRecord:
    """Return the record of ``dynamics.engine``."""
    return AUTO if name == AUTO.name else ENGINES[name]


def engine_of_state(arrays: Iterable[str]) -> EngineRecord:
    """Return the engine that wrote a state: all its arrays are there, and it has most of them."""
    found = set(arrays)
    if _PART in found:
        # Its other arrays are those of the engine that it is now.
        return ENGINES["staged"]
    return max(
        (engine for engine in ENGINES.values() if found.issuperset(engine.state)),
        key=lambda engine: len(engine.state),
    )
