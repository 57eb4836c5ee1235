"""Whether other users could write to a cache folder: its pickles can run any code."""

from __future__ import annotations

import grp
import os
import pwd
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def make_private(folder: Path) -> None:
    """Make a folder and its missing parents, with access for this user alone."""
    for each in reversed([folder, *folder.parents]):
        if not each.exists():
            each.mkdir(mode=0o700, exist_ok=True)


def distrust(folder: Path) -> str | None:
    """Return why other users could have written to a folder, or None if they could not.

    Parameters
    ----------
    folder : Path
        Without symbolic links. It, its content and all its parents are checked.
    """
    closed = not folder.stat().st_mode & 0o011
    entries = [folder, *folder.parents]
    for path, found in zip(entries, map(os.lstat, entries), strict=True):
        # Under the sticky bit, as in /tmp, other users can remove only their own files.
        sticky = path != folder and found.st_mode & stat.S_ISVTX
        known = path == folder or not _is_unmapped(found.st_uid)
        if why := (known and _owned(path, found)) or (not sticky and _written(path, found)):
            return why
    for path, found in _below(folder):
        if why := _owned(path, found) or (not closed and _written(path, found)):
            return why
    return None


def _below(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Yield all files and folders below a folder; those removed meanwhile are skipped."""
    for top, folders, files in os.walk(folder):
        for name in (*folders, *files):
            with suppress(FileNotFoundError):
                yield Path(top, name), os.lstat(os.path.join(top, name))


def _owned(path: Path, found: os.stat_result) -> str | None:
    """Return the reason if a file belongs to neither this user nor root."""
    if found.st_uid in (0, os.geteuid()):
        return None
    return f"{path} belongs to {_user(found.st_uid)}"


def _written(path: Path, found: os.stat_result) -> str | None:
    """Return the reason if other users may write a file."""
    if stat.S_ISLNK(found.st_mode):
        return None
    group = found.st_mode & 0o020 and not _is_own_group(found.st_gid)
    if group or found.st_mode & 0o002:
        return f"others may write {path} (mode {stat.S_IMODE(found.st_mode):03o})"
    return None


def _is_own_group(number: int) -> bool:
    """Return whether this user is the only member of a group, the user private group."""
    try:
        user, group = pwd.getpwuid(os.geteuid()), grp.getgrgid(number)
    except KeyError:
        return False
    return group.gr_name == user.pw_name and {*group.gr_mem} <= {user.pw_name}


def _is_unmapped(uid: int) -> bool:
    """Return whether an owner is unknown in this container, such as root outside it."""
    try:
        unknown = int(Path("/proc/sys/kernel/overflowuid").read_text())
        first, there, count = map(int, Path("/proc/self/uid_map").read_text().split()[:3])
    except (OSError, ValueError):
        return False
    return uid == unknown and (first, there, count) != (0, 0, 2**32 - 1)


def _user(uid: int) -> str:
    try:
        return f"the user {pwd.getpwuid(uid).pw_name}"
    except KeyError:
        return f"another user (uid {uid})"
