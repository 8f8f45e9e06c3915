"""What the environment says about the Hub and the cache, read once and passed on as a value.

Nothing else in `ingest` looks at the environment. `HF_TOKEN`, `HF_ENDPOINT` and `HF_HUB_OFFLINE` mean what they mean to
`huggingface_hub`; a token left by `hf auth login` is used too, unless `HF_HUB_DISABLE_IMPLICIT_TOKEN` is set.
Source: huggingface_hub 2.4, `constants.py` and `utils/_auth.py`.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_ENDPOINT: Final = "https://huggingface.co"
TRUE_WORDS: Final = frozenset({"1", "ON", "YES", "TRUE"})
MAX_TOKEN_FILE_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class Settings:
    """How to reach the Hub, as whom, and where to keep what it said.

    `timeout_s` bounds one question to the Hub, all its requests together; `freshness_s` is how long a branch such as
    `main` is believed to stand where it stood. A commit never ages.
    """

    token: str | None = field(default=None, repr=False)
    endpoint: str = DEFAULT_ENDPOINT
    is_offline: bool = False
    cache_dir: Path | None = None
    timeout_s: float = 10.0
    connect_timeout_s: float = 3.0
    freshness_s: float = 15 * 60.0

    @property
    def identity(self) -> str:
        """A name for the caller that tells tokens apart and gives none away."""
        if self.token is None:
            return "anonymous"
        import hashlib  # noqa: PLC0415  # start-up counts; only when the Hub is asked with a token

        return hashlib.sha256(b"hubgauge identity\0" + self.token.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def read_settings(environ: Mapping[str, str], *, platform: str = sys.platform, home: Path | None = None) -> Settings:
    """The settings that these environment variables spell; empty ones count as unset."""
    home = home or _home(environ)
    return Settings(
        token=_token(environ, home),
        endpoint=(environ.get("HF_ENDPOINT") or DEFAULT_ENDPOINT).strip().rstrip("/"),
        is_offline=_is_true(environ.get("HF_HUB_OFFLINE") or environ.get("TRANSFORMERS_OFFLINE")),
        cache_dir=_cache_dir(environ, platform, home),
    )


def _is_true(word: str | None) -> bool:
    return word is not None and word.strip().upper() in TRUE_WORDS


def _home(environ: Mapping[str, str]) -> Path | None:
    home = environ.get("HOME") or environ.get("USERPROFILE")
    return Path(home) if home else None


def _token(environ: Mapping[str, str], home: Path | None) -> str | None:
    if _is_true(environ.get("HF_HUB_DISABLE_IMPLICIT_TOKEN")):
        return None
    token = environ.get("HF_TOKEN") or environ.get("HUGGING_FACE_HUB_TOKEN")
    return (token or _token_file(environ, home)).strip() or None


def _token_file(environ: Mapping[str, str], home: Path | None) -> str:
    path = _token_path(environ, home)
    if path is None:
        return ""
    try:
        with path.open("rb") as file:
            return file.read(MAX_TOKEN_FILE_BYTES).decode()
    except (OSError, ValueError):
        return ""  # nobody logged in here: anonymous, as huggingface_hub has it


def _token_path(environ: Mapping[str, str], home: Path | None) -> Path | None:
    if named := environ.get("HF_TOKEN_PATH"):
        return Path(named)
    if hf_home := environ.get("HF_HOME"):
        return Path(hf_home) / "token"
    if xdg := environ.get("XDG_CACHE_HOME"):
        return Path(xdg) / "huggingface" / "token"
    return home / ".cache" / "huggingface" / "token" if home else None


def _cache_dir(environ: Mapping[str, str], platform: str, home: Path | None) -> Path | None:
    """The folder for our cache: as told, else the platform's place for caches, else none."""
    if named := environ.get("HUBGAUGE_CACHE_DIR"):
        return Path(named)
    if platform == "win32" and (local := environ.get("LOCALAPPDATA")):
        return Path(local) / "hubgauge" / "Cache"
    if platform == "darwin" and home:
        return home / "Library" / "Caches" / "hubgauge"
    if xdg := environ.get("XDG_CACHE_HOME"):
        return Path(xdg) / "hubgauge"
    return home / ".cache" / "hubgauge" if home else None
