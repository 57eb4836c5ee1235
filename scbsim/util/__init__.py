"""Utilities for all packages: input of numbers and text, memory, cores, threads, files."""
