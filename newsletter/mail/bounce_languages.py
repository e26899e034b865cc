"""The words of refusals in languages other than English, for the rules of `bounce_rules`.

Each language names its word for whom or what a sentence is about (a recipient, a domain, a sender,
a mailbox) and for what is said of it (unknown, full, locked); a sentence that has both within a few
words, in either order, says it. So a language is one row, and covers all the sentences that its
servers make of these words.

As in `bounce_rules`, texts come in lower case and without accents: "й" is "и", "ż" is "z". What
has no accent in Unicode's eyes stays as it is: "ł", "ø", "ı", "ß".
"""

from dataclasses import dataclass

_GAP = r"[^.;!?。！？]{0,60}?"
_SHORT = r"[^.;!?。！？]{0,25}?"


@dataclass(frozen=True, slots=True)
class Language:
    """The words of one language, as alternatives of a regular expression."""

    recipient: str
    domain: str
    sender: str
    gone: str
    """What is said of an address, a domain or a sender that does not exist."""
    none: str
    """What stands in front of a recipient that does not exist: "no such", "unknown"."""
    mailbox: str
    """What can be full or too small."""
    full: str
    is_spaced: bool = True
    """Whether words are set apart: they then are looked for from their beginning."""

    def _near(self, what: str, said: str, gap: str = _GAP) -> str:
        edge = r"\b" if self.is_spaced else ""
        return rf"{edge}(?:{what}){gap}{edge}(?:{said})"

    @property
    def no_such_address(self) -> tuple[str, ...]:
        """That the recipient does not exist."""
        return (self._near(self.recipient, self.gone), self._near(self.none, self.recipient, ".?"))

    @property
    def no_such_domain(self) -> tuple[str, ...]:
        """That the recipient's domain does not exist."""
        return (self._near(self.domain, self.gone), self._near(self.none, self.domain, ".?"))

    @property
    def full_mailbox(self) -> tuple[str, ...]:
        """That the mailbox is full."""
        return (self._near(self.mailbox, self.full), self._near(self.full, self.mailbox, _SHORT))

    @property
    def refused_sender(self) -> tuple[str, ...]:
        """That the sender, or its domain, does not exist or is refused."""
        return (
            self._near(self.sender, f"{self.gone}|{_REFUSED}"),
            self._near(f"{self.none}|{_REFUSED}", self.sender, _SHORT),
        )


_REFUSED = (
    r"abgelehnt|gesperrt|blockiert|nicht (?:erlaubt|zugelassen)|refusee?|rejetee?|bloquee?"
    r"|rechazad[oa]|bloquead[oa]|rejeitad[oa]|recusad[oa]|rifiutat[oa]|bloccat[oa]|geweigerd"
    r"|geblokkeerd|odrzucon\w+|zablokowan\w+|отклонен\w*|заблокирован\w*|拒否|拒绝|拒絕|차단|거부"
)

LANGUAGES: tuple[Language, ...] = (
    Language(  # German
        recipient=r"(?:e-?mail-?)?(?:adress(?:e|en|at\w*)|empfanger\w*|benutzer\w*|nutzer\w*"
        r"|postf(?:ach|acher)\w*|mailbox|konto|account|teilnehmer\w*|briefkasten)\b",
        domain=r"domane?n?|domain|zielserver",
        sender=r"absender\w*",
        gone=r"unbekannt\w*|existier(?:t|en) nicht|nicht (?:existent|gefunden|bekannt"
        r"|vorhanden|registriert|mehr (?:gultig|vorhanden|aktiv|bekannt|gefuhrt))|nicht gultig"
        r"|gibt es (?:hier )?nicht|ungultig\w*|geloscht|nicht zu finden",
        none=r"kein\w* (?:solche\w* |gultige\w* |passende\w* )?|unbekannte\w* |ungultige\w* ",
        mailbox=r"postfach\w*|mailbox|konto|speicher\w*|kontingent|quota",
        full=r"voll\b|uberfullt|uberschritten|erschopft|ausgeschopft|zu wenig|nicht genug",
    ),
    Language(  # French
        recipient=r"destinataires?|utilisat(?:eur|rice)s?|adress?es?|boites?|compte|abonnee?"
        r"|correspondante?|messagerie",
        domain=r"(?:nom de )?domaine",
        sender=r"expediteurs?|emetteurs?",
        gone=r"inconnue?s?|inexistante?s?|n'existe(?:nt)? (?:pas|plus)|introuvables?"
        r"|invalides?|n'est (?:pas|plus) (?:valide|valable|reconnue?|connue?|attribuee?)"
        r"|n'a (?:pas )?(?:pu etre|ete) (?:trouve|localise)e?|n'a pas ete trouvee?|supprimee?",
        none=r"aucune? |pas d'|pas de (?:tel )?|n'existe (?:pas|plus) d[e'] ?",
        mailbox=r"boites?|messagerie|quota|espace|stockage|bal\b",
        full=r"pleine?s?|depassee?s?|saturee?s?|insuffisante?s?|plus (?:assez )?d'espace",
    ),
    Language(  # Spanish
        recipient=r"usuari[oa]s?|destinatari[oa]s?|cuentas?|buzon(?:es)?|casillas?"
        r"|direccion(?:es)?|persona",
        domain=r"dominios?",
        sender=r"remitentes?|emisor",
        gone=r"desconocid[oa]s?|inexistentes?|no existen?|no (?:ha sido |fue |se ha |es |esta "
        r"|se pudo |se encuentra )?(?:encontrad[oa]|encontro|encontrar|valid[oa]|registrad[oa]"
        r"|reconocid[oa])|invalid[oa]s?|no se (?:ha |pudo |pudieron )?encontr\w+",
        none=r"no existe (?:el |la |ese |esa |dich[oa] |este |esta |ningun[oa]? )?"
        r"|no se (?:ha |han |pudo |puede )?encontr\w+ (?:el |la |al |ningun[oa]? )?"
        r"|ningun[oa]? |no hay (?:ningun[oa]? )?(?:tal )?",
        mailbox=r"buzon|casilla|cuota|espacio|bandeja|almacenamiento",
        full=r"llen[oa]s?|excedid[oa]|superad[oa]|insuficiente|agotad[oa]|sin espacio",
    ),
    Language(  # Portuguese
        recipient=r"usuari[oa]s?|utilizador(?:es)?|destinatari[oa]s?|contas?|caixas?"
        r"|enderecos?",
        domain=r"dominios?",
        sender=r"remetentes?",
        gone=r"desconhecid[oa]s?|inexistentes?|nao (?:existem?|(?:foi |pode ser |e |esta )?"
        r"(?:encontrad[oa]|valid[oa]|cadastrad[oa]|reconhecid[oa]|localizad[oa]))|invalid[oa]s?",
        none=r"nao existe (?:o |a |esse |essa |este |esta |nenhum[oa]? )?|nenhuma? "
        r"|nao (?:foi possivel )?encontr\w+ (?:o |a )?",
        mailbox=r"caixa|quota|cota|espaco|conta|usuario|armazenamento",
        full=r"chei[oa]|lotad[oa]|excedid[oa]|excedeu|insuficiente|esgotad[oa]|sem espaco",
    ),
    Language(  # Italian
        recipient=r"utent[ei]|destinatar(?:io|i)|casell[ae]|indirizz[oi]|account",
        domain=r"domini[o]?",
        sender=r"mittent[ei]",
        gone=r"sconosciut[oaie]|inesistent[ei]|non (?:esiste|esistono|(?:e )?(?:stat[oa] )?"
        r"(?:trovat[oa]|valid[oa]|riconosciut[oa]|registrat[oa]))|non valid[oa]|irreperibile",
        none=r"nessun[oa]? |non esiste (?:l'|il |la |un |alcun )?|impossibile trovare (?:l'|il )?",
        mailbox=r"casella|quota|spazio|cassetta",
        full=r"pien[oa]|superat[oa]|esaurit[oa]|insufficiente",
    ),
    Language(  # Dutch
        recipient=r"gebruikers?|ontvangers?|mailbox|postvak|postbus|(?:e-?mail)?adres"
        r"|geadresseerde|account",
        domain=r"domein(?:naam)?",
        sender=r"afzender",
        gone=r"onbekend|bestaat (?:hier )?niet|niet (?:gevonden|bekend|geldig)|ongeldig",
        none=r"onbekende |ongeldige? |geen (?:zodanige? |dergelijke? )?",
        mailbox=r"mailbox|postvak|postbus|quotum|quota|opslag\w*",
        full=r"vol\b|overschreden|te vol",
    ),
    Language(  # Polish
        recipient=r"uzytkownik\w*|adres\w*|kont[oa]\b|skrzynk\w+|odbiorc\w+",
        domain=r"domen\w+",
        sender=r"nadawc\w+",
        gone=r"nie (?:istnieje|znaleziono|zostal\w* znalezion\w+|został\w* znalezion\w+"
        r"|odnaleziono|jest znan\w+)|nieznan\w+|nieistniejac\w+",
        none=r"nieznan\w+ |nieistniejac\w+ |nie ma taki\w+ |brak (?:taki\w+ )?"
        r"|nie (?:znaleziono|istnieje|odnaleziono) (?:tak\w+ )?",
        mailbox=r"skrzynk\w+|kont[oa]\b|limit\w*|pojemnosc\w*|miejsc\w+",
        full=r"pełn\w+|przepełnion\w+|przekroczon\w+|brak miejsca",
    ),
    Language(  # Swedish, Danish, Norwegian
        recipient=r"anvandare\w*|mottagare\w*|adress?en?|konto\w*|brevlada\w*|bruger\w*"
        r"|bruker\w*|modtager\w*|mottaker\w*|postkasse\w*",
        domain=r"doman\w*|domæne\w*|domene\w*",
        sender=r"avsandare\w*|afsender\w*|avsender\w*",
        gone=r"okand\w*|finns inte|hittades inte|saknas|ogiltig\w*|ukendt|ukjent|findes ikke"
        r"|finnes ikke|eksisterer ikke|ble(?:v)? ikke fun[dn]et|ugyldig\w*",
        none=r"okand\w* |ingen (?:sadan )?|ukendt |ukjent |ugyldig ",
        mailbox=r"brevlada\w*|postkasse\w*|inkorg\w*|innboks\w*|indbakke\w*|kvot\w*",
        full=r"full\b|fuld\b|overskredet|overskriden",
    ),
    Language(  # Finnish, Hungarian, Turkish
        recipient=r"kayttaja\w*|vastaanottaja\w*|osoit\w+|tili\w*|felhasznal\w+|cimzett\w*"
        r"|postafiok\w*|kullanıcı\w*|alıcı\w*|adres\w*|hesap\w*|hesab\w*",
        domain=r"verkkotunnus\w*|tartomany\w*|alan adı",
        sender=r"lahettaja\w*|felado\w*|gonderen\w*|gonderici\w*",
        gone=r"tuntematon|ei (?:loydy|loytynyt|ole olemassa)|ismeretlen|nem (?:letezik"
        r"|talalhato)|bulunamadı|bulunamıyor|mevcut degil|gecersiz|\byok\b",
        none=r"tuntematon |ismeretlen |nincs ilyen |bilinmeyen |boyle bir ",
        mailbox=r"postilaatikko\w*|postafiok\w*|posta kutusu\w*|kota\w*|tarhely\w*",
        full=r"taynna|megtelt|betelt|dolu\w*|astı|asıldı",
    ),
    Language(  # Czech, Slovak, Romanian
        recipient=r"uzivatel\w*|pouzivatel\w*|prijemc\w*|adresat\w*|adres[aey]\b|schrank\w+"
        r"|utilizator\w*|destinatar\w*|casuta\w*",
        domain=r"domen\w+",
        sender=r"odesilatel\w*|odosielatel\w*|expeditor\w*",
        gone=r"neexistuj\w*|neznam\w*|nenalezen\w*|nebyl\w* nalezen\w*|necunoscut\w*"
        r"|inexistent\w*|nu (?:exista|a fost gasit\w*)",
        none=r"neznam\w+ |neexistujici |niciun ",
        mailbox=r"schrank\w+|kvot\w+|casuta\w*|cota\w*",
        full=r"pln[aey]\b|preplnen\w*|prekrocen\w*|plina\b|depasit\w*",
    ),
    Language(  # Russian, Ukrainian
        recipient=r"пользовател\w*|адресат\w*|получател\w*|(?:почтов\w+ )?ящик\w*|адрес\w*"
        r"|учетн\w+ запис\w+|аккаунт\w*|абонент\w*|користувач\w*|отримувач\w*|скриньк\w*",
        domain=r"домен\w*",
        sender=r"отправител\w*|відправник\w*",
        gone=r"не (?:существу\w+|наиден\w*|зарегистрирован\w*|обнаружен\w*|знаиден\w*|існу\w+)"
        r"|неизвест\w+|несуществующ\w+|недеиствител\w+|удален\w*|невідом\w+",
        none=r"нет так\w+ |неизвестн\w+ |несуществующ\w+ |не (?:наиден\w*|существует) |невідом\w+ ",
        mailbox=r"ящик\w*|квот\w*|лимит\w*|мест[оа]\b|скриньк\w*",
        full=r"переполнен\w*|полон\b|заполнен\w*|превышен\w*|недостаточно|переповнен\w*",
    ),
    Language(  # Japanese
        recipient=r"ユーザー?|宛先|あて先|宛て先|受信者|受取人|送信先|メール ?アドレス|アカウント"
        r"|メールボックス|ディレクトリ",
        domain=r"ドメイン",
        sender=r"送信者|差出人|発信者|送信元",
        gone=r"存在し(?:ません|ない|なかった|ておりません)|見つかりません|見つからな|不明|いません"
        r"|ありません|登録されていません|使われていません",
        none=r"該当する|存在しない|不明な",
        mailbox=r"メールボックス|容量|受信箱|ディスク|メールbox",
        full=r"いっぱい|一杯|満杯|超過|超え|不足|オーバー",
        is_spaced=False,
    ),
    Language(  # Chinese
        recipient=r"用[户戶]|收件人|收信人|使用者|[账帐賬帳][户号號戶]|[邮郵信]箱|(?:[邮郵]件)?地址",
        domain=r"域名|網域|网域",
        sender=r"[发發]件人|[发發]信人|寄件[人者]|寄信人|[发發]送者|[发發]送方",
        gone=r"不存在|未找到|找不到|[无無]效|未注[册冊]|已[注註][销銷]|已被?[删刪]除|不正[确確]",
        none=r"找不到(?:[该該此]|[这這][个個])?|[无無]此|[没沒]有(?:此|[该該]|[这這][个個])|不存在的",
        mailbox=r"[邮郵信]箱|收件箱|空[间間]|容量|[存儲储]+空[间間]",
        full=r"已?[满滿]|不足|超[过過出限]|已用[尽完]|用[尽完]",
        is_spaced=False,
    ),
    Language(  # Korean
        recipient=r"사용자|받는 ?사람|수신자|수신인|메일 ?(?:주소|계정)|계정|주소",
        domain=r"도메인",
        sender=r"보낸 ?사람|보내는 ?사람|발신자|송신자|발신인",
        gone=r"존재하지 ?않|찾을 수 없|없(?:는|습니다|음)|잘못된",
        none=r"존재하지 ?않는|없는|알 수 없는",
        mailbox=r"메일함|편지함|사서함|용량",
        full=r"초과|가득|부족",
        is_spaced=False,
    ),
)


def _of_all(name: str) -> str:
    return "|".join(words for language in LANGUAGES for words in getattr(language, name))


NO_SUCH_ADDRESS = _of_all("no_such_address")
NO_SUCH_DOMAIN = _of_all("no_such_domain")
FULL_MAILBOX = _of_all("full_mailbox")
REFUSED_SENDER = _of_all("refused_sender")

BLOCK_LIST = (
    r"sperrliste|schwarze[nr]? liste|liste noire|lista ne(?:gra|ra)|zwarte lijst|czarn\w+ list"
    r"|черн\w+ списк?|ブラックリスト|拒否リスト|黑名[单單]|블랙리스트"
)
SPAM = (
    r"\bindesirables?\b|pourriel|no deseado|indesejad[oa]|indesiderat[oa]|ongewenste"
    r"|niechcian\w+|\bспам\w*|нежелательн\w+|迷惑メール|スパム|垃圾|스팸"
)
POLICY = (
    r"richtlinie|unternehmensregel|politique de|regles de|politicas? de|criteri di|beleid\b"
    r"|zasad\w+ polity|политик\w+|ポリシー|策略|정책"
)
TOO_LARGE = (
    r"zu gro(?:ß|ss)|trop (?:volumineu\w+|gran\w+|gros\w*|lourd\w*)|demasiado grande"
    r"|muito grande|grande demais|troppo grande|te groot|zbyt du\w+|za du[zż]\w+"
    r"|слишком (?:больш\w+|велик\w*)|大きすぎ|大き過ぎ|[太过過]大|너무 큽|너무 커"
)
SUSPENDED = (
    r"\b(?:konto|postfach|benutzer\w*|compte|boite|cuenta|buzon|usuario|conta|caixa|casella"
    r"|utente|gebruiker|mailbox|skrzynk\w+|uzytkownik\w*|ящик\w*|пользовател\w*|аккаунт\w*)"
    r"[^.;]{0,40}\b(?:gesperrt|inaktiv|suspend\w+|bloque\w+|inacti\w+|suspens\w+|inativ\w+"
    r"|sospes[oa]|bloccat[oa]|inattiv[oa]|geblokkeerd|zablokowan\w+|zawieszon\w+|nieaktywn\w+"
    r"|заблокирован\w*|отключен\w*|приостановлен\w*)"
    r"|(?:停止|凍結)(?:中|され)|被?(?:冻结|凍結|停用|禁用|暂停|暫停|鎖定|锁定)|정지|휴면"
)
FOR_NOW = (
    r"zeituberschreitung|vorubergehend|spater (?:noch|erneut|wieder)|temporairement"
    r"|ulterieurement|reessayer plus tard|delai (?:d'attente )?depasse|mas tarde"
    r"|temporal(?:mente)?\b|tiempo de espera|temporari\w+|mais tarde|temporane\w+|piu tardi"
    r"|tijdelijk|later opnieuw|tymczasow\w+|pozniej|временн\w*|(?:попробуите|повторите) позже"
    r"|тимчасов\w+|一時的|しばらく|タイムアウト|稍[后後候]|暂时|暫時|超时|逾時|일시적|나중에"
)
