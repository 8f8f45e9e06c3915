"""GGUF: the one-file format of llama.cpp. A header in, a model spec out; the tensors themselves are never read.

    header          bytes of the file's beginning -> keys and values, within bounds
    architectures   the header's keys -> a config in transformers' words, one row for each architecture
    particulars     what one architecture's header says beyond the common keys
    files           which files of a repository are one quantization, and which is meant
    formats         type of the file and its exact bytes -> a weight plan
    model           all of it joined

What decides nothing about size (texts, floats, tokens) is passed over.
"""
