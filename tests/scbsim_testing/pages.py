"""The code of a page of documentation: its blocks, and the page as a program that runs them."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = {path.stem: path for path in sorted(DOCS.glob("*.md"))}


class Block(NamedTuple):
    """A block of a page: its kind, its text and the line at which it begins."""

    kind: str
    text: str
    line: int


def blocks_of(text: str) -> list[Block]:
    """Return the fenced blocks of a page by their language, and its indented lines as ``shell``."""
    found: list[Block] = []
    fence: tuple[str, int] | None = None
    body: list[str] = []
    listed = before = False
    for number, line in enumerate([*text.splitlines(), ""], 1):
        if fence is not None:
            if line.startswith("```"):
                found.append(Block(fence[0], "\n".join(body) + "\n", fence[1]))
                fence, body = None, []
            else:
                body.append(line)
            continue
        listed = bool(re.match(r"[-*] |\d+\. ", line)) or (listed and line[:1] in ("", " "))
        indented = line.startswith("    ") and not listed
        if before and not indented:
            found.append(Block("shell", "\n".join(body) + "\n", number - len(body)))
            body = []
        if line.startswith("```"):
            fence = (line[3:].strip(), number)
        elif indented:
            body.append(line[4:])
        before = indented
    return found


def commands_of(block: Block) -> list[str]:
    """Return the commands of a shell block: lines joined after a backslash, without remarks."""
    lines = re.sub(r"\s*\\\n\s*", " ", block.text).splitlines()
    bare = [re.sub(r"(^|\s+)#.*$", "", line).strip() for line in lines]
    return [line for line in bare if line]


def words_of(command: str) -> list[str]:
    """Return the words of a command of scbsim, without the name and without redirections."""
    return shlex.split(re.split(r"\s[>|]", command)[0])[1:]


def named(block: Block) -> str | None:
    """Return the file that a block is, if its first line is a remark with its name."""
    first = re.match(r"# (\w+\.(?:toml|py))\n", block.text)
    return first[1] if first else None


def program_of(text: str, skip: tuple[str, ...] = (), before: str = "") -> str:
    """Return a program that runs a page in the current folder, block after block.

    Blocks of Python share their names. A block whose first line is a file's name is written to that
    file. Commands run as they would be typed. What begins as in ``skip`` is left out; ``before`` is
    what the page takes for granted.
    """
    parts = [_HEAD, before]
    for block in blocks_of(text):
        if (name := named(block)) is not None:
            parts.append(f"write({name!r}, {block.text!r})")
        if block.kind == "python" and not block.text.startswith(skip):
            parts.append(block.text)
        elif block.kind == "shell":
            parts += [
                f"command({line!r})"
                for line in commands_of(block)
                if line.startswith(("scbsim ", "python ", "printf ", "mpiexec "))
                and not line.startswith(skip)
            ]
    return "\n".join(parts)


_HEAD = """
import subprocess
import sys
from pathlib import Path

import matplotlib

matplotlib.use("agg")


def command(line):
    if line.startswith("scbsim "):
        from scbsim_testing.warm_cli import in_a_fork

        return ended(line, *in_a_fork(line, Path.cwd()))
    place = f"{sys.executable} -P"
    line = line.replace("python ", f"{place} ", 1) if line.startswith("python ") else line
    line = line.replace(" scbsim ", f" {place} -m scbsim ") if line.startswith("mpiexec ") else line
    streams = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True}
    done = subprocess.run(line, shell=True, **streams)
    ended(line, done.returncode, done.stdout, done.stderr)


def ended(line, status, out, err):
    print(out)
    if status:
        sys.exit(f"{line}\\n{out}\\n{err}")
    if "Warning" in err:
        sys.exit(f"{line}\\n{err}")


def write(name, text):
    Path(name).write_text(text)

"""
