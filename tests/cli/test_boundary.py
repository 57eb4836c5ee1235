from scbsim import load
from scbsim.studies.boundary.plot import draw

WORDS = (
    *("boundary", "phase", "--along", "task.T=1e3:1e5:3log", "--seeds", "2", "--replicas", "3"),
    *("--find", "dynamics.batch_size=1e3:1e9:61log", "--set", "dynamics.rule=sgd"),
    *("--set", "task.N=5", "--set", "stage.0.steps=40"),
)


def test_prints_a_table_and_draws_a_picture(scbsim, tmp_path):
    result = scbsim(*WORDS, "-o", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "power of T" in result.stdout
    assert "engines: collapsed" in result.stdout
    for name in ("boundary.h5", "boundary.png", "boundary.pdf"):
        assert (tmp_path / "out" / name).stat().st_size > 1000
    assert "Made by scbsim" in (tmp_path / "out" / "boundary.txt").read_text()
    found = load(tmp_path / "out")
    figure = draw(found, "A title")
    (axes,) = figure.axes
    assert axes.get_title().startswith("A title\n")
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    (label,) = [text.get_text() for text in figure.legends[0].get_texts()]
    assert r"B \propto T^{" in label
    assert r"\pm" in label


def test_wrong_words(scbsim, fails, tmp_path):
    missing = scbsim("boundary", "phase", "-o", tmp_path, "--along", "task.T=1e3:1e5:3log")
    assert "boundary.find: missing" in fails(missing, 2)
    assert "no preset of that name" in fails(scbsim("boundary", "nothing", "-o", tmp_path), 2)
