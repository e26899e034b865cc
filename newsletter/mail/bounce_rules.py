"""The table of words: what servers say when they refuse a mail, and what each means.

The first rule that fits decides, so the order is the meaning: limits and full mailboxes before
blocks, blocks before trouble on the way, and what makes an address dead last. `bounce_severity`
reads it. The words are matched against a text in lower case, without accents, in which addresses,
hosts and links stand as "~". What other languages call the same is in `bounce_languages`.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from django.db.models import TextChoices

from newsletter.mail import bounce_languages as other


class Bounce(TextChoices):
    """How a mail came back; see newsletter.mail.bounce_severity."""

    HARD = "hard", "for good: there is no such address"
    SOFT = "soft", "for now: the mailbox is full, or cannot be reached"
    BLOCKED = "blocked", "unwanted: the receiver's policy, or the content"


class Blame(StrEnum):
    """Whose trouble it is."""

    READER = "reader"  # the address, the mailbox, or the server behind it
    MESSAGE = "message"  # what it says, or a policy on such mail
    SENDER = "sender"  # our server, name or account: the next message would fare no better
    LIMIT = "limit"  # of the sender, and in time: the same message may pass later


@dataclass(frozen=True)
class Rule:
    """Words, and what they mean. The patterns are compiled when first needed: every process reads
    this module, few ever meet a refusal, and all of them take longer than the rest of it.
    """

    name: str
    bounce: Bounce
    blame: Blame
    _words: str
    _codes: str = ""

    @cached_property
    def words(self) -> re.Pattern[str]:
        """What the words are found by."""
        return re.compile(self._words)

    @cached_property
    def codes(self) -> re.Pattern[str] | None:
        """Enhanced status codes beside which alone the words mean this; None for any and none."""
        return re.compile(self._codes) if self._codes else None


def _rule(
    name: str, bounce: Bounce, *words: str, blame: Blame = Blame.READER, codes: str = ""
) -> Rule:
    return Rule(name, bounce, blame, "|".join(words), codes)


_WHO = (
    r"(?:user ?(?:s|names?|id)?|recipients?|mail[ -]?box(?:es)?|mail ?drop|accounts?"
    r"|address(?:es|ee)?|alias|rcpt|local[ -]?part|person|inbox|customer|subscriber"
    r"|(?:mailing[ -]?|distribution )list|group)"
)
_GONE = (
    r"(?:unknown|invalid|non-?existent|unrecogni[sz]ed|(?:does|do|did) ?n[o']?t (?:exist|have)"
    r"|doesn t exist|no longer (?:exist\w*|valid|available|active|in use|here|on this server|works?"
    r"|with|used|on|accepts? (?:e-?)?mail)|not? (?:be )?(?:found|known|exist\w*|recogni[sz]ed|valid"
    r"|listed|registered|present|hosted here|a known|a valid|an active|our customer"
    r"|on (?:this |the )?(?:server|system|file)|here)"
    r"|(?:is|was|could|can) ?n[o']?t (?:be )?(?:found|resolved|located|identified|valid|known"
    r"|recogni[sz]ed|registered|listed)"
    r"|doesn't live here|moved away"
    r"|(?:has been|was|is|been) (?:deleted|removed|closed|terminated|discontinued|deactivated"
    r"|cancell?ed)|is (?:incorrect|wrong|no good|no more)|undefined)"
)
# Filler between the two: an address (written "~"), punctuation, a few words of one sentence.
_GAP = r"[^.;!?]{0,60}?"

RULES: tuple[Rule, ...] = (
    # Refused before the recipient was named: nothing can have been said about the reader.
    _rule(
        "refused before the recipient was named",
        Bounce.BLOCKED,
        r"after (?:mail from|initial connection|helo|ehlo)|in reply to (?:mail from|helo|ehlo)",
        r"did not like our (?:mail from|helo|ehlo)|my name was rejected",
        r">>> (?:mail from|helo|ehlo)[^<]*<<<",
        blame=Blame.SENDER,
    ),
    # Limits: of the receiver first, for their words contain those of the sender's.
    _rule(
        "the mailbox receives too fast",
        Bounce.SOFT,
        r"receiving (?:e-?)?mail (?:at a rate|too (?:quickly|fast|often))",
        r"recipient ?(?:rate|thread|receive)[ -]?limit",
        r"recipient.{0,40}exceeded.{0,30}(?:rate|messages per|hourly)",
        r"too many (?:messages|mails) for (?:this|the) recipient",
    ),
    _rule(
        "a limit of the sender",
        Bounce.BLOCKED,
        r"(?:daily|hourly|per[- ](?:day|hour|minute))[^.;]{0,30}(?:limit|quota|maximum|exceeded)",
        r"(?:limit|quota|maximum|exceeded)[^.;]{0,30}(?:daily|hourly|per[- ](?:day|hour|minute))",
        r"(?:sen(?:d|ds|ding|der|t|ders?'s)|outgoing|outbound|submission"
        r"|smtp)\b[^.;]{0,20}(?:limit|quota|rate)",
        r"(?:message|mail|connection|recipients?) rate",
        r"(?:limit|quota)[^.;]{0,30}(?:for|by|of) (?:this |the |your )?(?:sender|account"
        r"|user sending|sending)",
        r"rate.?limit|throttl",
        r"too many (?:recipients|messages|e-?mails|mails|connections|sessions|concurrent|rcpt"
        r"|hops? recipients|invalid recipients|errors|bad commands|unknown|smtp|commands"
        r"|requests|addresses|deliveries)",
        r"(?:recipients?|messages|connections) (?:limit|count)[^.;]{0,20}(?:exceed|reached)",
        r"(?:exceed|reached)\w*[^.;]{0,40}(?:number of|allowed) (?:invalid )?(?:recipients|messages"
        r"|connections|e-?mails)",
        r"(?:you|sender|account|ip|host|domain) ?(?:~ )?(?:has|have|is) (?:sent|sending"
        r"|exceeded)[^.;]{0,30}(?:too|limit|quota|maximum|allowed|many|fast)",
        r"sending too (?:many|fast|much)|messages? (?:per|from) (?:session|connection)",
        r"max(?:imum)? (?:emails?|messages?|mails?|connections?|recipients?"
        r"|number of recipients) ",
        r"slow(?:ing)? down|frequency (?:is )?limit",
        blame=Blame.LIMIT,
        codes=r"(?!5\.2\.2)",
    ),
    _rule(
        "the mailbox is full",
        Bounce.SOFT,
        r"(?:over|out of|above|exceed\w*|beyond|disk|storage|mailbox|mail|user|his|her|their"
        r"|its|account|full|allocated|allowed|space|no|within|hard) ?(?:the |its |his |her "
        r"|their |disk |storage |mailbox |mail |account |allowed |allocated )*quota",
        r"quota (?:is |has been |was )?(?:exceed|full|violat|reached|limit|used)|overquota",
        r"over-quota|quotaexceed|mailboxfull",
        r"(?:mail[ -]?box|in ?box|mail ?drop|mail ?folder|account|user|storage|postfach"
        r"|directory|message store)\b[^.;]{0,50}\b(?:full|overflow|exceed\w*|overdrawn|voll"
        r"|over (?:the )?(?:limit|size|its))",
        r"\bfull (?:mail[ -]?box|in ?box|quota)",
        r"(?:insufficient|not enough|out of|no|lack of) (?:mailbox |mail ?|user )storage",
        r"(?:storage|space) (?:limit|allocation)",
        r"recipient (?:storage )?(?:full|is full|is over)|too (?:much|many) mail (?:data|in)",
        r"mailbox (?:size )?limit|exceeded storage allocation",
        r"(?:mailbox|user|recipient|account)[^.;]{0,30}(?:run|ran|is) out of"
        r" (?:space|storage|room)",
        r"automatically rejected:? (?:not enough disk space|[^.;]{0,20}quota)",
        other.FULL_MAILBOX,
    ),
    # What the sender is.
    _rule(
        "relaying is denied",
        Bounce.BLOCKED,
        r"relay(?:ing)?\b[^.;]{0,30}(?:denied|not|prohibit|refused|reject|block|disallow|forbid)",
        r"(?:unable|not (?:able |permitted |allowed |authori[sz]ed )?|cannot|can't|won't"
        r"|refus\w+|no) (?:to )?(?:open )?relay",
        r"list of allowed rcpthosts|not a gateway|not (?:a )?local domain",
        r"is not local\b.{0,10}relay|must (?:first )?(?:authenticate|login|log in)|smtp auth",
        blame=Blame.SENDER,
    ),
    _rule(
        "a group takes mail from its own people only",
        Bounce.BLOCKED,
        r"resolver\.rst(?!\.(?:recip|siz))",
        r"(?:may|do|does) not have permission to (?:post|send)",
        r"non-?members?\b|members[- ]only|only (?:members|subscribers|moderators)"
        r"|subscribers? only",
        blame=Blame.MESSAGE,
    ),
    _rule(
        "the sender is not authenticated",
        Bounce.BLOCKED,
        r"\b(?:spf|dkim|dmarc|arc-seal)\b|(?:un|not |n't |non-?)authenticated",
        r"authenticat\w+[^.;]{0,30}(?:fail|required|check|error|not pass|missing|invalid)",
        r"(?:require\w*|fail\w*|enable|turn on|need\w*|insufficient)[^.;]{0,30}authenticat",
        r"must issue a starttls|starttls (?:first|is required)|encryption (?:needed|required)",
        r"requires? (?:tls|encryption)|message contained unsafe or suspicious links",
        blame=Blame.SENDER,
    ),
    _rule(
        "the sender's host has no proper name",
        Bounce.BLOCKED,
        r"reverse[ -]?(?:dns|lookup|host|record|name|pointer|address|map|ip)|\br ?dns\b",
        r"\bptr\b|invalid rdns",
        r"(?:cannot|can't|could not|unable to|can not|couldn't) (?:find|resolve|lookup|verify"
        r"|look up)(?: the| a)? your (?:reverse |host|ip|domain|client)",
        r"cannot find your (?:host|reverse)",
        r"helo (?:command )?(?:rejected|denied|invalid|name|mismatch)",
        r"(?:invalid|bad|bogus) (?:helo|ehlo)|helo\b.{0,40}(?:invalid|reject|fqdn|resolve)",
        r"unknown (?:helo|ehlo)|fix your (?:dns|reverse)",
        r"your (?:mail ?server|(?:sending |mail )?host|smtp server|hostname)[^.;]{0,60}(?:not"
        r"|n't|no|invalid|unknown|missing|bad)\b",
        r"(?:generic|dynamic|residential)[^.;]{0,20}(?:ip|hostname|address|ptr|rdns)",
        r"hostname[^.;]{0,30}(?:mismatch|does ?n[o']?t (?:match|resolve))|bad dns",
        blame=Blame.SENDER,
    ),
    _rule(
        "the sender's address is refused",
        Bounce.BLOCKED,
        r"(?:senders?|mail ?from|from address|from ~|from header|return.?path|envelope.?from"
        r"|sending domain|originator|reverse.?path|domain of (?:the )?sender|from domain"
        r"|sender's)\b[^.;]{0,40}(?:reject|denied|refus|does ?n[o']?t|not|unknown|invalid|fail"
        r"|listed|block|could|missing|bad|forbid|disallow|deny|illegal|verif|syntax|unresolv"
        r"|cannot)",
        r"(?:bad|invalid|unknown|unverified|illegal|forged|fake|unresolvable|unroutable|blocked"
        r"|forbidden|unauthori[sz]ed|not allowed|disallowed|reject\w*|refus\w*|deny|denied"
        r"|block\w*|verify|non-?existent|unacceptable)[^.;]{0,12} (?:senders?|from address"
        r"|return[- ]?path|sending domain)\b",
        r"not (?:allowed|permitted|authori[sz]ed|able) to (?:send|use|post|mail|submit|e-?mail)",
        r"email address is not verified|not owned by user|invalid domain name|callback",
        r"(?:sending|originating|return) (?:account|address|user|mail ?box|domain|path)"
        r"|your (?:e-?mail )?(?:domain|address|account)[^.;]{0,30}(?:not|n't|unknown|invalid)",
        r"\bfrom:? ?(?:domain|address|header)\b[^.;]{0,40}(?:invalid|not|n't|unknown|missing)",
        r"invalid (?:from|domain,? see)|invalid dns mx|verification failed for ~",
        r"response: 5\d\d|called: |must exist for sender",
        other.REFUSED_SENDER,
        r"call-?out|use the smtp server of your isp|your (?:isp|provider)'s (?:smtp|mail)",
        r"we(?:re|'re)?n't recognized as a valid sender",
        blame=Blame.SENDER,
    ),
    _rule(
        "the sender is on a block list",
        Bounce.BLOCKED,
        r"black[ -]?list|block[ -]?list|deny[ -]?list",
        r"\b(?:rbl|dns-?bl|dnsrbl|rhsbl|drbl|urbl|surbl)s?\b|spamhaus|spamcop|barracudacentral",
        r"sorbs|abuseat|uceprotect|mailspike|senderscore|invaluement|truncate|dnswl|psbl",
        r"trustedsource|proofpoint dynamic|ivmsip|abusix",
        r"\b(?:is|are|was|been|currently|ip|address) (?:listed|found) (?:in|on|at|by|with)\b",
        r"listed (?:at|in|on|by) ~",
        r"(?:client|sending|your|source|connecting)[^.;]{1,12}(?:host|ip|server|network|mta"
        r"|ip address|mailserver|range|subnet|provider)\b[^.;]{0,50}(?:block|reject|ban|denied"
        r"|refus|reputation|listed|not accepted|disallow|deny|restrict|forbid|suspicious)",
        r"\breputation\b",
        r"blocked (?:using|by ~|by ldap|for abuse|due to(?! inact)|because|from sending)",
        r"\bbanned\b|\[(?:cs|ip|tss|ts|ss|gl|iph|rlyb)\d+\]|\(s3\d{3}\)",
        r"part of (?:their|your) network|block ?(?:ed)? ?ip",
        r"\b(?:ip|host|server|connection)\b[^.;]{0,20}(?:has been|is|was) (?:temporarily )?(?:block"
        r"|reject|ban|refus)",
        r"bad ?reputation|poor reputation|abus(?:e|ive)\b",
        r"messages? from \S{1,60} were ?n[o']?t sent|\bip=\S+ - |\(bl\)",
        # NetEase (163, 126, yeah) gives its reasons as codes of two letters and three.
        r"\b(?:dt|mi|rp|hl|ro|cr|sc):[a-z]{3}\b",
        other.BLOCK_LIST,
        blame=Blame.SENDER,
    ),
    # What the message is, and policies on such mail.
    _rule(
        "taken for spam, or worse",
        Bounce.BLOCKED,
        r"\bspam(?:my|ming|mer|mers|like|assassin)?\b|\b(?:ube|uce)\b|\bjunk\b|\bphish\w*",
        r"unsolicited|virus|malware|infected|trojan|worm\b|suspicious|malicious",
        r"bulk (?:e-?)?mail|\bscam\b|fraud|contains? (?:an? )?(?:url|link|domain)",
        other.SPAM,
        r"(?:content|attachment|body|subject|header|url|link|file)s?\b[^.;]{0,40}(?:prohibited"
        r"|forbidden|not accept\w*|reject\w*|refus\w*|block\w*|denied|banned|violat\w*"
        r"|quarantin\w*|disallow\w*|not allowed|objection\w*|unacceptable|undesirable)",
        r"(?:reject\w*|refus\w*|block\w*|denied|deny|filtered|violat\w*)[^.;]{0,25}\b(?:content"
        r"|attachments?|filters?|body)\b",
        r"content filter|rfc ?5322|rfc ?2822|not rfc|rfc compliant",
        r"missing (?:message-id|from|date|valid|header)|bare (?:lf|cr|newline)",
        r"duplicate headers?|header (?:error|syntax|missing)",
        blame=Blame.MESSAGE,
    ),
    # Outlook and Exchange Online say this of a recipient that the domain's directory lacks.
    _rule(
        "no such address",
        Bounce.HARD,
        r"recipient address rejected: access denied",
        codes=r"5\.4\.1$",
    ),
    _rule(
        "a policy refuses it",
        Bounce.BLOCKED,
        r"\bpolic(?:y|ies)\b|administrative(?:ly)? (?:prohibit|reject|denied|refus|block|lock)",
        r"access (?:deni\w+|refused|not allowed|forbidden|rejected)",
        other.POLICY,
        r"(?<!name )(?:not|n't) (?:have )?(?:permission|permitted|authori[sz]ed|allowed"
        r"|privileg)",
        r"\bunauthori[sz]ed\b|permission (?:to|denied)|prohibited|forbidden|restricted",
        r"restriction|security reasons",
        r"only (?:accepts?|receives?|takes?) (?:e-?)?(?:mails?|messages?) from|whitelist",
        r"white list|allow ?list|moderat|challenge|greylist|gray ?list|grey ?list",
        r"\bblocked\b(?! due to inact)",
        r"\brefused by\b|not accepting mail from|does ?n[o']?t accept mail from",
        r"refus\w+ to (?:accept|talk)|go away|\bbounced by\b|not (?:wanted|welcome) here",
        blame=Blame.MESSAGE,
    ),
    _rule(
        "the message is too large",
        Bounce.SOFT,
        r"(?:message|mail|e-?mail|content|body|attachment|data|header|line"
        r"|file)s?\b[^.;]{0,30}(?:too (?:large|big|long)|\bsize|length|exceed\w*|larger than"
        r"|bigger)",
        r"too (?:large|big)\b|size (?:limit|exceed|violat)|(?:size|length|line) limit",
        r"maximum (?:message |allowed )?(?:size|length)|exceed\w* [^.;]{0,30}size",
        other.TOO_LARGE,
        blame=Blame.MESSAGE,
    ),
    # The mailbox is there, and closed for now.
    _rule(
        "the mailbox is suspended",
        Bounce.SOFT,
        rf"{_WHO}{_GAP}\b(?:suspend\w*|frozen|locked|inactive|not active|on hold"
        rf"|under maintenance|unconfirmed|expired|dormant|blocked|restricted|not (?:yet )?activated"
        rf"|out of order|migrat\w*)",
        r"\b(?:suspended|frozen|locked|inactive|dormant) (?:user|account|mail[ -]?box|recipient"
        r"|address)",
        r"temporar\w+ (?:disabled|suspended|locked|unavailable|inactive|blocked|rejected)",
        r"(?:disabled|unavailable|deactivated)[^.;]{0,20} (?:temporar\w+|for now|at (?:this"
        r"|the) (?:time|moment))",
        r"(?:account|mailbox|user) (?:has been |is )?(?:blocked|banned)",
        other.SUSPENDED,
    ),
    # A name server's last word. Its failures stand below, and say nothing of the name.
    _rule(
        "no such domain",
        Bounce.HARD,
        r"^(?!.*(?:serv ?fail|try again|timed? ?out|temporar)).*(?:\bnx ?domain\b"
        r"|nonexistentdomain|(?:dns|domain|name|host) ?lookup (?:failure|failed|error)[:,]? "
        r"(?:the )?(?:host|domain)(?: name)? ~ (?:was )?not found)",
        r"because the domain is not reachable.? please check the domain",
    ),
    # Their server, the network or a time limit. Before what is dead: a server whose lookup failed
    # says both.
    _rule(
        "their server or the way to it is out of order",
        Bounce.SOFT,
        r"timed? ?out|time-?out|try (?:again|it|sending|once|back) (?:later|in|after|at|soon)",
        r"not found,? try again|please (?:re-?try|resend)|retry (?:later|time|timeout)",
        r"temporar(?:y|il\w+)|transient|for now\b|at this time",
        r"connect(?:ion|ions|ing)?\b[^.;]{0,40}(?:refused|reset|closed|lost|fail\w*|dropped"
        r"|died|broken|error|terminated|unexpected\w*|aborted|interrupted|unsuccessful"
        r"|impossible)",
        r"(?:could|can|was|were|unable|not|n't|fail\w*|refus\w+)[^.;]{0,30}connect(?: |ion|$)",
        r"did not accept our requests? to connect|refused (?:to accept )?a connection",
        r"unreachable|no route|not responding|no (?:answer|response)",
        r"(?:did|does) ?n[o']?t (?:answer|respond)|socket error|network (?:error|problem|is)",
        r"broken pipe|conversation with|expired|(?:in|on) the (?:mail )?queue|for too long",
        r"too long (?:in|on)|attempts?\b[^.;]{0,20}(?:fail|unsuccess|exhaust|exceed)",
        r"failed \d+ attempts|gave up after|aborted after|delivery time|lifetime|too old",
        r"not delivered (?:within|in) |maximum (?:retry|time)|\bloop(?:s|ing|ed)?\b|hop count",
        r"too many hops|excessive hops|received headers|duplicated message-?id",
        r"(?:could|can) ?n[o']?t (?:create|open|write|lock|stat|chdir|fork|execute|save|append"
        r"|access|deliver to (?:mailbox|file|command|pipe))",
        r"permission problem|command (?:died|failed)|mailer error|returned (?:exit|status)",
        r"exit status|lock file|i/o error|read-only|procmail|maildrop:|local delivery fail",
        r"local configuration|local error|configuration (?:error|problem)",
        r"internal (?:error|server|software)|software error|system error|program ?error",
        r"unexpected (?:error|failure)|(?:unknown|other|undefined) (?:error|mail system)",
        r"(?:insufficient|not enough|out of|no|low) (?:system |disk |free )*(?:resources?"
        r"|storage|space|memory|disk)",
        r"disk (?:is )?(?:full|space|error)|resources? (?:temp|unavail|limit)|file ?system",
        r"over ?load|too busy|\bbusy\b|load (?:too|average)",
        r"service (?:temporarily |currently )?(?:un|not )available",
        r"(?:system|server) (?:is |not )(?:not |temporarily |currently )?(?:available|down"
        r"|unavailable|shutting|accepting)",
        r"maintenance|shutting down|not accepting (?:network )?(?:messages|mail)|serv ?fail",
        r"(?:malformed|unexpected) (?:or unexpected )?name ?server",
        r"name ?server (?:error|fail|timeout|returned)",
        r"dns (?:lookup |server |query )?(?:fail\w*(?!: host ~ not found)|error|time|problem"
        r"|returned)",
        r"(?:mx|dns|host|domain|address|name|cname)[ -]?(?:record )?(?:lookup"
        r"|resolution) (?:fail\w*(?!: host ~ not found)|error|time|problem|temp|deferred)",
        r"temporary lookup|lookup deferred|may not exist|could not find a gateway|cname lookup",
        r"transaction failed|unable to (?:process|complete)|cannot (?:process|complete)",
        r"lost connection|points to (?:local ?host|local host|myself|us)\b|lookup did not complete",
        r"verification (?:is )?in progress|unverified (?:recipient |address)",
        other.FOR_NOW,
    ),
    # There is no such address, and there will be none.
    _rule(
        "no such address",
        Bounce.HARD,
        rf"\b{_WHO}\b{_GAP}\b{_GONE}",
        rf"\b(?:no such|unknown|invalid|non-?existent|not a (?:known|valid)|bad|undeliverable"
        rf"|wrong|incorrect|unrecogni[sz]ed|undefined) (?:local |e-?mail |mail |destination "
        rf"|recip(?:ient)?|virtual |to |final |mailbox |recipient |user |such |mailhost |delivery "
        rf"|internal )*{_WHO}\b(?! (?:has|is|specified|was|given|in header|syntax))",
        r"no (?:mail[ -]?box|account|user|recipient|one|body|person)[^.;]{0,20} (?:by|with|of"
        r"|under|for|matching|named) (?:that|this|the|such)",
        r"have an? (?:[\w~-]+ )?account|not our customer",
        r"(?:can ?not|can't|could ?n[o']?t|unable to|did ?n[o']?t|do ?n[o']?t) (?:find|locate"
        rf"|identify|recogni[sz]e|have) (?:an? |any |the |that |this |such |e-?mail )*{_WHO}\b",
        rf"no longer (?:has|have) an? (?:e-?mail |valid )*{_WHO}\b|no record of (?:that|this|the)",
        r"no matching (?:name|user|entry|recipient|address)|no one at this|in name directory",
        rf"\b{_WHO}\b(?: ~)? has been replaced|reserved by rfc|not in my (?:valid ?rcpt ?to|list of"
        r" (?:valid|known) recipients)|in my bad ?(?:rcpt|recipient) ?to|\bbad ?rcpt ?to\b",
        r"^\W*(?:[245]\d\d)?\W*~\W*(?:is |was )?(?:not found|does ?n[o']?t exist|invalid|unknown)",
        r"not an? (?:active|local|existing|deliverable) (?:e-?mail )?(?:address|user|mailbox)",
        r"no valid recipients?,? bye|bad-?(?:mailbox|recipient)\b",
        r"recipient (?:address )?(?:is )?not ok\b|user-?unknown|recipient ?not ?found",
        other.NO_SUCH_ADDRESS,
        r"not our (?:user|customer|recipient|subscriber|address)",
        r"no such (?:person|employee|name|entry)|un-?rout(?:e)?able address|no local mailbox",
        r"no mailbox here|\bno (?:mail[ -]?box|user|account|alias)\b(?! full)",
        r"address (?:was |could )?(?:not |n't )(?:be )?found",
        r"resolver\.adr\.(?:ex)?recip\w*not ?found|adr\.(?:badprimary|invalidsmtp|invalid)",
        r"recip(?:ient)?notfound",
        r"not (?:found |listed |present |recogni[sz]ed |known |defined )?(?:in|to|by|at"
        r"|on) (?:the |our |this |any )?(?:\w+ )?(?:directory|user table|recipient table"
        r"|alias table|address book|mailbox table|domino|name & address|public name|ldap"
        r"|active directory|virtual)",
        r"user path no exist|not a member of|unknown or illegal|lookup in domain map failed",
        r"no valid recipients? \(#5\.1|(?:rcpt|recipient|user) ~ not ok|no one (?:here )?by",
        r"(?:has|have) (?:moved|been moved)[^.;]{0,20}(?:no|new|to)|no forwarding address",
        r"(?:no longer|not) (?:an )?(?:employe[ed]|work\w*) (?:with|for|at|here|by)",
    ),
    _rule(
        "no such domain",
        Bounce.HARD,
        r"(?:host|domain|domain name|hostname|mail domain)s?\b[^.;:]{0,40}(?:unknown|not found"
        r"|does ?n[o']?t exist|not exist|could ?n[o']?t be found|is invalid|non-?existent)",
        r"(?:unknown|no such|invalid|bad|non-?existent|illegal) (?:mail )?(?:host|domain"
        r"|destination (?:host|domain|system)|mail domain|host/domain)",
        r"nx ?domain|name or service not known|no address associated|nonexistentdomain",
        r"(?:no|n't find an?|not find an?|without|lacks?)\b[^.;]{0,12}(?:\bmx\b"
        r"|mail exchanger?s?)(?! (?:connection|server (?:resp|answ|reach)))",
        r"un-?rout(?:e)?able (?:mail )?domain|null ?mx|indicated no smtp service",
        r"all relevant mx records point to non-existent",
        r"(?:host|domain|server|system)\b[^.;]{0,20}(?:(?:does|do) ?n[o']?t|never) (?:accept"
        r"|receive|take)s? (?:any )?(?:e-?)?mail(?! from)",
        r"accepts no mail|(?:recipient|destination)(?:'s)? domain must exist",
        other.NO_SUCH_DOMAIN,
    ),
    # A mailbox that its owner or their provider closed. One that is only locked stands above.
    _rule(
        "the mailbox is disabled",
        Bounce.HARD,
        rf"{_WHO}{_GAP}\b(?:disabled|deactivated|decommissioned|retired|obsolete|closed)\b",
        r"\b(?:disabled|deactivated|closed|deleted|discontinued) (?:user|account|mail[ -]?box"
        r"|recipient|address)",
        codes=r"5\.(?:[012])\.|$",
    ),
    _rule(
        "the mailbox is disabled",
        Bounce.HARD,
        r"\bdisabled\b|\bclosed\b",
        codes=r"5\.2\.1$",
    ),
    # What RFC 5321 says beside 550, and many servers beside anything: only where no code objects.
    _rule(
        "the mailbox is unavailable",
        Bounce.HARD,
        r"mail[ -]?box (?:is )?(?:unava\w+|not available|name not allowed"
        r"|name (?:is )?invalid)",
        r"(?:recipient|user|account) (?:is )?(?:unava\w+|not available)|name not allowed",
        codes=r"5\.(?:1\.|2\.1|[05]\.0)|$",
    ),
    # Gateways that ask a directory answer so, and say no more.
    _rule("the address is rejected", Bounce.HARD, r"\baddress rejected\b", codes=r"5\.1\.0$"),
    # Words that say no more than that the message was not taken.
    _rule(
        "the message is refused",
        Bounce.BLOCKED,
        r"(?:message|mail|e-?mail)s? (?:was |has been |have been |is |are |been "
        r"|content )*(?:reject|refus|block|not accepted|denied|discarded|dropped|quarantin"
        r"|filtered)",
        r"(?:reject\w*|refus\w*|block\w*|denied|filtered) (?:this|your|the) (?:message|e-?mail"
        r"|mail)",
        blame=Blame.MESSAGE,
    ),
)
