"""What providers' APIs say of one message, sorted as `newsletter.mail.outcomes` sorts SMTP.

Anymail brings every provider behind one interface, but their errors stay their own: a refused
recipient is a 400 at one, a 422 at another and a 200 with a note inside at a third, and the same
400 may blame the sender's domain. The rules here were read off Anymail's backends and the
providers' documentation. What they share: a request that may have arrived and was not answered
clearly is IN_DOUBT; an answer that blames the sender, the key or the account is BROKEN.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import requests
from anymail.exceptions import (
    AnymailAPIError,
    AnymailError,
    AnymailInvalidAddress,
    AnymailRecipientsRefused,
)

from newsletter.mail.bounce_severity import names_a_limit
from newsletter.mail.outcomes import (
    Kind,
    Outcome,
    Stage,
    clean,
    described,
    quota_wait,
    sort_error,
)
from newsletter.mail.providers.registry import PROVIDERS
from papers.retry_after import seconds_in

_MISTAKES = (TypeError, ValueError, AttributeError, LookupError)

LONGEST_WAIT = 24 * 3600.0
"""Most seconds of a Retry-After that are believed."""

# Quoted or indexed, because "to" is also a common word: an address is suppressed by this.
_NAMES_RECIPIENT = re.compile(
    r"['\"`](to|recipients?)['\"`]|\bto(\[\d+\]|\.\d+)|\brecipients?\b"
    r"|\bvalid in to\b|^to parameter",
    re.IGNORECASE,
)
_INVALID = re.compile(r"invalid|not (a )?valid|be a valid|malformed|format", re.IGNORECASE)
_BLAMES_US = re.compile(
    r"sender|\bfrom\b|headers?\b|domain|verif|unauthor|api.?key|token|credit|account|plan|suspend"
    r"|permission|ip address|activate",
    re.IGNORECASE,
)


def sort_status(status: Any) -> Outcome:
    """Sort Anymail's `anymail_status` of a message to one recipient.

    A provider can answer 200 and still have refused the recipient, so the recipient's own status
    counts, not the request's: `rejected` means that the provider has the address on its own
    suppression list, `invalid` that it is none.
    """
    recipients: Mapping[str, Any] = getattr(status, "recipients", None) or {}
    response = getattr(status, "esp_response", None)
    code = _status_code(response)
    if not recipients:
        return Outcome(Kind.IN_DOUBT, code, "the provider said nothing about the recipient")
    # One recipient, though perhaps under two spellings: what is said of either counts.
    told = [one for one in recipients.values() if one.status not in ("unknown", None)]
    one = told[0] if told else next(iter(recipients.values()))
    provider_id = clean(one.message_id or "")
    word = one.status or "unknown"
    if word in ("sent", "queued"):
        return Outcome(Kind.ACCEPTED, code, word, provider_id=provider_id)
    reason = clean(f"{word}: {_explanation(response)}".removesuffix(": "))
    if word in ("rejected", "invalid"):
        return Outcome(
            Kind.REFUSED, word, reason, provider_id=provider_id, suppress=True, bounce="hard"
        )
    number = getattr(response, "status_code", None) or 0
    if word == "failed" and 400 <= number < 500:  # Mailjet, one message's error
        return _sort_client_error(number, reason, response)
    if word == "failed":
        return Outcome(Kind.REFUSED, word, reason, provider_id=provider_id)
    return Outcome(Kind.IN_DOUBT, word, reason, provider_id=provider_id)


def sort_provider_error(
    error: BaseException, status: Any = None, stage: Stage | None = None
) -> Outcome:
    """Sort whatever a mail backend raised while it sent one message to one recipient.

    `status` is the message's `anymail_status`, where there is one: it tells a mistake that
    happened after the provider had answered (a signal receiver's, say) from one before the
    request. `stage` is as in `outcomes.sort_error`. Never raises.
    """
    if isinstance(error, AnymailRecipientsRefused):
        return sort_status(status or getattr(error.email_message, "anymail_status", None))
    if isinstance(error, AnymailInvalidAddress):
        ours = "`from_email`" in str(error)
        if ours:
            return Outcome(Kind.BROKEN, "bad address", described(error), tried=False)
        return Outcome(
            Kind.REFUSED, "bad address", described(error), suppress=True, tried=False, bounce="hard"
        )
    if isinstance(error, AnymailAPIError):
        own = (provider.sorts(error) for provider in PROVIDERS.values() if provider.sorts)
        return next(filter(None, own), None) or _sort_api_error(error)
    if isinstance(error, requests.RequestException):
        return _sort_request(error)
    if getattr(status, "esp_response", None) is not None:
        return sort_status(status)
    # From Anymail, and before its request: a feature or value that the provider cannot carry, or
    # a mistake while the request was made.
    if isinstance(error, AnymailError) or (status is not None and isinstance(error, _MISTAKES)):
        return Outcome(Kind.BROKEN, type(error).__name__, described(error), tried=False)
    return sort_error(error, stage)


def _sort_api_error(error: AnymailAPIError) -> Outcome:
    response = error.response
    number = getattr(response, "status_code", None)
    if not isinstance(number, int):
        cause = error.__cause__ or error
        if isinstance(cause, requests.RequestException):
            return _sort_request(cause)
        return Outcome(Kind.IN_DOUBT, type(cause).__name__, described(cause))
    reason = clean(_explanation(response) or " ".join(map(str, error.args)))
    code = f"HTTP {number}"
    if 200 <= number < 300:  # taken, it seems, but the answer made no sense
        return Outcome(Kind.IN_DOUBT, code, clean(f"{' '.join(map(str, error.args))} {reason}"))
    if 400 <= number < 500:
        return _sort_client_error(number, reason, response)
    if number == 503:  # RFC 9110 section 15.6.4: not able to handle the request now
        return Outcome(Kind.DEFERRED, code, reason, retry_after(response))
    if number >= 500 and number not in (501, 505):
        return Outcome(Kind.IN_DOUBT, code, reason)
    return Outcome(Kind.BROKEN, code, reason)


def _sort_client_error(number: int, reason: str, response: Any) -> Outcome:
    """A 4xx answer: the provider read the request and did not take it."""
    code = f"HTTP {number}"
    wait = retry_after(response)
    if number in (408, 409, 420, 423, 425, 429):  # 420: SparkPost's sending limit
        return Outcome(Kind.DEFERRED, code, reason, wait)
    if number in (401, 402, 403, 404, 405, 407):
        if names_a_limit(reason):
            return Outcome(Kind.DEFERRED, code, reason, wait or quota_wait(reason))
        return Outcome(Kind.BROKEN, code, reason, wait)
    if number in (400, 422):
        if _NAMES_RECIPIENT.search(reason) and _INVALID.search(reason):
            return Outcome(Kind.REFUSED, code, reason, suppress=True, bounce="hard")
        if names_a_limit(reason):
            return Outcome(Kind.DEFERRED, code, reason, wait or quota_wait(reason))
        if _BLAMES_US.search(reason):
            return Outcome(Kind.BROKEN, code, reason)
    return Outcome(Kind.REFUSED, code, reason)


def _sort_request(error: requests.RequestException) -> Outcome:
    """No answer came. In doubt unless it is plain that the request never left."""
    reason = described(error)
    if isinstance(error, requests.ConnectTimeout):
        return Outcome(Kind.DEFERRED, "timeout", reason, tried=False)
    if isinstance(error, requests.Timeout):
        return Outcome(Kind.IN_DOUBT, "timeout", reason)
    names = {type(link).__name__ for link in _causes(error)}
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return Outcome(Kind.BROKEN, "certificate", reason, tried=False)
    if names & {"NewConnectionError", "NameResolutionError", "ConnectTimeoutError", "ProxyError"}:
        return Outcome(Kind.DEFERRED, "unreachable", reason, tried=False)
    if isinstance(error, requests.exceptions.InvalidJSONError):
        return Outcome(Kind.IN_DOUBT, "connection", reason)
    if isinstance(error, ValueError):
        return Outcome(Kind.BROKEN, type(error).__name__, reason, tried=False)  # a bad URL, header
    if isinstance(error, requests.TooManyRedirects):
        return Outcome(Kind.BROKEN, "redirects", reason)
    return Outcome(Kind.IN_DOUBT, "connection", reason)


def retry_after(response: Any) -> float | None:
    """Seconds to wait by the answer's Retry-After header, at most `LONGEST_WAIT`."""
    headers = getattr(response, "headers", None) or {}
    seconds = seconds_in(str(headers.get("Retry-After", "")))
    return None if seconds is None else min(seconds, LONGEST_WAIT)


def _status_code(response: Any) -> str:
    number = getattr(response, "status_code", None)
    return f"HTTP {number}" if number else ""


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The exception and those it came from, as requests and urllib3 nest them."""
    seen: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting and len(seen) < 20:
        link = waiting.pop()
        if isinstance(link, BaseException) and link not in seen:
            seen.append(link)
            yield link
            waiting += [*link.args, getattr(link, "reason", None), link.__cause__]


def _explanation(response: Any) -> str:
    """What a provider's error body says in words, else the start of the body."""
    if response is None or isinstance(response, Mapping):
        return ""
    try:
        words = list(_messages(response.json()))
    except (ValueError, AttributeError, RecursionError):
        words = []
    return clean("; ".join(dict.fromkeys(words)) or str(getattr(response, "text", ""))[:2000])


def _messages(node: Any, depth: int = 0) -> Iterator[str]:
    """The strings under the keys where providers put explanations, outermost first."""
    if depth > 5:
        return
    if isinstance(node, Mapping):
        for key, value in node.items():
            if isinstance(value, str) and re.search(
                r"message|error|reason|description|name|code", str(key), re.IGNORECASE
            ):
                yield value
        for key, value in node.items():
            if isinstance(value, Mapping | list):
                if str(key).lower() == "errorrelatedto" and isinstance(value, list):
                    yield from (str(item) for item in value)
                yield from _messages(value, depth + 1)
    elif isinstance(node, list):
        for value in node[:10]:
            yield from _messages(value, depth + 1)
