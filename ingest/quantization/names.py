r"""Module names in quantization configs, read as parts of a model: `model.layers.3.self_attn*`, `re:.*experts.*`.

Publishers list what a format leaves out (or takes in) by names of their own checkpoint, with wildcards, regular
expressions, or a bare last word. No stranger's expression is ever compiled: the few forms in use (`.*`, `\.`,
`(a|b)`, `[0-9]+`, `\d+`) are expanded to plain names, and what remains is reported as not understood.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from estimator.model_spec import Part

Leaf = tuple[Part, str | None]
"""A part, and one of its matrices or None for all of them."""

ALL_LAYERS: Final = None
_MAX_EXPANSIONS: Final = 512
_MAX_PATTERN: Final = 400
_LAYER_PARTS: Final[tuple[Part, ...]] = ("attention", "recurrent", "dense", "shared", "router", "experts")
_WHOLE_LAYER: Final[tuple[Leaf, ...]] = tuple((part, None) for part in _LAYER_PARTS)

_VISION: Final = ("vision", "visual", "vit", "image", "mm_projector", "multi_modal_projector", "merger", "patch_embed")
_AUDIO: Final = ("audio", "speech", "embed_audio", "sound")
_MTP: Final = ("mtp", "eh_proj", "enorm", "hnorm", "shared_head", "nextn")
_HEAD: Final = frozenset({"lm_head", "head", "embed_out", "output_layer"})
_EMBEDDING: Final = frozenset(
    {"embed_tokens", "wte", "embeddings", "embedding", "tok_embeddings", "word_embeddings", "embed_tokens_per_layer"}
)
_ATTENTION: Final = frozenset({"self_attn", "attn", "attention", "self_attention", "cross_attn", "encoder_attn"})
_RECURRENT: Final = frozenset({"linear_attn", "mamba", "ssm", "conv", "short_conv", "recurrent", "rglru", "time_mix"})
_FEED_FORWARD: Final = frozenset({"mlp", "feed_forward", "ffn", "block_sparse_moe", "moe", "feedforward"})
_ROUTER: Final = frozenset({"gate", "router", "wg", "shared_expert_gate", "gate_inp", "routers"})
_LAYER_WORDS: Final = frozenset({"layers", "layer", "blocks", "h"})

ATTENTION_LEAVES: Final[Mapping[str, tuple[str, ...]]] = {
    "q_proj": ("q_proj",),
    "k_proj": ("k_proj",),
    "v_proj": ("v_proj",),
    "o_proj": ("o_proj",),
    "wq": ("q_proj",),
    "wk": ("k_proj",),
    "wv": ("v_proj",),
    "wo": ("o_proj",),
    "out_proj": ("o_proj",),
    "qkv_proj": ("q_proj", "k_proj", "v_proj"),
    "query_key_value": ("q_proj", "k_proj", "v_proj"),
    "c_attn": ("q_proj", "k_proj", "v_proj"),
    "wqkv": ("q_proj", "k_proj", "v_proj"),
    "q_a_proj": ("q_a_proj",),
    "q_b_proj": ("q_b_proj",),
    "kv_a_proj_with_mqa": ("kv_a_proj",),
    "kv_b_proj": ("kv_b_proj",),
    "fused_qkv_a_proj": ("q_a_proj", "kv_a_proj"),
    "indexer": ("indexer",),
}
"""Checkpoint names of the attention matrices, and the ones they stand for."""

RECURRENT_LEAVES: Final = frozenset(
    {"in_proj", "out_proj", "in_proj_qkv", "in_proj_qkvz", "in_proj_z", "in_proj_b", "in_proj_a", "in_proj_ba"}
)
FEED_FORWARD_LEAVES: Final[Mapping[str, tuple[str, ...]]] = {
    "gate_proj": ("gate",),
    "up_proj": ("up",),
    "down_proj": ("down",),
    "gate_up_proj": ("gate", "up"),
    "w1": ("gate",),
    "w3": ("up",),
    "w2": ("down",),
    "fc1": ("up",),
    "fc2": ("down",),
    "c_fc": ("up",),
    "dense_h_to_4h": ("up",),
    "dense_4h_to_h": ("down",),
}
_NOT_MATRICES: Final = ("norm", "bias", "conv1d", "rotary_emb", "a_log", "dt_proj", "scale", "_ln", "layernorm")


@dataclass(slots=True)
class Coverage:
    """Which layers of which matrices a list of names covers; layers of None are all of them."""

    layers: dict[Leaf, set[int] | None] = field(default_factory=dict)
    not_understood: list[str] = field(default_factory=list)

    def add(self, leaf: Leaf, layers: set[int] | None) -> None:
        """Cover a matrix on those layers too."""
        known = self.layers.get(leaf, set())
        self.layers[leaf] = None if known is None or layers is None else known | layers


def cover(patterns: Iterable[str], num_layers: int, *, experts_beside_mlp: bool = False) -> Coverage:
    """What the names cover in a model of `num_layers` layers; higher numbers are multi-token prediction.

    `experts_beside_mlp`: `layers.3.mlp*` is the dense network beside the experts and not their parent (Gemma 4).
    """
    coverage = Coverage()
    meanings: dict[tuple[str, ...], tuple[Leaf, ...] | None] = {}
    for pattern in patterns:
        names = _plain_names(pattern)
        for name in names or ():
            layers, words = _split(name, num_layers)
            if words not in meanings:
                meanings[words] = _beside(words) if experts_beside_mlp else None
                meanings[words] = meanings[words] or _meaning(words)
            _record(coverage, pattern, meanings[words], layers, num_layers)
        if names is None:
            coverage.not_understood.append(pattern)
    return coverage


def _record(
    coverage: Coverage, pattern: str, leaves: tuple[Leaf, ...] | None, layers: set[int] | None, num_layers: int
) -> None:
    if leaves is None:
        coverage.not_understood.append(pattern)
        return
    if layers is not None and layers and min(layers) >= num_layers:
        if leaves == _WHOLE_LAYER:
            coverage.add(("mtp", None), None)
        return
    for leaf in leaves:
        coverage.add(leaf, layers)


def _split(name: str, num_layers: int) -> tuple[set[int] | None, tuple[str, ...]]:
    """The layers that a plain name speaks of, and its words: those after the layer number, or all without one."""
    segments = name.split(".")
    for position, segment in enumerate(segments[:-1]):
        number = segments[position + 1]
        if segment.strip("*") in _LAYER_WORDS and number.rstrip("*").isdigit() and len(number) < 8:
            if _is_beside_the_layers(segments[:position]):
                return None, _words(segments[:position])
            return _layers(number, num_layers), _words(segments[position + 2 :])
    return None, _words(segments)


def _layers(number: str, num_layers: int) -> set[int]:
    """Layers of a number, or of all numbers that start so (`layers.7*` is 7 and 70 to 79)."""
    digits = number.rstrip("*")
    if digits == number:
        return {int(digits)}
    return {layer for layer in range(num_layers) if str(layer).startswith(digits)} or {int(digits)}


def _words(segments: Iterable[str]) -> tuple[str, ...]:
    parts = (part for segment in segments for part in segment.split("*"))
    return tuple(part.lower() for part in parts if part and part not in {"model", "language_model", "backbone"})


def _is_beside_the_layers(words: Iterable[str]) -> bool:
    """Whether layers under those words are a tower's, or of multi-token prediction."""
    return any(word.lower().startswith((*_VISION, *_AUDIO, *_MTP)) for word in words)


def _meaning(words: tuple[str, ...]) -> tuple[Leaf, ...] | None:
    """The matrices those words name; empty for what is no matrix, None when not understood."""
    inner = tuple(word for word in words if word not in _LAYER_WORDS and not word.isdigit())
    if not inner:
        return _WHOLE_LAYER
    outer = _outside_layers(inner)
    if outer is not None:
        return outer
    if inner[-1].endswith(_NOT_MATRICES) or any("norm" in word for word in inner):
        return ()
    return _inside_layer(inner)


def _beside(words: tuple[str, ...]) -> tuple[Leaf, ...] | None:
    """The dense network of a layer whose experts do not lie under `mlp`."""
    return (("dense", None), ("shared", None)) if words[-1:] == ("mlp",) else None


def _outside_layers(words: tuple[str, ...]) -> tuple[Leaf, ...] | None:
    if any(word.startswith((*_VISION, "embed_vision")) for word in words):
        return (("vision", None),)
    if any(word.startswith(_AUDIO) for word in words):
        return (("audio", None),)
    if any(word.startswith(_MTP) for word in words):
        return (("mtp", None),)
    if words[-1] in _HEAD:
        return (("output_head", None),)
    if words[-1] in _EMBEDDING:
        return (("embedding", None),)
    return None


def _inside_layer(words: tuple[str, ...]) -> tuple[Leaf, ...] | None:
    last = words[-1]
    if any(word.startswith(("shared_expert", "shared_mlp")) and word not in _ROUTER for word in words):
        return _feed_forward(("shared",), last)
    if any(word.startswith("expert") for word in words):
        return _feed_forward(("experts",), last)
    if last in _ROUTER:
        return (("router", None),)
    if any(word.startswith("indexer") for word in words):
        return (("attention", "indexer"),) if "indexer" in words else ()
    if _ATTENTION.intersection(words):
        return _leaves("attention", last) if last not in _ATTENTION else (("attention", None),)
    if _RECURRENT.intersection(words):
        return (("recurrent", None if last in _RECURRENT else last),)
    if _FEED_FORWARD.intersection(words):
        whole: tuple[Part, ...] = ("dense", "shared", "experts", "router")
        return tuple((part, None) for part in whole) if last in _FEED_FORWARD else _feed_forward(("dense",), last)
    return _last_word(last)


def _last_word(last: str) -> tuple[Leaf, ...] | None:
    """A matrix named without its parent: `in_proj_b`, `mixer.q_proj`."""
    if last == "mixer":
        return _WHOLE_LAYER
    if last in RECURRENT_LEAVES:
        return (("recurrent", last),)
    if last in ATTENTION_LEAVES:
        return _leaves("attention", last)
    if last in FEED_FORWARD_LEAVES:
        return _feed_forward(("dense", "shared", "experts"), last)
    return None


def _leaves(part: Part, last: str) -> tuple[Leaf, ...] | None:
    names = ATTENTION_LEAVES.get(last)
    return None if names is None else tuple((part, name) for name in names)


def _feed_forward(parts: tuple[Part, ...], last: str) -> tuple[Leaf, ...]:
    """All matrices of the parts, or the one that the last word names."""
    return tuple((part, leaf) for part in parts for leaf in FEED_FORWARD_LEAVES.get(last, (None,)))


def _plain_names(pattern: str) -> tuple[str, ...] | None:
    if len(pattern) > _MAX_PATTERN:
        return None
    for mark in ("re:", "-:", "+:"):
        if pattern.startswith(mark):
            return _expand(pattern[len(mark) :])
    return (pattern,)


def _expand(expression: str) -> tuple[str, ...] | None:
    """Plain names and wildcards of a simple regular expression, None where it is not simple."""
    simple = expression.strip("^$")
    for form in ("\\d+", "\\d*", "[0-9]+", "[0-9]*", "\\d", ".*?", ".*", ".+", "[^.]*", "[^.]+"):
        simple = simple.replace(form, "*")
    simple = simple.replace("\\.", ".").replace("\\_", "_").replace("(?:", "(")
    names = [""]
    while simple:
        choices, simple = _next_choices(simple)
        names = [name + choice for name in names for choice in choices]
        if not choices or len(names) > _MAX_EXPANSIONS:
            return None
    return tuple(names)


def _next_choices(text: str) -> tuple[tuple[str, ...], str]:
    """The alternatives at the head of an expression, and what follows; no alternatives means not understood."""
    if text[0] == "(":
        group, closed, rest = text[1:].partition(")")
        optional = rest.startswith("?")
        bad = not closed or any(mark in group for mark in "([{\\+?^$")
        return ((), "") if bad else ((*group.split("|"), *(("",) if optional else ())), rest[optional:])
    if text[0] == "[":
        digits, closed, rest = text[1:].partition("]")
        low, dash, high = digits.partition("-")
        if closed and dash and low.isdigit() and high.isdigit() and len(low) == len(high) == 1:
            return tuple(str(n) for n in range(int(low), int(high) + 1)), rest
        return (tuple(digits), rest) if closed and digits.isdigit() else ((), "")
    if text[0] in "\\{}+?^$|)":
        return (), ""
    end = next((i for i, mark in enumerate(text) if mark in "([\\{}+?^$|)"), len(text))
    return (text[:end],), text[end:]
