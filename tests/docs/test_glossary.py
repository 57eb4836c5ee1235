"""The glossary: terms in order, each with where it is explained; every engine and rule is one."""

import re

from scbsim_testing.pages import PAGES

from scbsim.spec.engines import ENGINES
from scbsim.spec.rules import RULES

ROWS = re.findall(r"^\| \*\*(.+?)\*\* \| (.*) \|$", PAGES["glossary"].read_text(), re.MULTILINE)
TERMS = [term for term, _ in ROWS]


def test_terms_are_in_order_and_each_has_a_link():
    assert len(TERMS) > 60
    assert sorted(TERMS, key=lambda term: term.lower().replace(",", "")) == TERMS
    assert [term for term, text in ROWS if "](" not in text] == []


def test_engines_and_rules_are_terms():
    assert {*ENGINES, *RULES} - {*TERMS} == set()
