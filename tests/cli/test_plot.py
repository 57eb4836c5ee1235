import pytest


def test_draws_beside_the_file(scbsim, done, tmp_path):
    path = tmp_path / "run.h5"
    path.write_bytes(done.read_bytes())
    result = scbsim("plot", path)
    assert result.exit_code == 0, result.output
    assert result.stdout == f"{tmp_path / 'run.png'}\n"
    assert (tmp_path / "run.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("suffix", "magic"), [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<?xml")]
)
def test_several_files_in_any_format(scbsim, done, tmp_path, suffix, magic):
    picture = tmp_path / f"both.{suffix}"
    result = scbsim("plot", done, done, "-o", picture)
    assert result.exit_code == 0, result.output
    assert picture.read_bytes().startswith(magic)


def test_a_picture_is_replaced_only_when_asked(scbsim, fails, done, tmp_path):
    picture = tmp_path / "kept.png"
    picture.write_text("mine")
    assert "--overwrite" in fails(scbsim("plot", done, "-o", picture), 2)
    assert picture.read_text() == "mine"
    assert scbsim("plot", done, "-o", picture, "--overwrite").exit_code == 0
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_run_is_never_drawn_over(scbsim, fails, done):
    before = done.read_bytes()
    assert ".png, .pdf, .svg" in fails(scbsim("plot", done, "-o", done, "--overwrite"), 2)
    assert done.read_bytes() == before


def test_a_missing_file(scbsim, fails, tmp_path):
    assert "none.h5" in fails(scbsim("plot", tmp_path / "none.h5"), 2)
    assert list(tmp_path.iterdir()) == []


def test_a_file_where_a_folder_should_be(scbsim, fails, done):
    assert str(done) in fails(scbsim("plot", done, "-o", done / "x.png"), 2)


def test_some_observables_and_own_labels(scbsim, fails, done, tmp_path):
    pictures = [tmp_path / f"{name}.svg" for name in ("all", "some", "named")]
    only = ("--only", "delta_A", "--only", "loss")
    for picture, words in zip(pictures, [(), only, (*only, "--label", "mine")], strict=True):
        assert scbsim("plot", done, *words, "-o", picture).exit_code == 0
    assert len({picture.read_text() for picture in pictures}) == 3
    assert "did you mean delta_A?" in fails(scbsim("plot", done, "--only", "deltaA"), 2)
    said = fails(scbsim("plot", done, "-o", tmp_path / "x.png", "--label", "a", "--label", "b"), 2)
    assert "2 labels for 1 run:" in said


def test_heat_maps_say_that_V_was_not_kept(scbsim, spec, tmp_path):
    for value, said in (("auto", "V is not drawn: this run kept its signal alone"), ("matrix", "")):
        path, picture = tmp_path / f"{value}.h5", tmp_path / f"{value}.png"
        scbsim("run", spec, "-o", path, "-q", "--set", f"dynamics.value={value}")
        drawn = scbsim("plot", path, "--matrices", "-o", picture)
        assert drawn.exit_code == 0, drawn.output
        assert drawn.stderr.startswith(said)
        assert bool(drawn.stderr) == bool(said)
