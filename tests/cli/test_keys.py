def test_keys(scbsim):
    ended = scbsim("keys")
    assert ended.exit_code == 0
    assert "[[stage]]\nsteps               required      a whole number" in ended.output
    ended = scbsim("keys", "threshold_sigmas")
    assert ended.output.startswith("stage.0.threshold_sigmas\n  Takes a finite number, 0 or more")
    assert max(map(len, ended.output.splitlines())) <= 80


def test_a_word_that_is_none(scbsim):
    ended = scbsim("keys", "treshold")
    assert ended.exit_code == 2
    assert "did you mean threshold?" in ended.output


def test_tables_of_several_runs_have_their_pages(scbsim, fails):
    assert "docs/cluster.md" in fails(scbsim("keys", "sweep"), 2)
    assert "docs/boundary.md" in fails(scbsim("keys", "boundary.along"), 2)
