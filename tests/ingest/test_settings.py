from __future__ import annotations

from pathlib import Path

import pytest

from ingest.settings import DEFAULT_ENDPOINT, Settings, read_settings


def test_nothing_set_is_the_public_hub_without_a_name(tmp_path: Path) -> None:
    settings = read_settings({"HOME": str(tmp_path)}, platform="linux")
    assert settings == Settings(cache_dir=tmp_path / ".cache" / "hubgauge")
    assert settings.endpoint == DEFAULT_ENDPOINT
    assert settings.identity == "anonymous"


def test_what_is_set_is_taken() -> None:
    environ = {
        "HF_TOKEN": " hf_x\n",
        "HF_ENDPOINT": "https://mirror/",
        "HF_HUB_OFFLINE": "yes",
        "HUBGAUGE_CACHE_DIR": "/c",
    }
    settings = read_settings(environ)
    assert settings == Settings(token="hf_x", endpoint="https://mirror", is_offline=True, cache_dir=Path("/c"))


def test_an_empty_variable_is_an_unset_one(tmp_path: Path) -> None:
    environ = {"HF_TOKEN": "", "HF_ENDPOINT": "", "HF_HUB_OFFLINE": "", "HUBGAUGE_CACHE_DIR": "", "HOME": str(tmp_path)}
    assert read_settings(environ, platform="linux") == read_settings({"HOME": str(tmp_path)}, platform="linux")


def test_the_token_of_a_login_is_found_where_huggingface_hub_leaves_it(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("hf_stored\n")
    assert read_settings({"HF_HOME": str(tmp_path)}).token == "hf_stored"
    assert read_settings({"HF_TOKEN_PATH": str(tmp_path / "token")}).token == "hf_stored"
    assert read_settings({"HF_HOME": str(tmp_path), "HF_TOKEN": "hf_said"}).token == "hf_said"
    assert read_settings({"HF_HOME": str(tmp_path), "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"}).token is None


@pytest.mark.parametrize(
    ("platform", "environ", "folder"),
    [
        ("linux", {"HOME": "/h"}, "/h/.cache/hubgauge"),
        ("linux", {"HOME": "/h", "XDG_CACHE_HOME": "/x"}, "/x/hubgauge"),
        ("darwin", {"HOME": "/h"}, "/h/Library/Caches/hubgauge"),
        ("win32", {"LOCALAPPDATA": "/l"}, "/l/hubgauge/Cache"),
    ],
)
def test_the_cache_lies_where_the_platform_keeps_caches(platform: str, environ: dict[str, str], folder: str) -> None:
    assert read_settings(environ, platform=platform).cache_dir == Path(folder)


def test_two_tokens_are_two_callers() -> None:
    callers = {Settings(token=token).identity for token in ("hf_a", "hf_b", None)}
    assert len(callers) == 3


def test_a_token_of_any_bytes_names_a_caller() -> None:
    token = b"hf_\xff\xfe".decode("utf-8", "surrogateescape")  # as os.environ gives bytes that are no UTF-8
    assert Settings(token=token).identity not in {"anonymous", Settings(token="hf_").identity}
