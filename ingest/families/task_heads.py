"""What stands at the end of a model: an output head, a classifier, or nothing, as `architectures` says.

`MistralModel` (E5-Mistral) has no head at all, `LlamaForSequenceClassification` (reward models) one row a label;
neither generates, so both have a memory answer and no decode.
"""

from dataclasses import replace
from typing import Final

from ingest.config_reader import ConfigReader
from ingest.defaults import class_defaults
from ingest.families.anatomy import Anatomy

CLASSIFIERS: Final = ("ForSequenceClassification", "ForTokenClassification", "ForRewardModel", "RewardModel")


def with_task_head(anatomy: Anatomy, config: ConfigReader, architecture: str) -> Anatomy:
    """The anatomy with the head that the architecture's name stands for."""
    if not anatomy.generates:
        return anatomy
    if architecture.endswith(CLASSIFIERS):
        labels = 1 if architecture.endswith("RewardModel") else label_count(config)
        bare = _without_head(anatomy)
        return replace(bare, other_parameters=bare.other_parameters + labels * anatomy.headline.hidden_size)
    is_bare = architecture.endswith("Model") and not architecture.endswith("LMHeadModel")
    # Remote code names differently: ChatGLMModel and InternVLChatModel generate.
    return _without_head(anatomy) if is_bare and class_defaults(config.model_type) else anatomy


def _without_head(anatomy: Anatomy) -> Anatomy:
    return replace(anatomy, output_head_parameters=0, output_head_vector_parameters=0, generates=False)


def label_count(config: ConfigReader) -> int:
    """How many classes a classifier has: `num_labels`, the entries of `id2label`, or two."""
    if config.states("num_labels"):
        return config.positive_int("num_labels")
    labels = config.raw("id2label")[1] if config.is_object("id2label") else {}
    return len(labels) or 2
