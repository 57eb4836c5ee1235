"""The task: which sparse contextual bigram is to be learned."""

from scbsim.task.make import Task
from scbsim.task.related import Correlations, correlations, related_task

__all__ = ["Correlations", "Task", "correlations", "related_task"]
