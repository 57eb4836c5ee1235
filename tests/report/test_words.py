import pytest

from scbsim.observables import LONG_NAMES, OBSERVABLES
from scbsim.plotting import style
from scbsim.plotting.overview import PANELS
from scbsim.report.words import escaped, html, plain
from scbsim.studies.phase.plot import KEYS, key_label


@pytest.mark.parametrize(
    ("text", "shown", "in_plain"),
    [
        (r"signals $\alpha_A$", "signals α<sub>A</sub>", "signals α_A"),
        (r"$\|A-Q\|_\mu$", "‖A-Q‖<sub>μ</sub>", "‖A-Q‖_μ"),
        (r"batch $5 \times 10^{6}$", "batch 5 × 10<sup>6</sup>", "batch 5 × 10^6"),
        (r"$B \propto T^{0.50 \pm 0.1}$", "B ∝ T<sup>0.50 ± 0.1</sup>", "B ∝ T^0.50 ± 0.1"),
        (r"$\mathrm{batch\_size}$", "batch_size", "batch_size"),
        (style.literal("a$b$_c <i>"), "a$b$_c &lt;i&gt;", "a$b$_c <i>"),
        (style.literal("_x"), "_x", "_x"),
        (r"$<b>_{<i>}$", "&lt;b&gt;<sub>&lt;i&gt;</sub>", "<b>_<i>"),
    ],
)
def test_mathtext(text, shown, in_plain):
    assert html(text) == shown
    assert plain(text) == in_plain


def test_every_text_of_the_pictures_is_known():
    texts = [title for title, _, _ in PANELS.values()]
    texts += [f"${each.symbol}$" for each in OBSERVABLES] + list(LONG_NAMES.values())
    texts += [key_label(key) for key in KEYS]
    for text in texts:
        assert not set("\\${}^") & set(html(text)), text
        assert not set("\\${}") & set(plain(text)), text


def test_text_from_outside():
    assert escaped('<a href="x">\x1b') == "&lt;a href=&quot;x&quot;&gt;\\x1b"
