"""The task: the sparse contextual bigram to learn."""

from scbsim.task.make import Task
from scbsim.task.related import Correlations, correlations, related_task

__all__ = ["Correlations", "Task", "correlations", "related_task"]
