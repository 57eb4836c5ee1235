"""Update rules of A: a firm threshold, and AdaGrad. See docs/extending.md."""

import math

import scbsim

WIDTH = 2.0  # where the firm threshold ends, in thresholds
EPSILON = 1e-12


@scbsim.rule(threshold=True, keeps_zeros=True)
def firm(s, gradient, rate, threshold):
    """Apply a soft threshold near 0, none beyond WIDTH thresholds, a line between."""
    x = s - rate * gradient
    limit = rate * threshold
    shrunk = x - max(min(x, limit), -limit)
    return min(max(shrunk * (WIDTH / (WIDTH - 1.0)), -abs(x)), abs(x))


@scbsim.rule()
def adagrad(s, gradient, rate, threshold, memory):
    """Step at a rate that falls with the sum of the squares of all gradients so far."""
    memory = memory + gradient * gradient
    return s - rate * gradient / (math.sqrt(memory) + EPSILON), memory
