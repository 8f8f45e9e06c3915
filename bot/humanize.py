"""Quantities as people read them. The only place where numbers become words: GB and GiB never mix."""

import math

from estimator.units import GB, GIB, KIB, MEGA, MIB, TERA

_THOUSAND = 1e3
_MILLION = 1e6
_BILLION = 1e9
_TRILLION = 1e12


def gib(size_bytes: float) -> str:
    """Memory in GiB, one decimal: 79.2 GiB."""
    return f"{size_bytes / GIB:,.1f} GiB"


def gb(size_bytes: float) -> str:
    """File sizes in GB of 10^9: 671 GB."""
    value = size_bytes / GB
    return f"{value:,.0f} GB" if value >= 100 else f"{value:,.1f} GB"


def bytes_per_token(size_bytes: float) -> str:
    """Cache of one token: 128 KiB (131,072 B), or plain bytes where they are few."""
    plain = f"{size_bytes:,.0f} B"
    return f"{size_bytes / KIB:,.1f} KiB ({plain})" if size_bytes >= KIB else plain


def seconds(value: float) -> str:
    """A time with three significant digits in its own unit: 12.3 ms, 1.74 s, 2.1 min."""
    if value < 1e-3:
        return f"{_digits(value * 1e6)} µs"
    if value < 1:
        return f"{_digits(value * 1e3)} ms"
    return f"{_digits(value)} s" if value < 120 else f"{_digits(value / 60)} min"


def tokens(count: float) -> str:
    """A number of tokens: 32K or 1M where it is a round power of two, else with separators."""
    whole = int(count)
    if whole >= MIB and whole % MIB == 0:
        return f"{whole // MIB:,}M"
    if whole >= KIB and whole % KIB == 0:
        return f"{whole // KIB:,}K"
    return f"{whole:,}"


def rate(value: float) -> str:
    """A rate without decimals above a hundred: 353, 12.4."""
    return f"{value:,.0f}" if value >= 100 else _digits(value)


def parameters(count: float) -> str:
    """A parameter count: 671.0B, 8.03B, 494M."""
    for size, unit in ((_TRILLION, "T"), (_BILLION, "B"), (_MILLION, "M"), (_THOUSAND, "K")):
        if count >= size:
            return f"{_digits(count / size, 4)}{unit}"
    return f"{count:,.0f}"


def usd(value: float) -> str:
    """Dollars: $0.042, $3.49, $63."""
    if value >= 100:
        return f"${value:,.0f}"
    return f"${value:,.2f}" if value >= 1 else f"${_digits(value, 2)}"


def count(value: float) -> str:
    """How many whole ones: rounded down, with separators; "any number of" where there is no limit."""
    return "any number of" if math.isinf(value) else f"{int(value):,}"


def tflops(value_flops_per_s: float) -> str:
    """A rate of operations: 989 TFLOPS."""
    return f"{value_flops_per_s / TERA:,.0f} TFLOPS"


def megabytes(size_bytes: float) -> str:
    """Small sizes in MB of 10^6: 4.7 MB."""
    return f"{size_bytes / MEGA:,.1f} MB"


def plural(number: int, noun: str) -> str:
    """A count with its noun: 1 GPU, 8 GPUs."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _digits(value: float, significant: int = 3) -> str:
    if value == 0:
        return "0"
    decimals = max(0, significant - 1 - math.floor(math.log10(abs(value))))
    return f"{value:,.{decimals}f}"
