import numpy as np
import pytest
from scbsim_testing.needs import needed
from scbsim_testing.report_pages import Page
from scbsim_testing.small_runs import run_spec
from scbsim_testing.small_sweeps import ran

import scbsim
from scbsim.storage.hdf5.formats import COMPARISON
from scbsim.studies.compare.gaps import comparison


@pytest.fixture(autouse=True)
def drawing():
    needed("bokeh")


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """A folder with a run, an ensemble, a sweep, a diagram and a comparison, by their names."""
    folder = tmp_path_factory.mktemp("made")
    paths = {"run": folder / "run.h5", "ensemble": folder / "ensemble.h5"}
    scbsim.simulate(run_spec(), output=paths["run"])
    many = scbsim.simulate(run_spec("dynamics.replicas=3"), output=paths["ensemble"])
    table = 'product = {"init.alpha_A" = [0.1, 0.2], "seed" = "0:3"}'
    paths["sweep"] = ran(folder, table, but=[5], engine="dense").path
    stages = [{"steps": 20, "threshold_sigmas": 2.0}]
    plain = run_spec("dynamics.engine=auto", stages=stages).to_dict()
    axes = "task.T=60,80,100", "dynamics.batch_size=1e2,1e5"
    scbsim.phase_diagram(
        scbsim.RunSpec.from_dict(plain), *axes, output=folder / "phase", replicas=2, rules=["sgd"]
    )
    paths["phase"] = folder / "phase"
    found = comparison(dict.fromkeys(("batch", "isotropic", "matched"), many)).assign_attrs(
        **{"spec": many.attrs["spec"], "fitted": "true", "replicas": 3, "every": 1},
        **{"sigma_A": 1.0, "sigma_V": 1.0, "format": COMPARISON},
        **{"schema_version": "1.0", "code_version": "0"},
    )
    paths["compare"] = folder / "compare.h5"
    found.to_netcdf(paths["compare"], engine="h5netcdf")
    return paths


@pytest.fixture
def page(tmp_path):
    """Write a report, and read it."""

    def write(source, **options):
        path = scbsim_report(source, tmp_path / "page.html", overwrite=True, **options)
        return Page(path.read_text())

    from scbsim.report import report as scbsim_report

    return write


@pytest.fixture
def curves():
    """Make curves of random numbers, (R, n), over two keys; texts may be given."""
    from scbsim.observables import NAMES
    from scbsim.plotting.overview import panel_of
    from scbsim.report.curves import Curves, Panel

    def make(R, n, names=NAMES, words=None, title=""):
        rng = np.random.default_rng(0)
        sizes = [100 * (1 + i % 10) for i in range(R)]
        panels = []
        for name in names:
            values = np.exp(0.02 * rng.standard_normal((R, n)).cumsum(axis=1))
            heading = title or panel_of(name, {})[0]
            panels.append(Panel(name, heading, False, np.arange(n), values))
        keys = {"task.N": sizes, "seed": [i // 10 for i in range(R)]}
        if words is not None:
            keys[words] = [f"{words}{i % 2}" for i in range(R)]
        labels = [f"{words or 'N'}={sizes[i]}, seed={i // 10}" for i in range(R)]
        return Curves(labels, keys, panels)

    return make
