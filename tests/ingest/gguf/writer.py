"""GGUF files as llama.cpp writes them: the architecture's keys, then the tokenizer, then the list of tensors.

Written from the specification (ggml, docs/gguf.md); held against the `gguf` package where that is installed.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any

U8, U16, U32, I32, F32, BOOL, STRING, ARRAY, U64 = 0, 2, 4, 5, 6, 7, 8, 9, 10
ALIGNMENT = 32
Tensors = dict[str, tuple[tuple[int, ...], int]]


def text(value: str) -> bytes:
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def value(content: Any) -> bytes:
    """A value with its type: bool, int (u32), float, str, or a list of one kind of these."""
    if isinstance(content, list):
        items = [value(item) for item in content]
        kind = items[0][:4] if items else struct.pack("<I", U32)
        return struct.pack("<I", ARRAY) + kind + struct.pack("<Q", len(items)) + b"".join(i[4:] for i in items)
    if isinstance(content, bool):
        return struct.pack("<IB", BOOL, content)
    if isinstance(content, int):
        return struct.pack("<II", U32, content)
    if isinstance(content, float):
        return struct.pack("<If", F32, content)
    return struct.pack("<I", STRING) + text(content)


@dataclass
class GgufFile:
    """A file to be: keys after `general.architecture`, without their prefix; the number of tokens; tensors."""

    architecture: str
    keys: dict[str, Any]
    tokens: int = 0
    tensors: Tensors = field(default_factory=dict)
    general: dict[str, Any] = field(default_factory=dict)
    version: int = 3

    def header(self) -> bytes:
        """All but the tensors' data, padded to where that begins."""
        pairs = [("general.architecture", value(self.architecture)), ("general.name", value("Test"))]
        pairs += [(f"{self.architecture}.{key}", value(content)) for key, content in self.keys.items()]
        pairs += [("tokenizer.ggml.model", value("gpt2"))]
        if self.tokens:
            pairs += [("tokenizer.ggml.tokens", value([f"token-{n}" for n in range(self.tokens)]))]
            pairs += [("tokenizer.ggml.token_type", value([1] * self.tokens))]
        pairs += [(key, value(content)) for key, content in self.general.items()]
        out = b"GGUF" + struct.pack("<IQQ", self.version, len(self.tensors), len(pairs))
        out += b"".join(text(key) + content for key, content in pairs)
        for name, (dimensions, kind) in self.tensors.items():
            shape = struct.pack(f"<I{len(dimensions)}Q", len(dimensions), *dimensions)
            out += text(name) + shape + struct.pack("<IQ", kind, 0)
        return out + bytes(-len(out) % ALIGNMENT)
