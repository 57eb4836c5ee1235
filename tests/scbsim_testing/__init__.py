"""What tests share: small specs and runs, references, servers, faults of the system."""

from pathlib import Path

HERE = Path(__file__).parent
"""Programs that tests run, and sources in C, are here."""
