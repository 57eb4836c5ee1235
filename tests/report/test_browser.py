"""The pages in a browser: they load nothing, complain of nothing, and do what they offer."""

import os

import pytest
from scbsim_testing.report_pages import Tab, chromium

from scbsim.report import report
from scbsim.report.document import document
from scbsim.report.sections import Content

pytestmark = pytest.mark.slow

SECONDS = 2.0


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@pytest.fixture
def opened(browser, tmp_path):
    def open_page(source, width=1280, **options):
        path = tmp_path / "page.html"
        if isinstance(source, Content):
            path.write_text(document("page", "", source))
        else:
            report(source, path, overwrite=True)
        return Tab(browser, path, width, **options)

    return open_page


@pytest.fixture
def many(curves):
    content = Content()
    content.add_curves(curves(40, 50, ["alpha_A", "loss"]))
    return content


@pytest.mark.filterwarnings("ignore::scbsim.errors.RunWarning")
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", ["run", "ensemble", "sweep", "phase", "compare"])
def test_every_page_opens_without_a_complaint_or_a_request(made, opened, name, width):
    tab = opened(made[name], width, touch=width < 500)
    for target in tab.run("[...document.querySelectorAll('.plot')].map((each) => each.id)"):
        tab.drawn(target)
    assert tab.complaints == []
    assert len(tab.requests) == 1
    # Nothing is wider than the screen.
    assert tab.run("document.documentElement.scrollWidth") <= width


def test_hover_says_which_curve_it_is(opened, many):
    tab = opened(many)
    plot = tab.drawn("panel-loss")
    assert tab.of("panel-loss", "LINES.data_source.data.xs.length") == 40
    # A few pixels above the middle of the first curve.
    x, y = tab.run(
        """(() => {
          const { view } = scbsimReport.plots.get("panel-loss");
          const { xs, ys } = view.model.renderers.find((r) => r.name === "lines").data_source.data;
          const { x_scale, y_scale } = view.frame;
          return [x_scale.compute(xs[0][25]), y_scale.compute(ys[0][25]) - 3];
        })()"""
    )
    box = plot.bounding_box()
    tab.page.mouse.move(box["x"] + x - 20, box["y"] + y)
    tab.page.mouse.move(box["x"] + x, box["y"] + y, steps=4)
    tab.page.wait_for_timeout(500)
    said = tab.page.locator(".bk-tooltip-content").all_inner_texts()
    assert any("seed=0" in text and "value" in text for text in said), said


def test_zoom_by_keys_is_shared_and_is_undone(opened, many):
    tab = opened(many)
    extent = "[PLOT.x_range.start, PLOT.x_range.end]"
    tab.drawn("panel-loss")
    plot = tab.drawn("panel-alpha_A")
    before = tab.of("panel-alpha_A", extent)
    plot.focus()
    tab.page.keyboard.press("+")
    tab.page.keyboard.press("ArrowRight")
    after = tab.of("panel-alpha_A", extent)
    assert after[1] - after[0] == pytest.approx(0.8 * (before[1] - before[0]))
    assert tab.of("panel-loss", extent) == after
    tab.page.keyboard.press("0")
    tab.page.wait_for_timeout(300)
    assert tab.of("panel-alpha_A", extent) == pytest.approx(before)
    assert tab.of("panel-loss", extent) == pytest.approx(before)


def test_a_box_drawn_with_the_mouse_zooms(opened, many):
    tab = opened(many)
    extent = "PLOT.x_range.end - PLOT.x_range.start"
    plot = tab.drawn("panel-loss")
    before = tab.of("panel-loss", extent)
    tab.of(
        "panel-loss",
        "{ for (const t of PLOT.toolbar.tools) if (t.type === 'BoxZoomTool') t.active = true; }",
    )
    box = plot.bounding_box()
    tab.page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + box["height"] * 0.4)
    tab.page.mouse.down()
    tab.page.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + box["height"] * 0.7, steps=5)
    tab.page.mouse.up()
    tab.page.wait_for_timeout(300)
    assert 0.2 * before < tab.of("panel-loss", extent) < 0.6 * before


def test_what_is_selected_is_so_everywhere(opened, many):
    tab = opened(many)
    selected = "LINES.data_source.selected.indices"
    for name in ("panel-alpha_A", "panel-loss", "parameters"):
        tab.drawn(name)
    tab.page.select_option("#rows", ["3", "5"])
    for name in ("panel-alpha_A", "panel-loss", "parameters"):
        assert tab.of(name, selected) == [3, 5]
    assert tab.page.inner_text("#selected") == "2 of 40 curves selected"
    # A box around the runs of one value, in the plot of the parameters.
    tab.of(
        "parameters",
        "{ for (const t of PLOT.toolbar.tools) if (t.type === 'BoxSelectTool') t.active = true; }",
    )
    box = tab.page.locator("#parameters").bounding_box()
    left, width = box["x"], box["width"]
    tab.page.mouse.move(left + 0.85 * width, box["y"] + 35)
    tab.page.mouse.down()
    tab.page.mouse.move(left + 0.995 * width, box["y"] + 265, steps=5)
    tab.page.mouse.up()
    tab.page.wait_for_timeout(500)
    found = tab.of("panel-loss", selected)
    assert found
    assert {i % 10 for i in found} <= {8, 9}
    assert len(tab.page.locator("#rows option:checked").all()) == len(found)
    tab.page.click("#clear")
    assert tab.of("panel-loss", selected) == []


def test_curves_are_hidden_by_their_colour_and_shown_alone(opened, many):
    tab = opened(many)
    drawn = "LINES.data_source.data.ys.filter((y) => y.length).length"
    tab.drawn("panel-loss")
    assert tab.of("panel-loss", drawn) == 40
    first = tab.page.locator("#legend button").first
    first.focus()
    tab.page.keyboard.press("Space")
    assert first.get_attribute("aria-pressed") == "false"
    assert tab.of("panel-loss", drawn) == 36
    tab.page.select_option("#rows", ["1", "2", "3"])
    tab.page.click("#alone")
    assert tab.of("panel-loss", drawn) == 3


def test_small_multiples_and_the_scale(opened, many):
    tab = opened(many)
    tab.page.select_option("#observable", "loss")
    tab.page.select_option("#multiples", "task.N")
    tab.drawn("multiple-9")
    assert tab.run("document.querySelectorAll('#panels figure').length") == 10
    drawn = "LINES.data_source.data.ys.map((y, i) => (y.length ? i : -1)).filter((i) => i >= 0)"
    assert tab.of("multiple-9", drawn) == [9, 19, 29, 39]
    tab.page.select_option("#scale", "log")
    assert tab.of("multiple-9", "PLOT.y_scale.type") == "LogScale"
    assert tab.of("multiple-9", "PLOT.left.filter((a) => a.visible).map((a) => a.type)") == [
        "LogAxis"
    ]
    assert tab.complaints == []


def test_a_point_of_a_diagram_gives_its_command(made, opened):
    tab = opened(made["phase"])
    plot = tab.drawn("phase-sgd")
    plot.focus()
    tab.page.keyboard.press("Shift+ArrowRight")
    tab.page.keyboard.press("Shift+ArrowRight")
    said = tab.page.inner_text("#point-command")
    assert said.startswith("scbsim run spec.toml -o point.h5 ")
    assert said.endswith("--set task.T=80 --set dynamics.batch_size=100")
    tab.page.select_option("#quantity", "median_loss")
    assert tab.of("phase-sgd", "LINES.glyph.fill_color.field") == "median_loss"
    assert tab.complaints == []


def test_texts_from_files_neither_run_nor_load_anything(curves, opened):
    evil = "<img src='http://localhost/x' onerror='window.bad=1'><script>window.bad=1</script>$$x$$"
    content = Content()
    content.add_curves(curves(4, 5, ["loss"], words=evil, title=evil))
    content.add_facts(evil, {evil: evil})
    tab = opened(content)
    plot = tab.drawn("panel-loss")
    tab.page.select_option("#parameter", evil)
    tab.page.select_option("#multiples", evil)
    tab.drawn("multiple-1")
    tab.drawn("parameters")
    plot = tab.drawn("multiple-1")
    box = plot.bounding_box()
    for share in (0.3, 0.5, 0.7):
        tab.page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * share)
        tab.page.wait_for_timeout(200)
    assert tab.run("window.bad") is None
    assert tab.run("document.querySelectorAll('img').length") == 0
    assert len(tab.requests) == 1
    assert tab.complaints == []


def test_a_thousand_runs_of_a_thousand_rows_are_soon_there(curves, opened):
    content = Content()
    content.add_curves(curves(1000, 1000))
    load = max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
    times = []
    for _ in range(3):
        tab = opened(content)
        times.append(tab.run("scbsimReport.drawn") / 1000)
    assert len(tab.page.content().encode()) < 6e6
    # Others may compute beside it.
    assert min(times) < SECONDS * load, (times, load)
    tab.drawn("panel-loss")
    assert tab.complaints == []
