"""Families of architectures: how each model_type's config describes its layers.

`table.FAMILIES` maps a model_type to a reader; a reader is composed of the blocks beside it:
`softmax`, `windows` and `latent` (attention), `linear` (recurrent mixers), `networks` (dense and expert
feed-forward), `decoder` (a whole language model), `towers` and `multimodal` (what stands beside it), `encoders`.
"""
