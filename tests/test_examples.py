"""The scripts of docs/data.md, in one folder."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"


def run(folder, *words):
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, capture_output=True, text=True, env=os.environ
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(DOCS / "examples", tmp_path / "examples")
    return tmp_path / "examples"


@pytest.mark.slow
def test_attention_finds_the_last_character_of_a_text(folder):
    run(folder, "text.py", "30000")
    run(folder, "-m", "scbsim", "run", "text.toml", "-o", "text-run.h5", "--quiet")
    first, *weights = run(folder, "attended.py", "text-run.h5").splitlines()
    before, after = map(float, re.findall(r"\d\.\d+", first))
    assert after < before
    found = [float(line.split()[-1]) for line in weights]
    # Uniform attention weighs each of 16 positions by 0.0625.
    assert found[0] == max(found) > 0.15


@pytest.mark.slow
def test_both_scripts_learn_the_task(folder):
    said = run(folder, "own_samples.py")
    alpha_A, alpha_V, loss, batch_loss = map(float, re.findall(r"\d\.\d+", said))
    assert min(alpha_A, alpha_V) > 0.9
    # The standard error of a batch of 1000 is below 0.02.
    assert abs(loss - batch_loss) < 0.1
    said = run(folder, "dependent_tokens.py")
    cosines = [float(each) for each in re.findall(r"cos\(A, Q\) (\d\.\d+)", said)]
    assert cosines[0] > cosines[2] > 0.8
