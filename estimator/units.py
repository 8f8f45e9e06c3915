"""Powers of ten and of two, spelled once: GB is 10^9 bytes and GiB is 2^30, and they never mix."""

from typing import Final

KILO: Final = 1e3
MEGA: Final = 1e6
GIGA: Final = 1e9
TERA: Final = 1e12

GB: Final = 10**9
TB: Final = 10**12
KIB: Final = 2**10
MIB: Final = 2**20
GIB: Final = 2**30

BITS_PER_BYTE: Final = 8
US: Final = 1e-6
"""One microsecond, in seconds."""
