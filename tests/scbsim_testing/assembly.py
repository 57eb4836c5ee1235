"""What the compiler makes of a function that is compiled as kernels are."""

from scbsim.kernels.compile import jit


def assembly_of(function, arguments):
    """Compile a function for some arguments as kernels are; return the assembly."""
    # What comes out of a cache cannot be inspected.
    kept, jit.CACHE_FOLDER = jit.CACHE_FOLDER, None
    try:
        compiled = jit.kernel(function)
    finally:
        jit.CACHE_FOLDER = kept
    compiled(*arguments)
    return compiled.inspect_asm(compiled.signatures[-1])
