"""Which positions the attention of a run weighs, averaged over queries."""

import sys

import scbsim

run = scbsim.load(sys.argv[1])
loss = run.batch_loss.values
tenth = max(1, len(loss) // 10)
print(f"mean loss of the first batches {loss[1 : tenth + 1].mean():.3f}", end=", ")
print(f"of the last {loss[-tenth:].mean():.3f}")
found = scbsim.matrices(sys.argv[1])
weights = found.A @ found.task.mu
for back in range(1, 5):
    print(f"{back} before the output: {weights[-back]:.3f}")
