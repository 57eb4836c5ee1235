import json
import re
import shlex
import tomllib

import numpy as np
import pytest
from scbsim_testing.report_pages import Page, unpacked

import scbsim
from scbsim.errors import InputError, OutputError
from scbsim.report import report
from scbsim.report.comparison import gaps_table, of_comparison
from scbsim.report.document import document
from scbsim.report.made_by import MadeBy
from scbsim.report.sections import Content
from scbsim.report.thin import rows_allowed
from scbsim.spec.ranges import parse_range

LOADS = {"src", "href", "data", "action", "poster", "srcset", "background"}


def test_a_run(made, page):
    found, run = page(made["run"]), scbsim.load(made["run"])
    steps, values = found.panel("signals")
    np.testing.assert_array_equal(steps, run["step"])
    np.testing.assert_array_equal(values, np.float32([run["alpha_A"], run["alpha_V"]]))
    assert set(found.data["plots"]) == {"map-A", "map-Q", "map-V", "map-P"}
    assert tomllib.loads(found.texts["spec"]) == json.loads(run.attrs["spec"])
    assert json.loads(found.texts["provenance"]) == json.loads(run.attrs["provenance"])
    first, second = found.texts["command"].splitlines()
    assert first == "scbsim run spec.toml -o run.h5"
    assert second == "scbsim report run.h5 -o page.html"


def test_its_maps_have_the_entries_of_the_matrices(made, page):
    plots = page(made["run"]).data["plots"]
    of_V = scbsim.matrices(made["run"]).V
    text = json.dumps(plots["map-V"])
    (value,) = re.findall(r'\["value", (\{.*?"dtype": "float32".*?\})\]', text)
    raw = json.loads(value)["array"]["data"]
    np.testing.assert_array_equal(
        unpacked({"gzip": raw, "type": "float32", "shape": of_V.shape}), np.float32(of_V)
    )


def test_an_ensemble(made, page):
    found, run = page(made["ensemble"]), scbsim.load(made["ensemble"])
    _, values = found.panel("loss")
    np.testing.assert_array_equal(values[:3], np.float32(run["loss"]))
    assert found.data["curves"]["keys"]["curve"]["codes"] == [0, 0, 0, 1]
    assert "plots" not in found.data


@pytest.mark.filterwarnings("ignore::scbsim.errors.RunWarning")
def test_a_sweep_and_its_spec(made, page):
    found = page(made["sweep"], only=["loss"])
    assert [panel["name"] for panel in found.data["curves"]["panels"]] == ["loss"]
    assert found.data["curves"]["keys"]["init.alpha_A"]["names"] == ["0.1", "0.2"]
    spec = tomllib.loads(found.texts["spec"])
    assert spec["sweep"] == {"product": {"init.alpha_A": [0.1, 0.2], "seed": "0:3"}}
    assert "--only loss" in found.texts["command"]
    assert "1 of 6 runs is not finished" in found.texts[""]


def test_a_phase_diagram_and_the_runs_of_its_points(made, page):
    found = page(made["phase"])
    assert set(found.data["plots"]) == {"phase-sgd"}
    phase = found.data["phase"]
    assert phase["x"] == ["task.T=60", "task.T=80", "task.T=100"]
    assert phase["y"] == ["dynamics.batch_size=100", "dynamics.batch_size=100000"]
    base = scbsim.RunSpec.from_dict(tomllib.loads(found.texts["spec"]))
    overrides = [*phase["rules"]["sgd"], phase["x"][1], phase["y"][1]]
    point = scbsim.RunSpec.from_dict(base.to_dict(), overrides=overrides)
    assert (point.task.T, point.dynamics.batch_size) == (80, 1e5)
    assert "stage.0.threshold_sigmas=" in phase["rules"]["sgd"]
    assert base.stage[0].threshold_sigmas == 2.0
    assert [(each.rule, each.threshold_sigmas) for each in point.stage] == [("sgd", None)]
    words = shlex.split(found.texts["command"].splitlines()[0])
    assert words[:2] == ["scbsim", "phase"]
    x = parse_range(words[words.index("--x") + 1])
    assert x == parse_range("task.T=60,80,100")
    with pytest.raises(OutputError, match=r"only=\.\.\. takes observables"):
        page(made["phase"], only=["loss"])


def test_a_comparison(made, page):
    found, run = page(made["compare"]), scbsim.load(made["compare"])
    (panel,) = (each for each in found.data["curves"]["panels"] if each["name"] == "alpha_A")
    assert found.data["curves"]["labels"][0] == "real batches"
    wanted = run["alpha_A"].sel(model=["batch", "isotropic", "matched"])
    for name, quantile in (("low", 0.1), ("high", 0.9)):
        ends = unpacked(panel["band"][name])
        np.testing.assert_array_equal(ends, np.float32(wanted.sel(quantile=quantile)))
    assert "largest gap" in found.texts[""]


def test_a_comparison_with_sampled_noise(made):
    found = scbsim.load(made["compare"])
    models = ["batch", "isotropic", "sampled"]
    found = found.assign_coords(model=models, gaussian=models[1:])
    assert of_comparison(found).labels == ["real batches", "Gaussian, isotropic", "sampled"]
    assert "alpha_A, sampled" in gaps_table(found)


def test_the_runs_in_a_folder(made, tmp_path, page):
    for name in ("run", "ensemble"):
        (tmp_path / f"{name}.h5").write_bytes(made[name].read_bytes())
    found = page(tmp_path)
    assert found.data["curves"]["labels"] == ["ensemble", "run"]


@pytest.mark.parametrize("name", ["run", "phase", "compare"])
def test_nothing_is_loaded_and_its_scripts_are_the_ones_allowed(made, page, name):
    found = page(made[name])
    assert [tag for tag, each in found.elements if LOADS & set(each)] == []
    assert not {tag for tag, _ in found.elements} & {"link", "iframe", "object", "embed", "img"}
    (policy,) = (each["content"] for _, each in found.elements if "http-equiv" in each)
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy.partition("style-src")[0]
    scripts = [each for tag, each in found.elements if tag == "script"]
    assert len(scripts) == 1 + policy.count("sha256-")


def test_texts_from_files_are_text_and_nothing_else(curves):
    evil = "</script><script>window.bad=1</script><img src=x onerror=bad()>\"'&"
    content = Content()
    content.add_curves(curves(4, 5, words=evil, title=evil))
    content.add_facts(evil, {evil: evil})
    content.add_made_by(MadeBy(evil, evil, evil, evil), evil)
    plain = Content()
    plain.add_curves(curves(4, 5, words="key", title="title"))
    plain.add_facts("a", {"b": "c"})
    plain.add_made_by(MadeBy("d", "e", "f", "g"), "h")
    pages = [Page(document(name, "", each)) for name, each in ((evil, content), ("i", plain))]
    shapes = [[tag for tag, _ in each.elements] for each in pages]
    assert shapes[0] == shapes[1]
    assert pages[0].data["curves"]["labels"][0].startswith(evil)
    assert "<" not in pages[0].data["curves"]["panels"][0]["title"]
    assert pages[0].texts["spec"] == evil


def test_long_curves_are_thinned_and_the_page_says_so(curves):
    content = Content()
    content.add_curves(curves(300, 2000))
    text = document("many", "", content)
    found = Page(text)
    most = rows_allowed(300, 9)
    assert most - 2 < found.panel("loss")[1].shape[1] <= most < 400
    assert f"from 2,000 to at most {most:,} rows" in found.texts[""]
    assert len(text.encode()) < 6e6


def test_what_a_page_may_not_replace(made, tmp_path):
    path = tmp_path / "page.html"
    path.write_text("mine")
    with pytest.raises(OutputError, match="overwrite=True replaces it"):
        report(made["run"], path)
    assert path.read_text() == "mine"
    for wrong in (tmp_path / "page.h5", tmp_path):
        with pytest.raises(OutputError):
            report(made["run"], wrong)
    report(made["run"], path, overwrite=True)
    assert path.read_text().startswith("<!doctype html>")


def test_files_that_have_nothing_to_show(made, tmp_path):
    damaged, other = tmp_path / "damaged.h5", tmp_path / "other.h5"
    damaged.write_bytes(made["run"].read_bytes()[:3000])
    scbsim.Task.random(N=5, T=20, Q=1).save(other)
    (tmp_path / "empty").mkdir()
    for name, said in (
        ("none.h5", "none.h5"),
        ("damaged.h5", "damaged.h5"),
        ("other.h5", "a report shows runs"),
        ("empty", "without files of scbsim"),
    ):
        with pytest.raises(OutputError, match=said):
            report(tmp_path / name, tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()


def test_without_bokeh(made, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "bokeh.plotting", None)
    with pytest.raises(InputError, match=r"Bokeh.* install.*(bokeh|\[report\])"):
        report(made["run"], tmp_path / "page.html")
