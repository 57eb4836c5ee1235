"""Samples of a text that every installation of Python has: the topics of its help."""

import sys
from pydoc_data.topics import topics

import scbsim

length = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
text = "\n".join(topics[name] for name in sorted(topics))[:length]
samples = scbsim.text_samples(text, T=16, vocabulary=40, seed=0)
scbsim.save_samples("text.h5", samples)
print(f"{len(samples.query)} samples of {len(samples.symbols)} symbols in text.h5")
