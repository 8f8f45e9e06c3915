"""Text models of transformers beside the families known by name: encoder-decoders, encoders, decoders of their own."""

from collections.abc import Mapping
from typing import Final

from ingest.families.anatomy import FamilyReader
from ingest.families.masked import MASKED
from ingest.families.seq2seq import SEQ2SEQ

TEXTS: Final[Mapping[str, FamilyReader]] = {**SEQ2SEQ, **MASKED}
