"""The task: which sparse contextual bigram is to be learned."""

from scbsim.task.make import Task

__all__ = ["Task"]
