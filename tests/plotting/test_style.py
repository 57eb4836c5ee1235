import os

import numpy as np
import pytest
from matplotlib import rcParams
from matplotlib.image import imread

from scbsim.errors import OutputError
from scbsim.plotting import picture_paths, style


@pytest.fixture
def figure():
    with style.styled():
        figure = style.new_figure(2, 1.5)
        style.curve(figure.subplots(), [0, 1, 2], [0.0, 1.0, 0.5], color=style.BLUE)
    return figure


def test_png_is_of_print_resolution(figure, tmp_path, share):
    style.save(figure, tmp_path / "x.png")
    picture = imread(tmp_path / "x.png")[..., :3]
    assert picture.shape == (450, 600, 3)
    assert share(picture, style.BLUE) > 0.001
    assert share(picture, "white") > 0.5


def test_pdf_keeps_text_as_text(figure, tmp_path):
    style.save(figure, tmp_path / "x.pdf")
    content = (tmp_path / "x.pdf").read_bytes()
    assert b"/FontType 42" in content or b"/CIDFontType2" in content
    assert b"/Type3" not in content


@pytest.mark.parametrize("suffix", picture_paths.FORMATS)
def test_the_same_figure_gives_the_same_bytes(figure, tmp_path, suffix, monkeypatch):
    paths = [tmp_path / f"{i}.{suffix}" for i in range(2)]
    for path, now in zip(paths, ("1000000000", "1700000000"), strict=True):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", now)
        style.save(figure, path)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_the_users_own_settings_do_not_matter_and_stay(pixels, figure):
    expected = pixels(figure)
    rcParams["font.size"] = 30
    try:
        with style.styled():
            again = style.new_figure(2, 1.5)
            style.curve(again.subplots(), [0, 1, 2], [0.0, 1.0, 0.5], color=style.BLUE)
        np.testing.assert_array_equal(pixels(again), expected)
        assert rcParams["font.size"] == 30
    finally:
        rcParams.update({"font.size": 10})


def test_drawable_leaves_out_what_cannot_be_drawn():
    given = [1.0, np.inf, -np.inf, np.nan, 1e31, -1e31, -2.0]
    np.testing.assert_array_equal(style.drawable(given), [1.0, *[np.nan] * 5, -2.0])


@pytest.mark.parametrize(
    ("values", "logarithmic", "scale"),
    [
        ([0.0, 1e-3, 1.0], True, "log"),
        ([0.0, 0.5, 1.0], True, "linear"),
        ([0.0, 1e-3, 1.0], False, "linear"),
        ([0.1, 1e9], False, "symlog"),
        ([-1e9, 0.1], False, "symlog"),
        ([0.0, 0.0], True, "linear"),
        ([np.nan, np.inf], True, "linear"),
    ],
)
def test_the_scale_is_one_on_which_something_shows(values, logarithmic, scale):
    axes = style.new_figure(2, 2).subplots()
    style.scale(axes, [np.array(values)], logarithmic=logarithmic)
    assert axes.get_yscale() == scale


@pytest.mark.parametrize(
    ("values", "dots"), [([1.0], True), ([1.0, np.nan], True), ([1, 2], False)]
)
def test_a_single_row_is_a_dot(values, dots):
    axes = style.new_figure(2, 2).subplots()
    style.curve(axes, range(len(values)), values)
    assert (axes.lines[0].get_marker() == "o") is dots


def test_numbers_in_words_of_mathtext():
    assert style.scientific(5e6) == r"5 \times 10^{6}"
    assert style.scientific(12_345_678) == r"1.234568 \times 10^{7}"
    assert style.scientific(1e8) == "10^{8}"
    assert style.scientific(256) == "256"
    assert style.integer(100_000) == r"100\,000"
    assert style.integer(2000) == "2000"


@pytest.mark.parametrize("name", ["x.h5", "x"])
def test_a_picture_has_a_format(figure, tmp_path, name):
    with pytest.raises(OutputError, match=r"\.png, \.pdf, \.svg"):
        style.save(figure, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_folders_are_made(figure, tmp_path):
    style.save(figure, tmp_path / "a" / "b" / "x.svg")
    assert (tmp_path / "a" / "b" / "x.svg").exists()


@pytest.mark.parametrize("name", ["_x", "a_$b^c$", "$", r"\\frac$\\frac$", "plain_name"])
def test_names_are_shown_as_they_are(name):
    with style.styled():
        figure = style.new_figure(3, 1)
        axes = figure.subplots()
        axes.plot([0], [0], label=style.literal(name))
        legend = axes.legend()
        figure.draw_without_rendering()
    assert len(legend.get_texts()) == 1


def test_colours_differ_however_many():
    for count in (1, 7, 8, 30):
        assert len(set(style.colors(count))) == count
    assert style.colors(2) == [style.BLUE, style.VERMILION]


def test_a_picture_is_there_whole_or_the_one_before_is(figure, tmp_path, monkeypatch):
    path = tmp_path / "x.png"
    style.save(figure, path)
    before = path.read_bytes()

    def fail(_making, _path):
        raise OSError("no")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(OSError, match="no"):
        style.save(figure, path)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["x.png"]


def test_a_picture_goes_to_where_a_link_points(figure, tmp_path):
    (tmp_path / "link.png").symlink_to(tmp_path / "there.png")
    style.save(figure, tmp_path / "link.png")
    assert (tmp_path / "link.png").is_symlink()
    assert imread(tmp_path / "there.png").shape[:2] == (450, 600)


@pytest.mark.parametrize("suffix", ["png", "pdf", "svg"])
def test_a_picture_takes_its_place_when_it_is_whole(suffix, tmp_path, monkeypatch):
    """After an error, and with a link in its place, the old file is kept."""
    target, path = tmp_path / "target", tmp_path / f"picture.{suffix}"
    target.write_text("before")
    path.symlink_to(target)

    def refuse(_handle):
        raise OSError(5, "failed")

    figure = style.new_figure(1, 1)
    with monkeypatch.context() as failing:
        failing.setattr(os, "fsync", refuse)
        with pytest.raises(OSError, match="failed") as caught:
            style.save(figure, path)
    assert caught.value.filename == str(target)
    assert target.read_text() == "before"
    style.save(figure, path)
    assert path.is_symlink()
    assert len(target.read_bytes()) > 100
    assert sorted(os.listdir(tmp_path)) == [path.name, "target"]


def test_a_notebook_gets_a_png_though_pyplot_was_never_imported(figure):
    assert figure._repr_png_().startswith(b"\x89PNG\r\n")
    assert figure._repr_png_() == figure._repr_png_()
