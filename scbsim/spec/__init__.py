"""RunSpec: everything a run depends on, read from TOML and checked as a whole."""

from scbsim.spec.data_table import DataSpec
from scbsim.spec.init_table import InitSpec
from scbsim.spec.run import RunSpec
from scbsim.spec.stage_table import StageSpec
from scbsim.spec.tables import DynamicsSpec, NoiseSpec, OutputSpec, TaskSpec

__all__ = [
    "DataSpec",
    "DynamicsSpec",
    "InitSpec",
    "NoiseSpec",
    "OutputSpec",
    "RunSpec",
    "StageSpec",
    "TaskSpec",
]
