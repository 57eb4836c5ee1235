"""What the names on a page mean."""

import re

from scbsim.observables import BATCH_LOSS, NAMES
from scbsim.report.legend import ENDS, MEANINGS, STARS, legend, observables_in


def test_every_observable_has_a_meaning():
    assert tuple(MEANINGS) == (*NAMES, BATCH_LOSS.name)


def test_a_legend_has_what_the_panels_show():
    assert observables_in(["signals", "loss"]) == ["alpha_A", "alpha_V", "loss"]
    said = legend(["sim_A", "mass"])
    assert re.findall("<code>(.*?)</code>", said) == ["sim_A"]
    assert "<dt>cos(A,Q) <code>" in said
    assert STARS not in said
    assert f"{STARS} {ENDS}</p>" in legend(["loss"], stars=True, ends=True)
    assert legend(["mass"]) == legend(["boundary"]) == ""


def test_a_page_of_a_run_says_it_beside_the_last_values_too(made, page):
    found = page(made["run"]).texts[""]
    assert "What the names mean" in found
    assert found.count(MEANINGS["alpha_V"]) == 2
    assert STARS in found
    assert MEANINGS[BATCH_LOSS.name] not in found
    only = page(made["ensemble"], only=["loss"]).texts[""].partition("To make it again")[0]
    assert MEANINGS["loss"] in only.partition("At the end")[0]
    assert MEANINGS["alpha_V"] not in only.partition("At the end")[0]
