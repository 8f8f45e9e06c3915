"""Which layers of a model see a window, and how wide: the many ways in which configs say so.

Traps, with their witnesses: `sliding_window` beside `use_sliding_window: false` does nothing (Qwen2.5); it covers
every layer in Mistral-7B-v0.1; gemma-2 alternates and Llama-4 chunks three of four layers without a word of it in
the file; gemma-3 states a `sliding_window_pattern` of 6, EXAONE-4 the string "LLLG", newer files `layer_types`.
"""

from collections.abc import Callable, Sequence
from typing import Final

from ingest.config_reader import MAX_LAYERS, ConfigReader

WindowReader = Callable[[ConfigReader, int], Sequence[int | None]]
"""The window of each layer in tokens, None for the whole context."""

SLIDING: Final = frozenset({"sliding_attention", "local_attention", "sliding", "local", "sliding_window"})
CHUNKED: Final = frozenset({"chunked_attention"})
FULL: Final = frozenset(
    {"full_attention", "global_attention", "attention", "full", "global", "indexed_attention", "hybrid"}
)


def full_context(config: ConfigReader, layers: int) -> Sequence[int | None]:
    """Every layer sees the whole context; a config that says otherwise is not understood."""
    odd = next((kind for kind in config.text_list("layer_types") or () if kind not in FULL), None)
    if odd is not None:
        raise config.unsupported("layer_types", odd, "this family is known without such layers")
    return (None,) * layers


def one_window(config: ConfigReader, layers: int) -> Sequence[int | None]:
    """Every layer sees `sliding_window`, where it is stated (Mistral-7B-v0.1, Phi-3)."""
    if config.text_list("layer_types"):
        return by_layer_types(config, layers)
    return (config.optional_int("sliding_window") or None,) * layers


def one_binding_window(config: ConfigReader, layers: int) -> Sequence[int | None]:
    """As `one_window`, where the window is shorter than the longest context (Phi-3.5-MoE states both as 131072)."""
    longest = config.optional_int("max_position_embeddings")
    windows = one_window(config, layers)
    return tuple(None if longest and window and window >= longest else window for window in windows)


def window_when_used(config: ConfigReader, layers: int) -> Sequence[int | None]:
    """Layers from `max_window_layers` on see the window, and only with `use_sliding_window` (Qwen2, Qwen3)."""
    if not config.boolean("use_sliding_window", default=False):
        return (None,) * layers
    if config.text_list("layer_types"):
        return by_layer_types(config, layers)
    window = config.optional_int("sliding_window") or None
    first = config.count("max_window_layers", default=0)
    return tuple(window if layer >= first else None for layer in range(layers))


def by_layer_types(config: ConfigReader, layers: int) -> Sequence[int | None]:
    """As `layer_types` says, one entry a layer."""
    return tuple(window_of(config, kind) for kind in layer_types(config, layers))


def layer_types(config: ConfigReader, layers: int) -> list[str]:
    """The stated `layer_types`, at least one for each layer."""
    kinds = config.text_list("layer_types")
    if kinds is None:
        raise config.missing("layer_types")
    if len(kinds) < layers:
        raise config.malformed("layer_types", f"{len(kinds)} entries", f"one for each of {layers} layers")
    return kinds[:layers]


def window_of(config: ConfigReader, kind: str) -> int | None:
    """The window of a layer of that kind."""
    if kind in FULL:
        return None
    if kind in SLIDING:
        return config.positive_int("sliding_window")
    if kind in CHUNKED:
        return config.positive_int("attention_chunk_size")
    raise config.unsupported("layer_types", kind, "no such kind of layer is known")


def patterned(period: int, *keys: str) -> WindowReader:
    """As `layer_types` says; else every `period`-th layer sees all, the period stated by the file or by the class.

    A period may be spelled as a string such as "LLLG": three local layers, then a global one.
    """

    def windows(config: ConfigReader, layers: int) -> Sequence[int | None]:
        if config.text_list("layer_types"):
            return by_layer_types(config, layers)
        window = config.optional_int("sliding_window") or None
        if window is None:
            return (None,) * layers
        pattern = read_pattern(config, period, keys)
        return tuple(window if pattern[layer % len(pattern)] else None for layer in range(layers))

    return windows


def read_pattern(config: ConfigReader, period: int, keys: Sequence[str]) -> Sequence[bool]:
    """Whether each layer of one period slides."""
    stated = config.raw(*keys)[1] if keys else None
    if isinstance(stated, str):
        if not 0 < len(stated) <= MAX_LAYERS or set(stated) - set("LG"):
            raise config.malformed(keys[0], stated, "a pattern of L and G")
        return tuple(letter == "L" for letter in stated)
    every = config.positive_int(*keys, default=period, at_most=MAX_LAYERS) if keys else period
    return tuple(layer + 1 != every for layer in range(every))
