"""How to install what is optional."""

from importlib import metadata

from scbsim.errors import install

NEEDS = ["numpy>=1.26", 'bokeh<4,>=3.8; extra == "report"', 'mpi4py>=4.1; extra == "mpi"']


def test_what_an_extra_needs_is_named(monkeypatch):
    monkeypatch.setattr(metadata, "requires", lambda name: NEEDS)
    assert install("report") == "`pip install 'bokeh<4,>=3.8'` installs it"
    assert install("mpi") == "`pip install 'mpi4py>=4.1'` installs it"


def test_without_records_of_an_installation(monkeypatch):
    def missing(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "requires", missing)
    assert install("report") == "install scbsim with its extra [report]"
