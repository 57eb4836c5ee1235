"""Other values for names of a module."""


def replace(owner, **values):
    """Set attributes of a module or class.

    Raise AttributeError for one that it does not have: assigned to a name that has moved, the
    value would have no effect, and the test would still pass.
    """
    for name, value in values.items():
        getattr(owner, name)
        setattr(owner, name, value)
