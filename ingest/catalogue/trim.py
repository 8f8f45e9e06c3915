"""What of a config.json the catalogue keeps: the keys that say what a model is and how it is stored.

Dropped is what cannot change a shape, a cache or a byte: token ids, sampling, dropout, initialisation, epsilons, rope
angles, remote-code maps, labels. Long lists of module names are cut to what the weight plan needs, and the result is
read again to prove that nothing changed.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

_DROPPED: Final = frozenset(
    """
    _attn_implementation _attn_implementation_autoset _commit_hash _from_model_config _name_or_path activation
    activation_func activation_function activation_situ_beta activation_situ_linear_beta alpha attn_impl
    attn_implementation audio_end_token_id auto_map aux_loss_alpha bad_words_ids batch_vision_input beta_fast beta_slow
    bigvgan_config block_init block_mlp_init_scale block_out_init_scale box_end_token_id cache_implementation
    candidate_resolutions causal chunk_size_feed_forward cls coord_token_id corpus_normalize ddpm_batch_mul
    ddpm_beta_schedule ddpm_num_inference_steps ddpm_num_steps default_output_length diversity_penalty do_sample
    early_stopping emb_init_std emb_init_uniform_lim encoder_no_repeat_ngram_size ep_size
    exponential_decay_length_penalty finetuning_task for_llm_compressor forced_decoder_ids freeze_mm_mlp_adapter
    freeze_mm_vision_resampler gradient_checkpointing gradient_clipping group_limited_greedy id2label ignore_index
    image_placeholder inference_runner init_config init_device init_div_is_residual init_gain init_method
    init_nonlinearity init_std initializer_factor initializer_range interpolate_mode is_decoder label2id
    layer_scale_init_value length_penalty logit_scale logits_scaling long_factor long_mscale max_length
    max_tokenizer_truncation min_length mm_projector_lr moe_loss_weight mrope_section name
    no_repeat_ngram_size norm_topk_prob num_beam_groups num_beams num_logits_to_keep num_return_sequences onnx_safe
    output_attentions output_hidden_states output_past output_router_logits output_scores pad_key_length
    pad_sequence_to_multiple_of_64 pre_allocate_kv_cache prefix prefix_lm pretraining_tp problem_type pruned_heads
    ps_version remove_invalid_values repetition_penalty rescale_prenorm_residual residual_in_fp32 resume_path
    return_dict return_dict_in_generate rope_embedding_base rope_interleave rope_local_base_freq rope_position_scale
    rope_ratio rope_theta rotary_emb_base routed_scaling_factor router_aux_loss_coef scale_emb scale_depth scoring_func
    seq_aux short_factor short_mscale slice_config softmax_scale suppress_tokens talker_config task_specific_params
    temperature template text-generation tf_legacy_loss time_step_floor time_step_limit time_step_max time_step_min
    token2wav_config tokenizer_class tokenizer_model_max_length tokenizer_name tokenizer_padding_side tokenizer_type
    top_p topk_method torchscript transformers_version truncate tune_language_model tune_mm_mlp_adapter
    tune_mm_projector tune_mm_vision_resampler tune_vision_tower typical_p unfreeze_mm_vision_tower use_bfloat16
    use_cache use_dynamic_ntk use_flash_attn use_mamba_kernels validate_runner_input verbose weight_init_value
    xdrope_section z_loss_weight num_sink_tokens sparsify unshifted_sink use_prefill_window_in_sink_attention
    """.split()  # noqa: SIM905  # two hundred names read better as words
)
_DROPPED_ENDS: Final = (
    "_token_id",
    "_token_ids",
    "_token_index",
    "_eps",
    "_epsilon",
    "_pdrop",
    "_dropout",
    "_dropout_prob",
    "_dropout_rate",
    "_dropout_p",
    "_start_id",
    "_end_id",
    "dropout",
    "_multiplier",
    "_jitter_noise",
    "_layerdrop",
    "_vae_dim",
    "_tokenizer_config",
)
_CLASSIFIER: Final = "ForSequenceClassification"
_LABELS: Final = "id2label"
_ROPE_KEPT: Final = frozenset({"type", "rope_type", "factor", "original_max_position_embeddings"})
_ROPE: Final = frozenset({"rope_scaling", "rope_parameters"})
_QUANT: Final = frozenset({"quantization_config", "compression_config"})
_QUANT_KEPT: Final = frozenset(
    {
        "quant_method",
        "quant_algo",
        "fmt",
        "format",
        "activation_scheme",
        "weight_block_size",
        "bits",
        "group_size",
        "zero_point",
        "sym",
        "kv_cache_quant_algo",
        "quantization",
    }
)
_LAYER: Final = re.compile(r"^(.*?\blayers\.)(\d+)(.*)$")

Reading = Callable[[dict[str, Any]], object]
"""Reads a trimmed object as the product would; equal results mean that nothing was lost."""


def trim_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """The config without its noise, sections included; quantization sections are left whole."""
    kept: dict[str, Any] = {}
    has_classes = any(str(name).endswith(_CLASSIFIER) for name in config.get("architectures") or ())
    for key in sorted(config):
        value = config[key]
        if has_classes and key == _LABELS:
            kept[key] = value  # as many rows in the classifier
            continue
        if key in _DROPPED or key.endswith(_DROPPED_ENDS):
            continue
        if key in _ROPE:
            value = _rope(value)
        elif isinstance(value, Mapping) and key not in _QUANT:
            value = trim_config(value)
        elif isinstance(value, list):
            value = [trim_config(item) if isinstance(item, Mapping) else item for item in value]
        if value != {} or config[key] == {}:
            kept[key] = value
    return kept


def _rope(value: object) -> object:
    """What of a rope section bears on the longest context."""
    return {key: value[key] for key in sorted(value) if key in _ROPE_KEPT} if isinstance(value, Mapping) else value


def trim_quantization(section: Mapping[str, Any], reads: Reading) -> dict[str, Any]:
    """The quantization section cut to what its reader needs: `reads` must give the same before and after."""
    kept = {key: section[key] for key in sorted(section)}
    whole = reads(kept)
    for key in list(kept):
        value = kept[key]
        without = {name: other for name, other in kept.items() if name != key}
        if key not in _QUANT_KEPT and reads(without) == whole:
            kept = without
        elif key == "quantized_layers" and isinstance(value, Mapping):
            kept[key] = _short_map(value)
        elif isinstance(value, Mapping):
            kept[key] = trim_quantization(value, _inside(reads, kept, key))
        elif isinstance(value, list) and all(isinstance(name, str) for name in value):
            kept[key] = _short_list(value, _inside(reads, kept, key))
    return kept


def _inside(reads: Reading, outer: dict[str, Any], key: str) -> Callable[[Any], object]:
    """The same reading, with one value of the outer object replaced."""
    return lambda value: reads({**outer, key: value})


def _short_list(names: list[str], reads: Callable[[list[str]], object]) -> list[str]:
    """Names of many layers as one wildcard, or none where they change nothing."""
    whole, groups = reads(names), _by_tail(names)
    kept = list(names)
    for (head, tail), members in groups.items():
        if len(members) < 4:
            continue
        others = [name for name in kept if name not in members]
        for shorter in (others, [*others, f"{head}*{tail}"]):
            if reads(shorter) == whole:
                kept = shorter
                break
    return sorted(kept)


def _short_map(rules: Mapping[str, Any]) -> dict[str, Any]:
    """Rules of many layers as one, where all that differ in the layer number alone have the same."""
    kept = dict(rules)
    for (head, tail), members in _by_tail(rules).items():
        same = [rules[name] for name in members]
        if len(same) > 3 and all(rule == same[0] for rule in same):
            kept = {name: rule for name, rule in kept.items() if name not in members} | {f"{head}*{tail}": same[0]}
    return dict(sorted(kept.items()))


def _by_tail(names: Iterable[str]) -> dict[tuple[str, str], set[str]]:
    """Names that differ in the layer number alone."""
    groups: dict[tuple[str, str], set[str]] = {}
    for name in names:
        found = _LAYER.match(name)
        if found:
            groups.setdefault((found[1], found[3]), set()).add(name)
    return groups
