"""What a failed exchange with the Hub means to the person who asked.

huggingface_hub tells the cases apart (`hf_raise_for_status`); this module says them: what was asked, what is the case,
what to try. A gated repository is a missing one by inheritance there, so gated is caught first. To an anonymous caller
the Hub gives the same answer, 401, for a missing and for a private repository: both are said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from ingest.errors import GatedModel, HubUnavailable, IngestError, MalformedConfig, NoConfig, UnknownModel
from ingest.quota import bucket_of, read_allowances, read_retry_after_s, too_many_requests

if TYPE_CHECKING:
    import httpx2

TRY_LATER: Final = "Ask again later; a bundled or cached model needs no network."


@dataclass(frozen=True, slots=True)
class Asked:
    """What an exchange was about, for messages: never the token itself, only whether there is one."""

    name: str
    endpoint: str
    has_token: bool

    @property
    def host(self) -> str:
        """The Hub's host, without a user name or password that its address may hold."""
        try:
            parts = urlsplit(self.endpoint)
            return parts.hostname + (f":{parts.port}" if parts.port else "") if parts.hostname else self.endpoint
        except ValueError:
            return "the Hub"

    @property
    def is_askable(self) -> bool:
        """Whether the endpoint is a web address."""
        try:
            parts = urlsplit(self.endpoint)
            return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        except ValueError:
            return False

    @property
    def page(self) -> str:
        """The address of the repository's page."""
        return f"{urlsplit(self.endpoint).scheme}://{self.host}/{self.name.partition('@')[0]}"


def refusal(response: httpx2.Response, asked: Asked) -> IngestError | None:
    """The error that this answer means; None if it is none."""
    from huggingface_hub import errors  # noqa: PLC0415  # 0.2 s, and only when the Hub refuses
    from huggingface_hub.utils._http import hf_raise_for_status  # noqa: PLC0415  # as above

    try:
        hf_raise_for_status(response)
    except errors.GatedRepoError:
        return _gated(asked)
    except errors.DisabledRepoError:
        return UnknownModel(f"{asked.name} was disabled by the Hub.", "Name another repository.")
    except errors.RevisionNotFoundError:
        return UnknownModel(f"{asked.name}: no such branch, tag or commit.", f"See {asked.page}/commits/main.")
    except errors.RemoteEntryNotFoundError:
        return NoConfig(f"{asked.name}: no such file at this commit.", f"See {asked.page}/tree/main.")
    except errors.RepositoryNotFoundError:
        return _unknown(asked)
    except errors.HfHubHTTPError:
        return _by_status(response, asked)
    return None


def _gated(asked: Asked) -> GatedModel:
    if asked.has_token:
        hint = f"Accept its terms at {asked.page} with the account of HF_TOKEN; some authors grant access by hand."
    else:
        hint = f"Accept its terms at {asked.page}, then set HF_TOKEN to a token of that account."
    return GatedModel(f"{asked.name} is gated: its files are for those who accepted its terms.", hint)


def _unknown(asked: Asked) -> UnknownModel:
    if asked.has_token:
        return UnknownModel(
            f"The Hub has no model {asked.name}, or none that the account of HF_TOKEN may see.",
            "Check the spelling; for a private model use a token that may read it.",
        )
    return UnknownModel(
        f"The Hub has no public model {asked.name}: it is missing or private, and strangers are not told which.",
        "Check the spelling; for a private model set HF_TOKEN to a token that may read it.",
    )


def _by_status(response: httpx2.Response, asked: Asked) -> IngestError:
    status = response.status_code
    if status == 429:
        return _rate_limited(response)
    if status == 401:
        is_wrong = asked.has_token and "credentials" in response.headers.get("x-error-message", "").lower()
        return wrong_token(asked) if is_wrong else _unknown(asked)
    if status == 403:
        return GatedModel(f"{asked.host} forbids reading {asked.name}.", "Use a token with the right to read it.")
    if status == 404:
        return _unknown(asked)
    if status >= 500 or status == 408:
        return HubUnavailable(f"{asked.host} failed with status {status} when asked for {asked.name}.", TRY_LATER)
    return HubUnavailable(
        f"{asked.host} answered {asked.name} with status {status}.", "Is HF_ENDPOINT the address of a Hub?"
    )


def wrong_token(asked: Asked) -> IngestError:
    """The error for a token that the Hub does not accept: nothing can be read with it, public models neither."""
    return GatedModel(
        f"{asked.host} refuses the token in HF_TOKEN: it is wrong, expired or withdrawn.",
        "Set a valid token, or unset HF_TOKEN to ask without one.",
    )


def _rate_limited(response: httpx2.Response) -> HubUnavailable:
    bucket = bucket_of(response.request.url.path)
    spent = [a.reset_s for a in read_allowances(response.headers) if a.bucket == bucket and a.left == 0]
    return too_many_requests(bucket, spent[0] if spent else read_retry_after_s(response.headers))


def no_address() -> HubUnavailable:
    """The error for an HF_ENDPOINT that cannot be asked; it is not repeated, for it may hold a password."""
    return HubUnavailable("HF_ENDPOINT is no address of a Hub.", "Unset it, or set it to https://...")


def no_answer(error: Exception, asked: Asked, timeout_s: float) -> IngestError:
    """The error for an exchange that broke off before there was an answer."""
    import httpx2  # noqa: PLC0415  # loaded already when an exchange has begun

    if isinstance(error, httpx2.TimeoutException | TimeoutError):
        what = f"{asked.host} did not answer within {timeout_s:g} s"
    elif isinstance(error, httpx2.ConnectError):
        what = f"{asked.host} cannot be reached ({error})"
    else:
        what = f"the answer of {asked.host} broke off ({str(error) or type(error).__name__})"
    return HubUnavailable(f"{asked.name}: {what}.", TRY_LATER)


def too_large(what: str, asked: Asked, size_bytes: int | None, limit_bytes: int) -> IngestError:
    """The error for more bytes than are read; `what` is the file's name, or empty for the Hub's own answer."""
    size = f"has {size_bytes} bytes" if size_bytes is not None else "does not end"
    read = f"at most {limit_bytes} bytes are read"
    if not what:
        return HubUnavailable(f"{asked.name}: the answer of {asked.host} {size}; {read}.", TRY_LATER)
    return MalformedConfig(f"{asked.name}: {what} {size}; {read}.", "No config of a model comes near it: look at it.")
