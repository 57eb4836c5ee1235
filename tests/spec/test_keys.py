"""The keys of a spec, described from its models."""

from pathlib import Path

import pytest
from scbsim_testing.small_specs import small

from scbsim import RunSpec
from scbsim.errors import InputError
from scbsim.spec.keys import TABLES, as_markdown, holding, keys_of, matching

EVERY = [key for table in TABLES for key in keys_of(table)]


def test_no_key_is_left_out():
    for table, model in TABLES.items():
        names = [name for name in model.key_names() if name not in (*TABLES, "sweep", "boundary")]
        assert [key.name for key in keys_of(table)] == names
    assert all(key.takes and key.description for key in EVERY)


@pytest.mark.parametrize("key", [key for key in EVERY if key.default is not None], ids=str)
def test_a_default_that_is_written_out_changes_nothing(key):
    spec = RunSpec.from_dict(small())
    assert RunSpec.from_dict(small(), overrides=[f"{key.dotted}={key.default}"]) == spec


def test_what_a_key_excludes_cannot_be_beside_it():
    (threshold,) = matching("stage.threshold")
    assert threshold.excludes == ("threshold_sigmas",)
    (start,) = matching("init.from")
    assert start.excludes == ("alpha_A", "alpha_V", "correlation")


def test_words():
    assert matching("noise") == keys_of("noise")
    assert {key.dotted for key in matching("seed")} == {"seed", "task.seed"}
    assert matching("stage.3.rate_A") == matching("stage.rate_A") == matching("rate_A")
    assert matching("batchsize") == ()
    with pytest.raises(InputError, match=r"key 'batchsize', .*; did you mean batch_size"):
        holding("batchsize")


def test_search():
    assert {"noise.sigma_A", "stage.0.threshold_sigmas"} <= {key.dotted for key in holding("SIGMA")}
    assert [key.dotted for key in holding("TASK  related")] == ["init.correlation"]
    assert "dynamics.engine" in {key.dotted for key in holding("softmax")}
    with pytest.raises(InputError, match="`scbsim keys` lists them"):
        holding("  ")


def test_the_page_of_documentation_is_this():
    page = Path(__file__).parents[2] / "docs" / "keys.md"
    assert page.read_text() == as_markdown(), "scbsim keys --markdown > docs/keys.md"


def test_without_docstrings_a_message_says_why(monkeypatch):
    monkeypatch.setattr(TABLES["stage"], "__doc__", None)
    with pytest.raises(InputError, match="python -OO leaves out: run it without -OO"):
        matching("rate_A")
