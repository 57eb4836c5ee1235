import pytest
from scbsim_testing.small_figures import FIGURE_2, FIGURE_5, REAL_BATCHES, shrunk

from scbsim.errors import Stopped
from scbsim.storage.runfile.loading import load
from scbsim.studies.figures.figure5 import run as figure5


@pytest.fixture
def given(monkeypatch):
    """Figure 5 in no time: the same run(), with every spec made small."""
    whole = figure5.run
    options_given = {}

    def run(folder, **options):
        options_given.update(options, folder=folder)
        return whole(folder, **options)

    monkeypatch.setattr(figure5, "run", run)
    with shrunk(*FIGURE_5):
        yield options_given


def test_figure_5_end_to_end(scbsim, given, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = scbsim("figure", 5, "--quick", "--seed", 4)
    assert result.exit_code == 0, result.output
    made = {path.name for path in (tmp_path / "figure5").iterdir()}
    assert made == {"n100-l1.h5", "n100-sgd.h5", "figure5.png", "figure5.pdf", "figure5.txt"}
    assert "figure5/figure5.png\nfigure5/figure5.pdf\nfigure5/figure5.txt\n" in result.stdout
    l1 = load(tmp_path / "figure5" / "n100-l1.h5")
    assert '"seed": 4' in l1.attrs["spec"] or '"seed":4' in l1.attrs["spec"]
    row = next(line for line in result.stdout.splitlines() if " l1 " in line)
    assert f"{float(l1['delta_A'].values[-1]):.3g}" in row


@pytest.mark.slow
def test_options_reach_the_library(scbsim, given, tmp_path):
    words = ["--engine", "dense", "--threads", 1, "--overwrite", "-q", "--quick", "-o", tmp_path]
    result = scbsim("figure", 5, *words)
    assert (result.exit_code, result.output) == (0, "")
    assert (tmp_path / "figure5.png").exists()
    del given["notify"], given["stop"]
    assert given == {
        "folder": tmp_path,
        "quick": True,
        "engine": "dense",
        "seed": None,
        "noise": None,
        "overrides": (),
        "overwrite": True,
        "threads": 1,
        "progress": False,
        "replicas": 1,
        "width": None,
        "formats": (),
    }


TABLE = {
    1: "|A-Q|",
    3: "delta_A",
    4: "similarity",
}


@pytest.mark.parametrize(
    "number", [1, *(pytest.param(number, marks=pytest.mark.slow) for number in (3, 4))]
)
def test_figures_on_real_batches(scbsim, tmp_path, monkeypatch, number):
    monkeypatch.chdir(tmp_path)
    result = scbsim("figure", number, *(w for each in REAL_BATCHES for w in ("--set", each)))
    assert result.exit_code == 0, result.output
    made = {path.name for path in (tmp_path / f"figure{number}").iterdir()}
    runs = {1: {"sgd-large.h5", "sgd-small.h5", "l1.h5"}}.get(number, {"sgd-large.h5", "l1.h5"})
    assert made == runs | {f"figure{number}.{kind}" for kind in ("png", "pdf", "txt")}
    lines = result.stdout.splitlines()
    assert TABLE[number] in result.stdout
    assert [line.split()[0] for line in lines if line.startswith(("sgd", "l1"))] == [
        name.removesuffix(".h5") for name in sorted(runs, key=lambda name: (name == "l1.h5", name))
    ]
    assert "Stage 1 ended at step 9, with its last step, without reaching its signal." in lines
    assert lines[-3:] == [f"figure{number}/figure{number}.{kind}" for kind in ("png", "pdf", "txt")]


def test_figure_2(scbsim, tmp_path):
    result = scbsim("figure", 2, "-o", tmp_path, *(w for each in FIGURE_2 for w in ("--set", each)))
    assert result.exit_code == 0, result.output
    made = {path.name for path in tmp_path.iterdir()}
    assert made == {"softmax.h5", "linear.h5", "figure2.png", "figure2.pdf", "figure2.txt"}
    assert "correlation" in result.stdout
    row = next(line for line in result.stdout.splitlines() if line.startswith("softmax "))
    assert f"{float(load(tmp_path / 'softmax.h5')['loss'].values.mean()):.3g}" in row


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_real_batches_take_no_other_engine(scbsim, fails, number, tmp_path):
    said = fails(scbsim("figure", number, "--engine", "dense", "-o", tmp_path / "out"), 2)
    assert said.startswith(f'Error: --engine: "dense"; figure {number} learns on real batches')
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("words", [["6"], ["five"], ["5", "--engine", "no"], ["5", "--seed", "-1"]])
def test_wrong_words(scbsim, fails, tmp_path, words):
    fails(scbsim("figure", *words, "-o", tmp_path / "out"), 2)
    assert not (tmp_path / "out").exists()


def test_a_signal_is_status_75(scbsim, fails, monkeypatch, tmp_path):
    def run(*_, **__):
        raise Stopped("stopped on a signal")

    monkeypatch.setattr(figure5, "run", run)
    assert "stopped on a signal" in fails(scbsim("figure", 5, "-o", tmp_path), 75)
