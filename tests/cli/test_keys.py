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


def test_a_word_of_descriptions_is_searched_for(scbsim):
    ended = scbsim("keys", "Checkpoints")
    assert ended.exit_code == 0
    head, *found = ended.output.split("\n\n")
    assert head.replace("\n", " ") == (
        "No table and no key is called Checkpoints. In names, values and descriptions 1 key has it:"
    )
    assert [each.splitlines()[0] for each in found] == ["output.checkpoint_seconds"]
    assert max(map(len, ended.output.splitlines())) <= 80
    # Of the names, too.
    assert "\n\nnoise.sigma_A\n" in scbsim("keys", "sigma_").output
    assert "\n\nstage.0.rate_A\n" in scbsim("keys", "Learning", "rate").output


def test_many_that_are_found_are_listed(scbsim):
    ended = scbsim("keys", "step")
    assert "\nstage.0.steps             Most steps of the stage, 1 to below" in ended.output
    assert ended.output.endswith("\n\n`scbsim keys KEY` describes one of them.\n")
    assert max(map(len, ended.output.splitlines())) <= 80


def test_pages_are_named_by_their_titles(scbsim, fails):
    cluster = '"Sweeps and phase diagrams, here and on a cluster" in the documentation'
    assert cluster in fails(scbsim("keys", "sweep"), 2)
    need = '"How large a batch does learning need?" in the documentation'
    assert need in fails(scbsim("keys", "boundary.along"), 2)
    every = " ".join(scbsim("keys", table).output for table in ("dynamics", "init", "stage"))
    assert '"The model" in the documentation' in " ".join(every.split())
    assert ".md" not in every
