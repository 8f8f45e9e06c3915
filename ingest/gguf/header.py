"""The beginning of a GGUF file -> its keys and values, within bounds; read by range, so it may end anywhere.

    "GGUF"  version u32  tensors u64  keys u64  { key, type u32, value } ...  { tensor name, dims, type, offset } ...

llama.cpp writes the architecture's keys first and the tokenizer after them, megabytes of it. Reading stops at the
tokenizer's list of tokens, whose length is the vocabulary, so the first 256 KiB tell the shape. The tensors' list is
behind the tokenizer: it alone says whether the output head is a tensor of its own, and it is read where that matters.

Source: the specification in ggml, docs/gguf.md; sizes of blocks in ggml-common.h. Versions 2 and 3, little-endian.
"""

import json
import struct
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from ingest.config_reader import MAX_LAYERS
from ingest.errors import MalformedConfig

MAGIC: Final = b"GGUF"
VERSIONS: Final = frozenset({2, 3})
MAX_HEADER_BYTES: Final = 64 * 2**20
"""Headers of files with 262,144 tokens are under 16 MiB; what claims more is none."""
MAX_KEY_BYTES: Final = 65535
MAX_TEXT_BYTES: Final = 4096
"""Longer texts (chat templates, licences) size nothing and are passed over."""
MAX_DIMENSIONS: Final = 8
TOKENS: Final = "tokenizer.ggml.tokens"
OUTPUT_HEAD: Final = "output.weight"
_HINT: Final = "fetch the file again, or name the model that it was made from"

Value = int | bool | str | list[int]

_BOOL, _STRING, _ARRAY = 7, 8, 9
_NUMBERS: Final[Mapping[int, str]] = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 10: "Q", 11: "q", 12: "d"}
_WIDTHS: Final[Mapping[int, int]] = {_BOOL: 1, **{kind: struct.calcsize(code) for kind, code in _NUMBERS.items()}}
_FLOATS: Final = frozenset({6, 12})

BLOCKS: Final[Mapping[int, tuple[int, int]]] = {
    0: (1, 4),  # F32
    1: (1, 2),  # F16
    2: (32, 18),  # Q4_0
    3: (32, 20),  # Q4_1
    6: (32, 22),  # Q5_0
    7: (32, 24),  # Q5_1
    8: (32, 34),  # Q8_0
    9: (32, 40),  # Q8_1
    10: (256, 84),  # Q2_K
    11: (256, 110),  # Q3_K
    12: (256, 144),  # Q4_K
    13: (256, 176),  # Q5_K
    14: (256, 210),  # Q6_K
    15: (256, 292),  # Q8_K
    16: (256, 66),  # IQ2_XXS
    17: (256, 74),  # IQ2_XS
    18: (256, 98),  # IQ3_XXS
    19: (256, 50),  # IQ1_S
    20: (32, 18),  # IQ4_NL
    21: (256, 110),  # IQ3_S
    22: (256, 82),  # IQ2_S
    23: (256, 136),  # IQ4_XS
    24: (1, 1),  # I8
    25: (1, 2),  # I16
    26: (1, 4),  # I32
    27: (1, 8),  # I64
    28: (1, 8),  # F64
    29: (256, 56),  # IQ1_M
    30: (1, 2),  # BF16
    34: (256, 54),  # TQ1_0
    35: (256, 66),  # TQ2_0
    39: (32, 17),  # MXFP4
    40: (64, 36),  # NVFP4
}
"""Weights and bytes of one block of each tensor type."""


class HeaderCut(Exception):
    """The bytes end before the header does; at least `needed_bytes` of the file are wanted."""

    def __init__(self, needed_bytes: int) -> None:
        super().__init__(f"at least {needed_bytes} bytes are needed")
        self.needed_bytes = needed_bytes


@dataclass(frozen=True, slots=True)
class TensorTotals:
    """All tensors of one file together. `stored_bytes` is None where a type of them is not known."""

    count: int
    parameters: int
    stored_bytes: int | None
    has_output_head: bool


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """What a file says of itself. Texts that are long, floats and long lists are left out.

    `vocab_size` is the number of the tokenizer's tokens; `tensors` is None where reading stopped before their list.
    """

    values: Mapping[str, Value]
    vocab_size: int | None = None
    tensors: TensorTotals | None = None

    @property
    def architecture(self) -> str:
        """The architecture's name, as llama.cpp spells it; empty where the file states none."""
        named = self.values.get("general.architecture")
        return named if isinstance(named, str) else ""

    @property
    def tells_the_shape(self) -> bool:
        """Whether the keys that every language model has are there, the size of the vocabulary among them."""
        stated = {f"{self.architecture}.block_count", f"{self.architecture}.embedding_length"}
        has_vocabulary = self.vocab_size is not None or f"{self.architecture}.vocab_size" in self.values
        return stated <= self.values.keys() and has_vocabulary


def read_header(data: bytes, label: str, *, with_tensors: bool = False) -> GgufHeader:
    """The header that these first bytes of a file begin with; `with_tensors` reads on behind the tokenizer.

    Raises: HeaderCut where more bytes are needed, MalformedConfig naming the label for what is no GGUF header.
    """
    reader = _Reader(data, label)
    tensors, keys = reader.preamble()
    values: dict[str, Value] = {}
    vocab_size: int | None = None
    for _ in range(keys):
        key = reader.key()
        if key in values:
            raise reader.malformed(f"the key {key[:80]!r} stands there twice")
        kind = reader.u32()
        if key == TOKENS and kind == _ARRAY:
            vocab_size = reader.peek_length()
            header = GgufHeader(values, vocab_size)
            if not with_tensors and header.tells_the_shape:
                return header
        value = reader.value(kind)
        if value is not None:
            values[key] = value
    return GgufHeader(values, vocab_size, reader.tensor_totals(tensors) if with_tensors else None)


class _Reader:
    """A cursor over bytes. Lengths are a stranger's: each is held against the cap before it is believed."""

    __slots__ = ("_at", "_data", "_label")

    def __init__(self, data: bytes, label: str) -> None:
        self._data, self._label, self._at = data, label, 0

    def malformed(self, what: str) -> MalformedConfig:
        return MalformedConfig(f"{self._label}: no sane GGUF header: {what}", _HINT)

    def preamble(self) -> tuple[int, int]:
        """Number of tensors and of keys."""
        magic = bytes(self._data[:4])
        if magic != MAGIC[: len(magic)]:
            raise self.malformed("the file does not begin with GGUF")
        self._skip(4)
        version = self.u32()
        if version not in VERSIONS:
            raise self.malformed(f"version {version} is not read, only 2 and 3 (little-endian)")
        tensors, keys = self._length(24), self._length(13)
        return tensors, keys

    def _skip(self, count: int) -> int:
        """Where the next so many bytes begin; the cursor moves behind them."""
        begin, end = self._at, self._at + count
        if end > MAX_HEADER_BYTES:
            raise self.malformed(f"it claims more than {MAX_HEADER_BYTES // 2**20} MiB")
        if end > len(self._data):
            raise HeaderCut(end)
        self._at = end
        return begin

    def _unpack(self, code: str) -> Any:
        (value,) = struct.unpack_from(f"<{code}", self._data, self._skip(struct.calcsize(code)))
        return value

    def u32(self) -> int:
        return int(self._unpack("I"))

    def u64(self) -> int:
        return int(self._unpack("Q"))

    def _length(self, least_bytes: int) -> int:
        """A count of things of at least so many bytes each, which must have room in a header."""
        count = self.u64()
        if count * least_bytes > MAX_HEADER_BYTES:
            raise self.malformed(f"it claims {count} entries")
        return count

    def peek_length(self) -> int:
        """The number of entries of the array that comes next; the cursor stays."""
        here = self._at
        self.u32()
        count = self._length(1)
        self._at = here
        return count

    def key(self) -> str:
        text = self._text(MAX_KEY_BYTES)
        if text is None:
            raise self.malformed(f"a key of more than {MAX_KEY_BYTES} bytes")
        return text

    def _text(self, at_most: int) -> str | None:
        """A text, or None where it is longer than is kept."""
        length = self._length(1)
        begin = self._skip(length)
        return self._data[begin : begin + length].decode("utf-8", "replace") if length <= at_most else None

    def value(self, kind: int) -> Value | None:
        """The value of that type; None for what is not kept."""
        if kind == _STRING:
            return self._text(MAX_TEXT_BYTES)
        if kind == _ARRAY:
            return self._array()
        if kind == _BOOL:
            return bool(self._unpack("B"))
        if kind not in _NUMBERS:
            raise self.malformed(f"a value of the unknown type {kind}")
        number = self._unpack(_NUMBERS[kind])
        return None if kind in _FLOATS else int(number)

    def _array(self) -> list[int] | None:
        kind = self.u32()
        count = self._length(1)
        if kind == _STRING:
            for _ in range(count):
                self._skip(self._length(1))
            return None
        if kind not in _WIDTHS:
            raise self.malformed(f"an array of the type {kind}")  # of arrays, too: no writer makes them
        begin = self._skip(count * _WIDTHS[kind])
        if kind in _FLOATS or count > MAX_LAYERS:
            return None
        code = "B" if kind == _BOOL else _NUMBERS[kind]
        return [int(number) for number in struct.unpack_from(f"<{count}{code}", self._data, begin)]

    def tensor_totals(self, count: int) -> TensorTotals:
        """The list of tensors, added up."""
        parameters, stored_bytes, has_head, is_known = 0, 0, False, True
        for _ in range(count):
            name, weights, kind = self._tensor()
            has_head = has_head or name == OUTPUT_HEAD
            parameters += weights
            is_known = is_known and kind in BLOCKS
            width, size_bytes = BLOCKS.get(kind, (1, 0))
            stored_bytes += -(-weights // width) * size_bytes
        return TensorTotals(count, parameters, stored_bytes if is_known else None, has_head)

    def _tensor(self) -> tuple[str, int, int]:
        name = self.key()
        dimensions = self.u32()
        if not 0 < dimensions <= MAX_DIMENSIONS:
            raise self.malformed(f"the tensor {name[:80]!r} has {dimensions} dimensions")
        weights = 1
        for _ in range(dimensions):
            weights *= self.u64()
        if weights >= 2**53:
            raise self.malformed(f"the tensor {name[:80]!r} has more weights than any model")
        kind = self.u32()
        self.u64()
        return name, weights, kind


# -- kept by the cache ----------------------------------------------------------------------------------------------


def dump_header(header: GgufHeader) -> bytes:
    """The header as JSON for the cache: a few KB, where the bytes it came from were up to megabytes."""
    return json.dumps(asdict(header), separators=(",", ":")).encode()


def load_header(data: bytes) -> GgufHeader:
    """The header that `dump_header` wrote; ValueError, TypeError or KeyError for anything else."""
    stored = json.loads(data)
    tensors = stored["tensors"]
    return GgufHeader(stored["values"], stored["vocab_size"], None if tensors is None else TensorTotals(**tensors))
