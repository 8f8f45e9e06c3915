"""Text models of transformers beside the families known by name: encoder-decoders, encoders, decoders of their own."""

from collections.abc import Mapping
from typing import Final

from ingest.families.anatomy import FamilyReader
from ingest.families.gated_latent import GATED_LATENT
from ingest.families.inkling import INKLING
from ingest.families.masked import MASKED
from ingest.families.reused import REUSED
from ingest.families.seq2seq import SEQ2SEQ
from ingest.families.stateful import STATEFUL
from ingest.families.variants import VARIANTS

TEXTS: Final[Mapping[str, FamilyReader]] = {
    **SEQ2SEQ,
    **MASKED,
    **VARIANTS,
    **REUSED,
    **STATEFUL,
    **GATED_LATENT,
    **INKLING,
}
