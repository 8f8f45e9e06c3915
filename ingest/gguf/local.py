"""A .gguf file on this disk, with its numbered siblings -> a loaded model. Tensors are listed, never read."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Final

from ingest.errors import NoConfig
from ingest.fetched_repo import RepoFile
from ingest.gguf.files import Quantization, label_of
from ingest.gguf.header import MAX_HEADER_BYTES, GgufHeader, HeaderCut, TensorTotals, read_header
from ingest.gguf.model import missing_shape, model_from_gguf
from ingest.loaded_model import LoadedModel, Named

STEPS_BYTES: Final = (2**20, 16 * 2**20, MAX_HEADER_BYTES)
MAX_PARTS: Final = 1000
_PART: Final = re.compile(r"^(.*)-\d{5}-of-(\d{5})$")


def load_gguf_file(path: Path, asked: str) -> LoadedModel:
    """The model of that file and of the others of its set; raises `NoConfig` where it cannot be read."""
    files = _set_of(path)
    try:
        sizes = [file.stat().st_size for file in files]
        headers = [_header(file, str(file)) for file in files]
    except OSError as error:
        raise NoConfig(f"{asked}: cannot be read ({error.strerror})", "check the path") from None
    header = next((found for found in headers if found.tells_the_shape), None)
    if header is None:
        raise missing_shape(asked)
    one = Quantization(
        label_of(path.name), tuple(RepoFile(file.name, size) for file, size in zip(files, sizes, strict=True))
    )
    named = Named(repo_id=path.stem, asked=asked, source="file", read_as=f"{path.stem}, read from {path}")
    return model_from_gguf(replace(header, tensors=_together(headers, path)), one, named)


def _set_of(path: Path) -> list[Path]:
    """The numbered parts beside the file that are there, in order; the file alone where it has no number."""
    numbered = _PART.match(path.stem)
    if numbered is None:
        return [path]
    count = min(int(numbered[2]), MAX_PARTS)
    names = [f"{numbered[1]}-{number:05}-of-{numbered[2]}{path.suffix}" for number in range(1, count + 1)]
    return [part for name in names if (part := path.with_name(name)).is_file()] or [path]


def _header(file: Path, label: str) -> GgufHeader:
    """The header with its list of tensors: from as much of the beginning as it takes."""
    with file.open("rb") as stream:
        data = b""
        for end_bytes in STEPS_BYTES:
            data += stream.read(end_bytes - len(data))
            try:
                return read_header(data, label, with_tensors=True)
            except HeaderCut:
                if len(data) < end_bytes:
                    break
    raise missing_shape(label)


def _together(headers: list[GgufHeader], path: Path) -> TensorTotals | None:
    """The tensors of all parts; None where a part of the set is missing."""
    totals = [header.tensors for header in headers if header.tensors is not None]
    numbered = _PART.match(path.stem)
    if len(totals) < (int(numbered[2]) if numbered else 1):
        return None
    sizes = [total.stored_bytes for total in totals]
    return TensorTotals(
        count=sum(total.count for total in totals),
        parameters=sum(total.parameters for total in totals),
        stored_bytes=None if None in sizes else sum(size for size in sizes if size is not None),
        has_output_head=any(total.has_output_head for total in totals),
    )
