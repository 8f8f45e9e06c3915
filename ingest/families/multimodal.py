"""Models of a language model and towers: vision, audio, and the projectors between.

The language model's config may stand in a section (`text_config`, `llm_config`, `language_config`) or at the top
beside the tower's (older Qwen2-VL files). Whether head and embedding are tied is the whole model's word: the top
level's where it says so, else the section's, else the class's.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from estimator.model_spec import Headline
from ingest.config_reader import ConfigReader
from ingest.families.anatomy import Anatomy, FamilyReader
from ingest.families.towers import Tower

SECTIONS = ("text_config", "llm_config", "language_config")

LanguageReader = Callable[[ConfigReader], Anatomy]


def no_tower(config: ConfigReader, language: Headline) -> int:  # noqa: ARG001  # same question to each
    """Nothing beside the language model."""
    return 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)  # never compared: start-up counts
class Multimodal:
    """Traits of a model with towers. `language_type` names the class of a section that does not name itself."""

    language: FamilyReader
    language_type: str | None = None
    vision: Tower = no_tower
    audio: Tower = no_tower
    sections: tuple[str, ...] = SECTIONS
    additional: Tower = no_tower
    buffers: Tower = no_tower

    def __call__(self, config: ConfigReader) -> Anatomy:
        """The language model, retied as the whole says, with its towers."""
        section = config.optional_section(*self.sections, model_type=self.language_type)
        if section is None:
            section = config.as_type(self.language_type) if self.language_type else config
        language = tied_as_stated(self.language(section), config, section)
        return replace(
            language,
            vision_parameters=self.vision(config, language.headline),
            audio_parameters=self.audio(config, language.headline),
            buffer_parameters=language.buffer_parameters + self.buffers(config, language.headline),
            other_parameters=language.other_parameters + self.additional(config, language.headline),
        )


def tied_as_stated(language: Anatomy, config: ConfigReader, section: ConfigReader) -> Anatomy:
    """The language model with its head tied or not, as the whole config says."""
    if not config.states("tie_word_embeddings") and section.states("tie_word_embeddings"):
        return language
    tied = config.boolean("tie_word_embeddings", default=language.headline.tie_word_embeddings)
    if tied == language.headline.tie_word_embeddings:
        return language
    headline = replace(language.headline, tie_word_embeddings=tied)
    head = 0 if tied else language.embedding_parameters
    return replace(language, headline=headline, output_head_parameters=head)


def by_model_type(readers: Mapping[str, FamilyReader]) -> FamilyReader:
    """The reader of whatever type the section names (LLaVA carries Llama, Mistral, Qwen2, ...)."""

    def read(section: ConfigReader) -> Anatomy:
        reader = readers.get(section.model_type)
        if reader is None:
            raise section.unsupported("model_type", section.model_type, "no such language model is known")
        return reader(section)

    return read
