"""Pictures of a given width: its units, the size of type, and what fits."""

import re
from itertools import pairwise

import pytest

import scbsim
from scbsim.errors import InputError
from scbsim.plotting import layout, style
from scbsim.plotting.width import inches, type_size


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (None, None),
        (5.5, 5.5),
        ("5.5in", 5.5),
        (" 5.5 IN ", 5.5),
        ("14cm", 14 / 2.54),
        ("140mm", 14 / 2.54),
        ("397.48pt", 5.5),
    ],
)
def test_units(width, expected):
    assert inches(width) == (expected if expected is None else pytest.approx(expected, rel=1e-4))


@pytest.mark.parametrize("width", ["5.5", "wide", "5.5px", "-5in", "nan", "", "1e1in", True, [5]])
def test_what_is_no_width(width):
    with pytest.raises(InputError, match=r"width: .* a number with a unit \(in, cm, mm, pt\)"):
        inches(width)


@pytest.mark.parametrize("width", ["1in", "600mm", 0, 21.0])
def test_widths_without_room(width):
    with pytest.raises(InputError, match="it takes 2in to 20in"):
        inches(width)


def test_type_is_legible_at_every_width():
    assert [type_size(width) for width in (None, 3.25, 5.5, 20.0)] == [9.0, 7.0, 8.0, 9.0]
    assert type_size(2.0) == 6.5


def made_of(runs, width, **how):
    """A plot, laid out as it is saved."""
    figure = scbsim.plot(*runs, width=width, **how)
    with style.styled(figure.paper_width):
        figure.draw_without_rendering()
    return figure


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("width", [3.25, 5.5])
def test_nothing_overlaps_or_is_cut(made_up, width, count):
    figure = made_of([made_up() for _ in range(count)], width)
    shown = [axes for axes in figure.axes if axes.axison]
    assert len(shown) == 5
    boxes = [axes.get_tightbbox() for axes in shown]
    boxes += [legend.get_window_extent() for legend in figure.legends]
    page = figure.bbox.padded(0.5)
    for i, box in enumerate(boxes):
        assert page.x0 <= box.x0 < box.x1 <= page.x1
        assert page.y0 <= box.y0 < box.y1 <= page.y1
        assert not any(box.padded(-0.5).overlaps(other) for other in boxes[:i])


def test_a_narrow_picture_has_small_type_thin_lines_and_no_title(made_up):
    figure, own = (made_of([made_up()], width) for width in (3.25, None))
    assert figure.get_size_inches()[0] == 3.25
    assert not figure.get_suptitle()
    assert own.get_suptitle()
    lines = [each.axes[0].lines[0].get_linewidth() for each in (figure, own)]
    assert lines == pytest.approx([1.6 * 7 / 9, 1.6])
    labels = [each.axes[0].get_xticklabels()[0].get_fontsize() for each in (figure, own)]
    assert labels == pytest.approx([7, 9])


def test_steps_have_as_many_ticks_as_fit(made_up):
    counts = {}
    for width in (2.0, 20.0):
        figure = made_of([made_up(rows=100_001)], width)
        axis = figure.axes[0].xaxis
        first, last = figure.axes[0].get_xlim()
        labels = zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True)
        # Beyond the ends of the axis labels are not drawn.
        boxes = [label.get_window_extent() for at, label in labels if first <= at <= last]
        assert not any(a.overlaps(b) for a, b in pairwise(boxes))
        counts[width] = len(boxes)
    assert counts[2.0] < counts[20.0]


def test_labels_are_broken_where_no_mathematics_is():
    label = r"half of the runs at $B \propto T^{1.00 \pm 0.01}$ (in 8 of 10 columns)"
    lines = layout.broken(label, 2.0).split("\n")
    assert len(lines) > 1
    assert " ".join(lines) == label
    assert all(line.count("$") % 2 == 0 for line in lines)


@pytest.mark.parametrize("width", ["3.25in", "14cm"])
def test_pdf_is_vector_of_that_width_with_truetype(made_up, tmp_path, width):
    path = tmp_path / "x.pdf"
    figure = scbsim.plot(made_up(), output=path, width=width)
    content = path.read_bytes()
    (box,) = re.findall(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", content)
    assert float(box[0]) == pytest.approx(72 * inches(width), abs=0.01)
    assert float(box[1]) == pytest.approx(72 * figure.get_size_inches()[1], abs=0.01)
    assert b"/CIDFontType2" in content
    assert b"/Type3" not in content
    assert b"/Subtype /Image" not in content
    assert len(content) < 150_000


def test_a_band_of_many_steps_makes_no_large_file(made_up, tmp_path):
    import numpy as np
    import xarray as xr

    rng = np.random.default_rng(0)
    each = [made_up(rows=20_001, alpha_A=rng.normal(1, 0.1, 20_001)) for _ in range(4)]
    run = xr.concat(each, dim="replica").assign(replica_status=("replica", ["complete"] * 4))
    scbsim.plot(run, output=tmp_path / "x.pdf", width=5.5, only="alpha_A")
    assert (tmp_path / "x.pdf").stat().st_size < 600_000


@pytest.mark.parametrize(
    ("width", "count"), [(None, 1), (None, 2), (None, 3), (5.5, 1), (5.5, 4), (8.0, 1), (8.0, 6)]
)
def test_panels_and_their_legend_fill_the_picture(made_up, width, count):
    names = ["sim_A", "sim_V", "delta_A", "delta_V", "loss", "alpha_A"][:count]
    figure = made_of([made_up(), made_up()], width, only=names)
    boxes = [axes.get_tightbbox() for axes in figure.axes]
    assert len(boxes) == count
    (legend,) = figure.legends
    box, page, inch = legend.get_window_extent(), figure.bbox, figure.dpi
    right = max(each.x1 for each in boxes)
    if box.y1 > min(each.y0 for each in boxes):
        # It is at the right of them.
        assert right <= box.x0 < right + 0.5 * inch
        right = box.x1
    # No more room is left than around anything else.
    assert page.x1 - 0.3 * inch < right < page.x1 + 1
    assert min(box.y0, *(each.y0 for each in boxes)) < 0.3 * inch
