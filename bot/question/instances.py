"""Cloud instances by name: which card and how many, as of 2026-11.

Sources: torchx `named_resources_aws.py` (G5, G6e), the accelerated-instance table of RAPIDS (P3, P4d, P5, G4dn, G5, G6)
and huggingface-inferentia2-samples#14 (inf2.48xlarge: 12 chips). Trainium, P5e, P6, the smaller Inf2 and all rows of
Google Cloud and Azure are recalled from the providers' pages, not checked against one.
"""

from typing import Final

from bot.question.patterns import Pattern
from bot.question.words import NUMBER_WORDS

AS_OF: Final = "2026-11"
"""Instances come and go: the month of this table."""

_AWS_SIZES_OF_ONE: Final = {"xlarge": 1, "2xlarge": 1, "4xlarge": 1, "8xlarge": 1, "16xlarge": 1, "12xlarge": 4}
_AWS_G: Final = _AWS_SIZES_OF_ONE | {"24xlarge": 4, "48xlarge": 8}

AWS: Final[dict[str, tuple[str, dict[str, int]]]] = {
    "p3": ("v100-sxm2-16gb", {"2xlarge": 1, "8xlarge": 4, "16xlarge": 8}),
    "p3dn": ("v100-sxm2-32gb", {"24xlarge": 8}),
    "p4d": ("a100-sxm-40gb", {"24xlarge": 8}),
    "p4de": ("a100-sxm-80gb", {"24xlarge": 8}),
    "p5": ("h100-sxm-80gb", {"48xlarge": 8}),
    "p5e": ("h200-sxm-141gb", {"48xlarge": 8}),
    "p5en": ("h200-sxm-141gb", {"48xlarge": 8}),
    "p6-b200": ("b200-sxm", {"48xlarge": 8}),
    "p6-b300": ("b300-sxm", {"48xlarge": 8}),
    "g4dn": ("t4", _AWS_SIZES_OF_ONE | {"metal": 8}),
    "g5": ("a10g", _AWS_G),
    "g6": ("l4", _AWS_G),
    "g6e": ("l40s", _AWS_G),
    "inf2": ("inferentia2", {"xlarge": 1, "8xlarge": 1, "24xlarge": 6, "48xlarge": 12}),
    "trn1": ("trainium1", {"2xlarge": 1, "32xlarge": 16}),
    "trn1n": ("trainium1", {"32xlarge": 16}),
    "trn2": ("trainium2", {"48xlarge": 16}),
}
"""Accelerators by family and size of Amazon EC2 (`ml.` before them is SageMaker)."""

OTHERS: Final[dict[str, tuple[str, int]]] = {
    "a2-highgpu-1g": ("a100-sxm-40gb", 1),
    "a2-highgpu-2g": ("a100-sxm-40gb", 2),
    "a2-highgpu-4g": ("a100-sxm-40gb", 4),
    "a2-highgpu-8g": ("a100-sxm-40gb", 8),
    "a2-megagpu-16g": ("a100-sxm-40gb", 16),
    "a2-ultragpu-1g": ("a100-sxm-80gb", 1),
    "a2-ultragpu-2g": ("a100-sxm-80gb", 2),
    "a2-ultragpu-4g": ("a100-sxm-80gb", 4),
    "a2-ultragpu-8g": ("a100-sxm-80gb", 8),
    "a3-highgpu-1g": ("h100-sxm-80gb", 1),
    "a3-highgpu-2g": ("h100-sxm-80gb", 2),
    "a3-highgpu-4g": ("h100-sxm-80gb", 4),
    "a3-highgpu-8g": ("h100-sxm-80gb", 8),
    "a3-megagpu-8g": ("h100-sxm-80gb", 8),
    "a3-ultragpu-8g": ("h200-sxm-141gb", 8),
    "a4-highgpu-8g": ("b200-sxm", 8),
    "g2-standard-4": ("l4", 1),
    "g2-standard-8": ("l4", 1),
    "g2-standard-12": ("l4", 1),
    "g2-standard-16": ("l4", 1),
    "g2-standard-24": ("l4", 2),
    "g2-standard-32": ("l4", 1),
    "g2-standard-48": ("l4", 4),
    "g2-standard-96": ("l4", 8),
    "nc24ads_a100_v4": ("a100-pcie-80gb", 1),
    "nc48ads_a100_v4": ("a100-pcie-80gb", 2),
    "nc96ads_a100_v4": ("a100-pcie-80gb", 4),
    "nc40ads_h100_v5": ("h100-nvl-94gb", 1),
    "nc80adis_h100_v5": ("h100-nvl-94gb", 2),
    "nd96asr_v4": ("a100-sxm-40gb", 8),
    "nd96amsr_a100_v4": ("a100-sxm-80gb", 8),
    "nd96isr_h100_v5": ("h100-sxm-80gb", 8),
    "nd96isr_h200_v5": ("h200-sxm-141gb", 8),
    "nd96isr_mi300x_v5": ("mi300x", 8),
}
"""Accelerators by machine type of Google Cloud and Azure."""

_AWS: Final = Pattern(
    r"(?<![a-z0-9])(?:ml\.)?(p3dn|p3|p4de|p4d|p5en|p5e|p5|p6-b[23]00|g4dn|g5|g6e|g6|inf2|trn1n|trn1|trn2)"
    r"\.(metal|\d{0,2} ?x(?:l|large|[ -]?large))(?![a-z0-9])"
)
_OTHER: Final = Pattern(
    r"(?<![a-z0-9])(?:standard_)?([agn][0-9cd][a-z0-9]*[-_][a-z0-9]+(?:[-_][a-z0-9]+)?)(?![a-z0-9])"
)

_BEFORE: Final = Pattern(
    r"(?<![a-z0-9.])(\d{1,3}|two|three|four|five|six|eight|两|三|四)(?: ?[x*台个])? ?(?:aws |ec2 )?$"
)
_AFTER: Final = Pattern(r" ?[x*] ?(\d{1,3})(?![a-z0-9])")

Span = tuple[int, int]


def find_instances(text: str) -> list[tuple[str, int | None, Span]]:
    """Cards and counts of the instances that a text names: `ml.g5.48xlarge` is eight A10G."""
    if "xl" not in text and "." not in text and "_" not in text and "-" not in text:
        return []
    found: list[tuple[str, int | None, Span]] = []
    for match in _AWS.finditer(text):
        gpu_id, sizes = AWS[match[1]]
        size = "metal" if match[2] == "metal" else match[2].split("x", maxsplit=1)[0].strip() + "xlarge"
        if size in sizes:
            found.append(_of_several(text, gpu_id, sizes[size], match.span()))
    found.extend(
        _of_several(text, *OTHERS[match[1]], match.span()) for match in _OTHER.finditer(text) if match[1] in OTHERS
    )
    return found


def _of_several(text: str, gpu_id: str, each: int, span: Span) -> tuple[str, int | None, Span]:
    """`2x g5.12xlarge` and `g5.12xlarge x2` are two machines of four."""
    before, after = _BEFORE.search(text, max(0, span[0] - 12), span[0]), _AFTER.match(text, span[1])
    said = before[1] if before else after[1] if after else "1"
    number = NUMBER_WORDS.get(said) or int(said)
    start, end = (before.start() if before else span[0]), (after.end() if after and not before else span[1])
    return gpu_id, each * max(1, number), (start, end)
