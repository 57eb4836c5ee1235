"""What every room may use: numbers and text from outside, memory, cores, threads, progress."""
