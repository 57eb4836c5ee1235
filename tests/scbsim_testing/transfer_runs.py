"""The runs of the transfer figure at sizes that take no time."""

from dataclasses import replace

from scbsim.studies.transfer import run as transfer

SMALL = (
    replace(transfer.STEPS, T=60, starts=(None, 0.5, 1.0), batches=(16,), pretraining_batch=64),
    replace(transfer.SAMPLES, T=60, starts=(None, 0.5), batches=(4, 256), pretraining_batch=4096),
)
