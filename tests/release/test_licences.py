"""The page of licences has every dependency, as it is now."""

import re

from scbsim_testing.licences import ROOT, developed, installed, licence, page, table, used

PAGE = ROOT / "docs" / "licences.md"
ROWS = re.findall(r"^\| ([a-z][\w-]*) \| (.*?) \| (.*?) ?\|$", PAGE.read_text(), re.MULTILINE)
NAMES = {name: (said, extra) for name, said, extra in ROWS if name != "package"}


def test_every_dependency_is_on_the_page_with_its_extras():
    wanted = {**used(), **developed()}
    missing = {name: extra for name, extra in wanted.items() if name not in NAMES}
    assert missing == {}, "make the page anew: its first lines say how"
    assert {name: extra for name, (_, extra) in NAMES.items() if name in developed()} == developed()


def test_no_licence_is_unknown():
    assert [
        name for name, (said, _) in NAMES.items() if said in ("not said", "not installed")
    ] == []


def test_licences_are_what_packages_say():
    """In words that have changed little; other releases may word them otherwise."""
    other = {
        name: (said, licence(package))
        for name, (said, _) in NAMES.items()
        if (package := installed(name)) and not same(said, licence(package))
    }
    assert other == {}


def same(one, other):
    """Whether two licences are of one family: MIT License is MIT."""
    return words(one) & words(other) != set()


def words(text):
    found = set(re.findall(r"MIT|BSD|Apache|PSF|Python Software|MPL|MPICH|Zlib", text))
    return {"PSF" if word == "Python Software" else word for word in found}


def test_the_words_tell_licences_apart():
    assert same("MIT License", "MIT")
    assert not same("BSD License", "GPL-3.0-only")
    assert not same("MIT", "GPL-3.0-only")


def test_a_table_says_what_is_not_installed():
    assert "| none-such | not installed | test |" in table({"none-such": "test"})
    assert page().startswith(PAGE.read_text()[:400])
