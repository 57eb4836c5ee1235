"""Crafted files of HDF5: none leads out of itself, and none claims what it has not."""

import h5py
import numpy as np
import pytest

from scbsim.errors import OutputError
from scbsim.storage.hdf5.guard import guard


def external(file, secret):
    file.create_dataset("a/x", (4,), "u1", external=[(secret, 0, 4)])


def of_itself(file, _secret):
    layout = h5py.VirtualLayout((10,), "f8")
    layout[:] = h5py.VirtualSource(".", "a/x", shape=(10,))
    file.create_virtual_dataset("a/x", layout)


def of_itself_without_end(file, _secret):
    layout = h5py.VirtualLayout((10,), "f8", maxshape=(None,))
    source = h5py.VirtualSource(".", "a/x", shape=(10,), maxshape=(None,))
    layout[: h5py.h5s.UNLIMITED] = source[: h5py.h5s.UNLIMITED]
    file.create_virtual_dataset("a/x", layout)


def of_another_file(file, secret):
    layout = h5py.VirtualLayout((10,), "f8")
    layout[:] = h5py.VirtualSource(secret, "x", shape=(10,))
    file.create_virtual_dataset("a/x", layout)


def linked(file, secret):
    file["a/x"] = h5py.ExternalLink(secret, "x")


def linked_by_way_of_a_soft_link(file, secret):
    file["hidden"] = h5py.ExternalLink(secret, "/")
    file["a/x"] = h5py.SoftLink("/hidden/x")


def a_group_of_another_file(file, secret):
    file["a"] = h5py.ExternalLink(secret, "/")


def unfilled(file, _secret):
    file.create_dataset("a/x", (2**31,), "f8", chunks=(1024,))


def unfilled_but_for_a_chunk(file, _secret):
    file.create_dataset("a/x", (2**31,), "f8", chunks=(1024,))[:1024] = 1.0


def unfilled_in_one_piece(file, _secret):
    file.create_dataset("a/x", (2**31,), "f8")


def of_text(file, _secret):
    file["a/x"] = ["a", "b"]


def of_references(file, _secret):
    file.create_dataset("a/x", (3,), h5py.ref_dtype)


REFUSED = {
    external: "external dataset",
    of_itself: "virtual dataset",
    of_itself_without_end: "virtual dataset",
    of_another_file: "virtual dataset",
    linked: "link to another file",
    linked_by_way_of_a_soft_link: "/hidden is a link to another file",
    a_group_of_another_file: "/a is a link to another file",
    unfilled: "claims 17179869184 bytes",
    unfilled_but_for_a_chunk: "claims 17179869184 bytes, of which 8192 are",
    unfilled_in_one_piece: "claims 17179869184 bytes",
    of_text: "is not of numbers",
    of_references: "is not of numbers",
}


@pytest.mark.parametrize("only", [None, ("a/x",)])
@pytest.mark.parametrize("craft", REFUSED, ids=lambda craft: craft.__name__)
def test_what_is_refused(craft, only, tmp_path):
    path, secret = tmp_path / "crafted.h5", tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["x"] = np.arange(10)
    with h5py.File(path, "w") as file:
        craft(file, str(secret))
    with h5py.File(path) as file, pytest.raises(OutputError, match=REFUSED[craft]) as caught:
        guard(file, path, only)
    assert str(path) in str(caught.value)


def small(file):
    file["a/x"] = 3


def truth(file):
    file["a/x"] = np.array([True, False])


def compressed(file):
    file.create_dataset("a/x", data=np.zeros(10**6), compression="gzip", shuffle=True)


def with_checksums(file):
    file.create_dataset("a/x", data=np.arange(10**6), chunks=(999,), fletcher32=True)


def empty(file):
    file.create_dataset("a/x", (0, 5), "f4", maxshape=(None, 5), chunks=(7, 5))


def growing(file):
    data = file.create_dataset("a/x", (0,), "f4", maxshape=(None,), chunks=(50_000,))
    data.resize((60_000,))
    data[:50_000] = 1.0


def in_circles(file):
    file["a/x"] = 3
    file["a/back"] = file["/"]


def soft(file):
    file["b"] = np.arange(5)
    file["a/x"] = h5py.SoftLink("/b")
    file["nowhere"] = h5py.SoftLink("/c")


@pytest.mark.parametrize("only", [None, ("a/x", "a/none", "none/x")])
@pytest.mark.parametrize(
    "make", [small, truth, compressed, with_checksums, empty, growing, in_circles, soft]
)
def test_what_is_not(make, only, tmp_path):
    path = tmp_path / "sound.h5"
    with h5py.File(path, "w") as file:
        make(file)
    with h5py.File(path) as file:
        guard(file, path, only)


def test_datasets_that_share_their_bytes(tmp_path):
    """As no sound file has them: each is within the size of the file, and all together are not."""
    path = tmp_path / "crafted.h5"
    with h5py.File(path, "w", libver="earliest") as file:
        for name in "xyz":
            file.create_dataset(name, data=np.arange(10**5))
        size = 8 * 10**5
        places = [file[name].id.get_offset() for name in "xyz"]
    content = path.read_bytes()
    for place in places[1:]:
        content = content.replace(place.to_bytes(8, "little"), places[0].to_bytes(8, "little"))
    path.write_bytes(content[: places[0] + size])
    # HDF5 asks how long the file is; a crafted one says what it is.
    end = content.index(len(content).to_bytes(8, "little"))
    crafted = bytearray(path.read_bytes())
    crafted[end : end + 8] = len(crafted).to_bytes(8, "little")
    path.write_bytes(crafted)
    with h5py.File(path) as file, pytest.raises(OutputError, match="it says that it has"):
        guard(file, path)
