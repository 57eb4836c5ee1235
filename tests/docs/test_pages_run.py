"""Every page with Python on it runs from top to bottom, in a folder of its own."""

import os
import subprocess
import sys

import pytest
from scbsim_testing import HERE
from scbsim_testing.pages import DOCS, PAGES, blocks_of, program_of

SMALL = {
    "cluster": {
        '"0:20"': '"0:2"',
        "--runs-per-task 4\n": "--runs-per-task 4 --dry-run\n",
        "engine=dense\n": "engine=dense --dry-run\n",
    },
    "phase": {
        '    spec, "task.T=1e3:1e9:30log", "dynamics.batch_size=1e5:1e10:50log", output="phase"': (
            '    spec, "task.T=1e3:1e4:2log", "dynamics.batch_size=1e5:1e7:2log", replicas=2'
        )
    },
    "tutorial": {
        "dynamics.replicas=32": "dynamics.replicas=4",
        "-o phase --replicas 8": "-o phase --replicas 2",
        "task.T=1e3:1e9:4log": "task.T=1e3:1e5:2log",
    },
}
"""What a test cannot wait for, or has no cluster for, and what it does instead."""

SKIP = {
    "cluster": (
        *("scbsim status large", "scbsim info large", "scbsim estimate phase"),
        *("scbsim submit phase", "scbsim status jobs", "scbsim collect jobs", "scbsim phase phase"),
    ),
    "data": ("python ", "scbsim "),
    "mpi": ("scbsim ", "mpiexec ", "srun "),
    "performance": ("scbsim ", "python ", "mpiexec ", "import time"),
    "phase": ("scbsim ",),
    "recipes": ("eval ", "_SCBSIM"),
    "schedules": ("scbsim ",),
    "transfer": ("scbsim ",),
}
"""What is not run here, by its first words: scripts, figures and studies have their own tests."""

BEFORE = {
    "files": "import scbsim\nscbsim.simulate('quickstart', output='run.h5')\n",
    "mpi": (
        "import scbsim\n"
        "keys = {'dynamics.engine': 'dense', 'stage.0.steps': 5}\n"
        "spec = scbsim.RunSpec.preset('quickstart').replace(**keys)\n"
    ),
    "phase": "import scbsim\nspec = scbsim.RunSpec.preset('phase')\n",
    "schedules": (
        "import scbsim\nscbsim.simulate('{docs}/examples/schedule.toml', output='schedule.h5')\n"
    ),
}
"""What a page takes for granted."""

AFTER = {
    "cluster": "assert runs['alpha_A'].sizes['seed'] == 2",
    "data": "assert run.attrs['status'] == 'complete'",
    "extending": (
        "assert run['mass'].dims == ('step_100',)\n"
        "assert scbsim.load('adagrad.h5').attrs['status'] == 'complete'\n"
        "assert spec.replace(**{'noise.model': 'even'}).noise.model == 'even'\n"
        "example = Path('{docs}/examples/my_rules.py').read_text().partition('\\n\\n')[2]\n"
        "assert Path('my_rules.py').read_text().partition('\\n')[2] == example\n"
    ),
    "files": "assert n == run.sizes['step'] == len(loss)",
    "phase": "assert diagram['recovered'].dims == ('rule', 'y', 'x')",
    "transfer": "assert abs(scbsim.correlations(task, other).P - 0.3) < 1e-9",
    "recipes": (
        "assert run['batch_loss'].notnull().sum() == 50\n"
        "assert scbsim.load('mass.h5')['mass'].dims == ('step_100',)\n"
        "assert scbsim.load('momentum.h5').attrs['status'] == 'complete'\n"
        "for name in ('bands', 'noise', 'mass'):\n"
        "    assert Path(f'{name}.png').stat().st_size > 10_000, name\n"
    ),
    "resume": "assert scbsim.load('run.h5').sizes['step'] == 801",
    "tutorial": (
        "assert task.K_P == found.task.K_P\n"
        "for name in ('curves', 'heat', 'many', 'phase/phase', 'longer/boundary'):\n"
        "    assert Path(f'{name}.png').stat().st_size > 10_000, name\n"
        "last = {name: scbsim.load(f'{name}.h5').isel(step=-1) for name in ('l1', 'sgd')}\n"
        "assert last['l1'].sim_A > 0.9 > last['sgd'].sim_A\n"
        "assert share.sel(rule='l1').max('y').values[[0, -1]].tolist() == [1.0, 0.0]\n"
        "assert share.sel(rule='sgd').max('y').min() == 1.0\n"
    ),
}
"""What a page says of its results."""


def program(page):
    text = PAGES[page].read_text()
    for real, small in SMALL.get(page, {}).items():
        assert real in text, (page, real)
        text = text.replace(real, small)
    before = BEFORE.get(page, "").replace("{docs}", str(DOCS))
    after = AFTER.get(page, "").replace("{docs}", str(DOCS))
    return "\n".join([program_of(text, SKIP.get(page, ()), before), after])


def with_python():
    for page, path in PAGES.items():
        if any(block.kind == "python" for block in blocks_of(path.read_text())):
            yield pytest.param(page, marks=pytest.mark.slow(first=page == "tutorial"))


@pytest.mark.parametrize("page", list(with_python()))
def test_a_page_runs(page, tmp_path):
    paths = [str(HERE.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    # A file, as the source of a function of one's own is read from it.
    (tmp_path / "page.py").write_text(program(page))
    done = subprocess.run(
        [sys.executable, "-W", "error::scbsim.errors.RunWarning", "page.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    if page == "tutorial":
        said = done.stdout
        assert "Task(N=8, T=2000, Q=2, K_P=0.178, K_Q=0.5795)" in said
