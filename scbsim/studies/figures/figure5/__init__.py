"""Figure 5: the dynamics at large N and T."""
