"""Rarer towers as whole models carry them, with their projectors to the language model's width."""

from estimator.model_spec import Headline
from ingest.config_reader import ConfigReader
from ingest.families import more_towers, towers
from ingest.families.more_languages import image_experts
from ingest.families.projectors import any_encoder, llava_vision
from ingest.families.towers import linear, norm


def video_llava_vision(config: ConfigReader, language: Headline) -> int:
    """LLaVA's tower twice: one for images, one for video."""
    return llava_vision(config, language) + any_encoder(config.section("vision_config"))


def janus_vision(config: ConfigReader, language: Headline) -> int:  # noqa: ARG001  # same question to each
    """A tower to see with, a quantizer to draw with, an aligner for each, and a head over the quantizer's codes."""
    vision, drawing = config.section("vision_config"), config.section("vq_config")
    seen = more_towers.janus(vision) + _aligner(vision, vision.positive_int("hidden_size"), "depth")
    codes, code = drawing.positive_int("num_embeddings"), drawing.positive_int("embed_dim")
    out = drawing.positive_int("projection_dim")
    drawn = more_towers.vector_quantizer(drawing) + codes * code + _aligner(drawing, code, "num_hidden_layers")
    head = linear(drawing.positive_int("image_token_embed_dim"), out) + linear(out, codes)
    return seen + drawn + head


def _aligner(config: ConfigReader, width: int, depth: str) -> int:
    out = config.positive_int("projection_dim")
    return linear(width, out) + (config.layer_count(depth) - 1) * linear(out, out)


def deepseek_vl_hybrid_vision(config: ConfigReader, language: Headline) -> int:
    """SigLIP beside SAM with a second neck and two halvings; each gives half the language model's width."""
    vision, fine = config.section("vision_config"), config.section("high_res_vision_config")
    channels, out = fine.positive_int("output_channels"), language.hidden_size
    tall = more_towers.sam(fine) + more_towers.sam_neck(fine)
    tall += more_towers.halvings(channels, 2 * channels, 4 * channels) + 1
    aligner = linear(vision.positive_int("hidden_size"), out // 2) + linear(4 * channels, out // 2) + linear(out, out)
    return any_encoder(vision) + tall + aligner


def granite_docling_vision(config: ConfigReader, language: Headline) -> int:  # noqa: ARG001  # same question to each
    """Granite Docling's tower, whose connector is its own; a router between the routes where the config has one."""
    vision = config.section("vision_config")
    width, inner = vision.positive_int("hidden_size"), config.optional_int("density_router_hidden_size")
    router = linear(width, 1) + norm(width) + linear(width, inner) + linear(inner, 1) if inner else 0
    return more_towers.granite_docling(vision) + router


def idefics2_vision(config: ConfigReader, language: Headline) -> int:
    """SigLIP, a gated network to the language model's width, and latents that attend to what it gives."""
    vision, perceiver = config.section("vision_config"), config.section("perceiver_config")
    out, inner = language.hidden_size, language.intermediate_size
    if inner is None:
        raise config.missing("intermediate_size")
    width, heads = out, perceiver.positive_int("resampler_n_heads")  # the perceiver's own hidden_size is overruled
    head_dim = perceiver.positive_int("resampler_head_dim")
    keys = perceiver.positive_int("num_key_value_heads", default=heads) * head_dim
    layer = 2 * width * heads * head_dim + 2 * width * keys + 3 * width * 4 * width + 3 * width
    latents = perceiver.positive_int("resampler_n_latents") * width
    resampler = latents + perceiver.layer_count("resampler_depth") * layer + width
    return towers.siglip(vision) + 2 * vision.positive_int("hidden_size") * inner + inner * out + resampler


def ovis2_vision(config: ConfigReader, language: Headline) -> int:  # noqa: ARG001  # same question to each
    """A tower that names visual words, and the table of them."""
    vision = config.section("vision_config")
    words = vision.positive_int("vocab_size") * config.positive_int("hidden_size")
    return more_towers.ovis2(vision) + words


def lfm3_vision(config: ConfigReader, language: Headline) -> int:
    """LFM3's tower, a norm and two layers over merged patches."""
    vision = config.section("vision_config")
    width, merge = vision.positive_int("hidden_size"), vision.positive_int("spatial_merge_size")
    inner, bias = config.positive_int("projector_hidden_size"), config.boolean("projector_bias", default=True)
    projector = linear(width * merge * merge, inner, bias=bias) + linear(inner, language.hidden_size, bias=bias)
    return more_towers.lfm3(vision) + norm(width) + projector


def cosmos_edge_vision(config: ConfigReader, language: Headline) -> int:
    """SigLIP 2, a norm and two layers over merged patches."""
    vision, inner = config.section("vision_config"), config.positive_int("projector_hidden_size")
    width, merge = vision.positive_int("hidden_size"), vision.positive_int("spatial_merge_size")
    projector = norm(width) + linear(width * merge * merge, inner) + linear(inner, language.hidden_size)
    return more_towers.cosmos_edge(vision) + projector


def got_ocr_vision(config: ConfigReader, language: Headline) -> int:
    """SAM, two halvings, the second to the language model's width, and one layer."""
    vision, out = config.section("vision_config"), language.hidden_size
    channels = vision.positive_int("output_channels")
    return more_towers.sam(vision) + more_towers.halvings(channels, 2 * channels, out) + linear(out, out)


def molmo2_vision(config: ConfigReader, language: Headline) -> int:  # noqa: ARG001  # same question to each
    """As many blocks as are read, attention over several layers' features, a gated network.

    Files of the first release (`vit_config`) state more blocks than their weights hold: those up to the last that
    is read are there.
    """
    adapter = config.section("adapter_config")
    vision = config.section("vision_config", "vit_config").as_type("molmo2_vision")
    width, heads = adapter.positive_int("hidden_size"), adapter.positive_int("num_attention_heads")
    head_dim = adapter.positive_int("head_dim", default=width // heads or None)
    keys = adapter.positive_int("num_key_value_heads", default=heads) * head_dim
    layers, stated = adapter.optional_list("vit_layers", "vision_feature_layer"), vision.layer_count()
    layers = [24, 18] if layers is None else layers
    if not layers or not all(isinstance(layer, int) and -stated <= layer < stated for layer in layers):
        raise adapter.malformed("vision_feature_layer", layers, f"layers of the {stated} in the tower")
    depth = stated if config.states("vision_config") else max(layer % stated for layer in layers) + 1
    seen = width * len(layers)
    bias, mlp_bias = adapter.boolean("attention_bias", default=True), adapter.boolean("mlp_bias", default=False)
    pooling = linear(seen, heads * head_dim, bias=bias) + 2 * linear(seen, keys, bias=bias)
    pooling += linear(heads * head_dim, width, bias=bias)
    inner = adapter.positive_int("intermediate_size")
    network = 2 * linear(width, inner, bias=mlp_bias) + inner * adapter.positive_int("text_hidden_size")
    return more_towers.molmo2(vision, depth) + pooling + network


def muse_vision(config: ConfigReader, language: Headline) -> int:
    """Muse's tower and three matrices."""
    wide, inner = config.positive_int("out_hidden_size"), config.positive_int("projector_hidden_size")
    projector = wide * inner + inner * inner + inner * language.hidden_size
    return more_towers.muse(config.section("vision_config")) + projector


def muse_audio(config: ConfigReader, language: Headline) -> int:  # noqa: ARG001  # same question to each
    """Muse's audio tower, where the model has one."""
    audio = config.optional_section("audio_config")
    return 0 if audio is None else more_towers.muse_audio(audio)


def nemotron_omni_vision(config: ConfigReader, language: Headline) -> int:
    """RADIO, a norm and two matrices over unshuffled pixels; one more norm beside multi-token prediction."""
    inner = config.positive_int("projector_hidden_size")
    width = config.positive_int("vision_hidden_size", "vit_hidden_size")
    shrink = config.number("downsample_ratio", default=0.5)
    if not 0 < shrink <= 1:
        raise config.malformed("downsample_ratio", shrink, "a share of a side")
    wide = width * int(1 / shrink) ** 2
    predicts = config.section("text_config", "llm_config").count("num_nextn_predict_layers", default=0) > 0
    tower = more_towers.radio(config.section("vision_config")) + (norm(width) if predicts else 0)
    return tower + wide + wide * inner + inner * language.hidden_size


def no_sound(config: ConfigReader, language: Headline) -> int:  # noqa: ARG001  # same question to each
    """No parameters; an error where the model hears, whose tower is not known."""
    for key in ("audio_config", "sound_config"):
        if config.states(key):
            raise config.unsupported(key, "", "its audio tower is not known")
    return 0


def ernie_vision(config: ConfigReader, language: Headline) -> int:
    """ERNIE-4.5-VL's tower, a resampler over merged patches and frames, and the experts that only image tokens use."""
    vision = config.section("vision_config")
    merge, frames = vision.positive_int("spatial_merge_size"), vision.positive_int("temporal_merge_size")
    wide = vision.positive_int("hidden_size") * merge * merge
    spatial = 2 * linear(wide, wide) + norm(wide)
    temporal = linear(wide * frames, wide) + linear(wide, wide) + norm(wide)
    resampler = spatial + temporal + linear(wide, language.hidden_size) + language.hidden_size
    return more_towers.ernie(vision) + resampler + image_experts(config.section("text_config"))


def unlimited_ocr_vision(config: ConfigReader, language: Headline) -> int:
    """SAM with halvings into CLIP without patches of its own; one layer over both; two separators."""
    vision = config.section("vision_config")
    fine, coarse = vision.section("sam_config"), vision.section("encoder_config")
    steps = fine.int_list("downsample_channels") or []
    channels = [fine.positive_int("output_channels"), *steps]
    width, inner, out = (
        coarse.positive_int("hidden_size"),
        coarse.positive_int("intermediate_size"),
        language.hidden_size,
    )
    clip = width + (towers.grid(coarse) + 1) * width + towers.blocks(coarse.layer_count(), width, inner) + norm(width)
    return more_towers.sam(fine) + more_towers.halvings(*channels) + clip + linear(channels[-1] + width, out) + 2 * out


def inkling_vision(config: ConfigReader, language: Headline) -> int:
    """Inkling's folding tower, whose last matrix is as wide as the language model."""
    return more_towers.folded(config.section("vision_config"), language.hidden_size)


def inkling_audio(config: ConfigReader, language: Headline) -> int:
    """A table of words for each mel bin, and a norm, where the model hears."""
    audio = config.optional_section("audio_config")
    if audio is None:
        return 0
    words = audio.positive_int("n_mel_bins", "num_codebooks") * audio.positive_int("mel_vocab_size", "codebook_size")
    return (words + 1) * language.hidden_size
