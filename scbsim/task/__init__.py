"""The task: which sparse contextual bigram is to be learned."""

from scbsim.task.sparse_bigram import Task

__all__ = ["Task"]
