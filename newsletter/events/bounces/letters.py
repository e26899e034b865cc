"""Bounces written for people: a letter of a mail daemon, and then the message that came back.

A letter is taken for a bounce only where two of three agree: who sent it, what its subject says,
and what it says itself. A number that looks like a reply code proves nothing: people live at 500
Main Street. A warning that a mail is late is no bounce, whatever it quotes.
"""

import re
from collections.abc import Iterator

from newsletter.events.bounces.kinds import MOST_RECIPIENTS, Failure, Judgment, Kind, bounce_of
from newsletter.events.bounces.mime import Mail, decoded, header
from newsletter.mail.bounce_rules import Blame
from newsletter.mail.bounce_severity import Verdict, judge, said_after_data
from newsletter.mail.outcomes import clean

_DAEMON = re.compile(
    r"mailer[-_. ]?daemon|post[-_]?master|mail[-_. ]?(?:delivery|administrator|system)\b"
    r"|delivery[-_. ]?(?:sub)?system|system administrator|mdaemon|daemon@|bounces?@|auto-?mailer"
    r"|mail(?:er)? (?:gateway|router)|smtp gateway|(?:mail|e-?mail) (?:delivery|system)",
    re.IGNORECASE,
)
_SUBJECT = re.compile(
    r"undeliver|non[- ]?deliver|not delivered|(?:could|can) ?not be (?:delivered|sent)"
    r"|unable to (?:deliver|send)|returned (?:e-?)?mail|failure notice"
    r"|mail (?:failure|error|delivery)"
    r"|deliver\w* (?:status|fail\w*|problem|error|has failed|notification|report|unsuccessful)"
    r"|(?:delivery|mail|message|sending|transmission|send)\W* ?(?:status |delivery |has |was "
    r"|been )*(?:failed|failure|blocked|rejected|error|returned|bounced)"
    r"|fail(?:ed|ure) (?:to|in) (?:deliver|send)|delivery (?:report|notice)|error (?:sending|in)"
    r"|bounced? (?:mail|message)|warning: (?:could not|message)|mail system error|message status"
    r"|postmaster notify|undelivered|nondeliverable|loop alert|failed mail"
    r"|(?:mail|message) rejected|rejected (?:mail|message)|user unknown"
    # German, French, Spanish, Portuguese, Italian, Dutch, Polish, Swedish
    r"|unzustellbar|nicht zugestellt|zustell\w* fehl|zustellfehler|non (?:remis|distribu|délivr)"
    r"|échec|echec|remise impossible|no (?:se )?(?:ha )?(?:puede |pudo |podido )?entreg\w+"
    r"|devuelto|entrega fallida|(?:error|fallo) (?:de|en la) entrega|não entregue|devolvid[ao]"
    r"|falha (?:na|de) entrega|não (?:foi|é) possível entregar|non recapit|mancat[ao] (?:consegna"
    r"|recapito)|impossibile recapitare|non consegnat|onbestelbaar|niet (?:worden )?(?:bezorgd"
    r"|afgeleverd)|niedostarcz|nie można dostarczyć|kunde inte levereras|kan ikke leveres"
    # Russian, Japanese, Chinese, Korean
    r"|не (?:уда\w+ )?доставл?\w+|недоставлен|エラー通知"
    r"|(?:配信|送信|配達)(?:不能|できません|エラー)|不達|届けられません|退信|未送[达達]|[无無]法(?:送[达達]|投[递遞]|傳遞)|(?:投[递遞]|[发發]送|傳送)失[败敗]"
    r"|(?:전송|배달|발송) ?실패|반송",
    re.IGNORECASE,
)
SAYS_SO = re.compile(
    r"(?:could|can|was|were|is|are|has|have|been|unable|did|does|not|n[o']t|cannot"
    r"|fail\w*)\b[^.]{0,50}\b(?:delivered|deliver|delivery|be sent|relayed|send your)\b"
    r"|not reach (?:the following|(?:the |its |some )?(?:intended )?(?:recipient|destination))"
    r"|deliver\w* (?:to|of|for)\b[^.]{0,100}\b(?:fail\w*|abort\w*|error|unsuccessful"
    r"|not possible)|deliver\w* (?:has |have )?(?:failed|failure|error)|undeliver"
    r"|failed permanently|permanent(?:ly)? (?:fatal |delivery )?(?:error|failure|failed)"
    r"|did not like our|smtp error from|failed recipients?|<<< ?[45]\d\d[ -]"
    r"|remote (?:host|server|mta|mail server)[^.]{0,40} (?:said|returned|responded|replied"
    r"|answered)|transcript of session|failure reasons"
    r"|(?:said|returned|responded|error|failed with|response|reason|message below"
    r"|code)\W{1,20}[45]\d\d[ -]|nicht zugestellt|unzustellbar|n'a pas (?:pu (?:etre|être)|été)"
    r"|no se (?:ha )?(?:pudo|podido|puede|ha) entrega\w+|não (?:foi|pôde ser) (?:possível )?entreg"
    r"|(?:non|impossibile) (?:è stato )?(?:recapit|consegn)|niet (?:worden )?(?:bezorgd|afgeleverd)"
    r"|nie (?:można|udało się|została) dostarcz|не (?:может быть |был[оа]? |удалось )доставлен"
    r"|(?:送信|配信|配達)できません|届けられません|[无無]法(?:送[达達]|投[递遞])|(?:投[递遞]|[发發]送)失[败敗]"
    r"|전송(?:되지|하지)"
    r"|[45]\d\d[ -]#?[45]\.\d{1,3}\.\d{1,3} ",
    re.IGNORECASE,
)
AWAY = re.compile(
    r"^(?:auto(?:matic)?[ -]?(?:reply|response)|out of (?:the )?office|abwesen"
    r"|automatische antwort|réponse automatique|respuesta autom|risposta automatica|自動返信"
    r"|vacation|on (?:vacation|leave)|away from)",
    re.IGNORECASE,
)
_ONLY_WARNS = re.compile(
    r"warning message only|(?:need|have) not (?:to )?resend|not? (?:need|have) to (?:re-?send"
    r"|do anything)|no action is required",
    re.IGNORECASE,
)
_STILL_TRYING = re.compile(
    r"(?:will|shall) (?:keep|continue|be (?:re-?tried|attempted|tried)|re-?try|try again|still"
    r"|also)|still (?:trying|being tried|be in the queue|in the queue)|has been delayed"
    r"|is (?:being )?delayed|delivery (?:is |has been )?(?:delayed|attempts will)"
    r"|not yet (?:been )?delivered|has not (?:yet )?been delivered"
    r"|could not be delivered (?:yet|within|for|since) |delivery delay"
    r"|temporar\w+ (?:problem|delay)[^.]{0,60}(?:retr|again)|will be (?:re)?tried|hat sich verz"
    r"|wird weiter versucht|sera retent|réessayer",
    re.IGNORECASE,
)
_GIVEN_UP = re.compile(
    r"(?<!not a )(?<!not yet a )permanent|given up|giving up|gave up|no further"
    r"|will not be (?:re-?tried|attempted|tried)|not going to try"
    r"|has been (?:deleted|removed|returned)|could not be delivered to one or more"
    r"|(?:delivery|message) (?:has |was )?(?:failed|aborted|expired)",
    re.IGNORECASE,
)
#: Where the letter ends and the message that came back begins.
_COPY = re.compile(
    r"^[ \t>]*[-=_*]{2,}.*(?:copy|original|returned|header|unsent|your (?:message|mail)"
    r"|message (?:follows|body|text)|mail info|smtp command).*$"
    r"|^[ \t]*(?:message headers?|original (?:message|mail)|(?:the )?returned message"
    r"|included is a copy|text of message)\b[^\n]*(?:(?:follows|below|headers?)\b[^\n]*"
    r"|:[ \t]*)$"
    r"|^[ \t>]*(?:Received|Return-Path|DKIM-Signature|X-Received|X-Google-Smtp-Source|ARC-Seal):",
    re.IGNORECASE | re.MULTILINE,
)


def letter_of(mail: Mail) -> Judgment | None:
    """A bounce in no form at all, as qmail, Exim and others write them."""
    said = explanation(mail.text)
    by_daemon = is_from_daemon(mail)
    is_away = bool(AWAY.search(mail.subject))
    is_titled = bool(_SUBJECT.search(mail.subject)) and not is_away
    says_so = bool(SAYS_SO.search(said))
    is_returned = brings_back(mail)
    is_from_nobody = header(mail.message, "Return-Path").strip("<> ") == ""
    failures = list(_told_failures(mail, said))
    says_why = any(one.verdict.by_words for one in failures)
    is_about_mail = is_returned or any(one.address for one in failures)  # not about a parcel
    if not (
        (by_daemon and (is_titled or says_so))
        or (is_titled and says_so and is_about_mail)
        or (is_returned and says_why and (by_daemon or is_titled))
        or (is_returned and says_so and says_why and is_from_nobody and not is_away)
    ):
        return None
    if _ONLY_WARNS.search(said) or (_STILL_TRYING.search(said) and not _GIVEN_UP.search(said)):
        return Judgment(Kind.DELAY, "a mail server warns that an email is late, and tries again")
    if not (is_returned or says_so or says_why):
        return Judgment(Kind.UNKNOWN, "it looks like a bounce, and gives no reason")
    return bounce_of(failures, "a mail server's report")


def is_from_daemon(mail: Mail) -> bool:
    """Whether a mail server wrote it, by its headers."""
    message = mail.message
    return bool(
        _DAEMON.search(decoded(message, "From"))
        or _DAEMON.search(header(message, "Return-Path"))
        or message.get("X-Failed-Recipients")
        or "failure" in header(message, "Auto-Submitted").lower()
        or (
            message.get_content_type() == "multipart/report"
            and message.get_param("report-type") in ("delivery-status", None)
        )
    )


def brings_back(mail: Mail) -> bool:
    """Whether a message, or the head of one, is attached, or follows in the text."""
    return mail.holds_a_message or explanation(mail.text) != unquoted(mail.text)


def explanation(text: str) -> str:
    """The letter without the message that came back."""
    text = unquoted(text)
    for found in _COPY.finditer(text):
        if text[: found.start()].strip():
            return text[: found.start()]
    return text


def unquoted(text: str) -> str:
    """The text with line ends of one kind; of a bounce that somebody forwarded, what was quoted."""
    text = text.replace("\r\n", "\n")
    lines = text.split("\n")
    quoted = sum(line.startswith(">") for line in lines)
    if quoted * 2 < len(lines):
        return text
    return "\n".join(re.sub(r"^>(?!>>>) ?", "", line) for line in lines)


def _told_failures(mail: Mail, said: str) -> Iterator[Failure]:
    """Each recipient of a letter, with what stands below or beside its address."""
    segments = _segments(said)
    listed = _ADDRESS.findall(header(mail.message, "X-Failed-Recipients"))
    if len(segments) > 1:
        for address, segment in list(segments.items())[:MOST_RECIPIENTS]:
            verdict = judge_letter(segment)
            if not verdict.by_words and not verdict.code:
                segment = said
                verdict = judge_letter(said)
            yield Failure(address, verdict, pith(segment))
        return
    addresses = [*segments, *listed] or _addressed(mail, said)
    verdict = judge_letter(said)
    yield Failure(addresses[0] if addresses else "", verdict, pith(said))


_REPLIES = re.compile(r"^[ \t>]*<<<[ \t]*5\d\d.*$", re.MULTILINE)


def judge_letter(said: str) -> Verdict:
    """What a letter means. Where it quotes what the server answered for good, those words count
    before what the letter itself makes of them: "rejected", or an earlier server that was busy.
    """
    verdict = judge(said)
    replies = " ".join(_REPLIES.findall(said))
    # Who refused before the recipient was named shows in the dialogue, not in the answer.
    if not replies or verdict.blame is Blame.SENDER:
        return verdict
    answered = judge(replies, after_data=said_after_data(said))
    return answered if answered.by_words else verdict


_ADDRESS = re.compile(
    r"[^\s<>@\"'(),:;\[\]]{1,128}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}"
)
_HEADS = re.compile(
    rf"^[ \t]*(?:[*>-]+[ \t]+)?[<\"'(]*({_ADDRESS.pattern})[>\"')]*(?=\W|$)",
    re.MULTILINE,
)


def _segments(said: str) -> dict[str, str]:
    """The text that belongs to each address, where lines begin with one."""
    heads = list(_HEADS.finditer(said))
    found: dict[str, str] = {}
    for number, head in enumerate(heads):
        end = heads[number + 1].start() if number + 1 < len(heads) else len(said)
        address = head[1].lower().rstrip(".")
        found[address] = found.get(address, "") + said[head.start() : end] + "\n"
    return found


def _addressed(mail: Mail, said: str) -> list[str]:
    """Addresses in the text that are neither the daemon's nor ours."""
    of_others = " ".join(header(mail.message, name) for name in ("From", "To", "Return-Path"))
    own = {address.lower() for address in _ADDRESS.findall(of_others)}
    found = dict.fromkeys(address.lower().rstrip(".") for address in _ADDRESS.findall(said))
    return [address for address in found if address not in own]


_TELLING = re.compile(
    r"^.*?(?:(?<![\d.])[45]\d\d(?=[ ,:-])|(?<![\d.])#?[45]\.\d{1,3}\.\d{1,3}\b)", re.MULTILINE
)


def pith(said: str) -> str:
    """What of a letter says why: the line with a code and what follows, or else its last lines."""
    found = _TELLING.search(said)
    if found:
        return clean(said[found.start() : found.start() + 300])
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return clean(" ".join(lines[-3:]))
