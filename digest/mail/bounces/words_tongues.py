"""The words of servers and auto-replies in other languages than English, one expression a line.

Some are as localised servers and providers write (Exchange, Domino, Gmail, Orange, Mail.Ru, QQ),
others as a person would put it in a server's settings; each is cut down to what many of them say.
"""

from __future__ import annotations

from typing import Final

FAILED: Final = r"""
    nicht (?:zu|aus)gestellt|nicht zustellbar|unzustellbar|zustellungsfehler|zustellung.{0,40}fehl
    nicht ausgeliefert|(?:nachricht|mail) .{0,40}nicht erreicht|nachrichtenzustellung
    n'a pas (?:pu )?(?:être|etre|été) ?(?:remis|transmis|distribu|délivr|envoy)
    [ée]chec de (?:la |votre )?(?:remise|livraison|distribution)|non[ -](?:remis|distribu|délivr)
    n'est pas parvenu|pas pu transmettre
    no (?:se )?(?:pudo|puede|ha podido|he podido|fue)(?: ser)? (?:entrega|envia)|no entregad
    error de entrega|entrega (?:ha )?fallid|notificaci[óo]n de error
    impossibile (?:recapitare|consegnare|inviare)|non recapitabil|mancat[ao] (?:recapito|consegna)
    non (?:è stato|può essere|e' stato) (?:recapitat|consegnat)
    n[ãa]o (?:p[ôo]de|foi|pode)(?: ser)? (?:poss[íi]vel )?(?:entreg|envi)|falha na entrega
    n[ãa]o (?:é|e) poss[íi]vel entregar
    onbestelbaar|bezorgen is mislukt|niet (?:worden )?(?:bezorgd|afgeleverd)
    olevererbar|inte (?:att )?leverera|kunne ikke (?:af)?leveres|kan ikke leveres|ikke leveret
    nie (?:można|udało|mogła|została).{0,30}dostarcz|niedostarcz|niedor[ęe]cz
    nedoru[čc]iteln|nelze doru[čc]it|nebylo možné doru[čc]it
    не (?:удалось|может быть|была?|удаётся|удается).{0,40}(?:достав|отправ)|недоставлен
    teslim edilemedi|iletilemedi|nem kézbesíthető|kézbesítés.{0,40}sikertelen
    toimittaminen.{0,30}epäonnistu|ei voitu toimittaa
    配信(?:不能|できま|に失敗|されま)|送信(?:できま|に失敗)|お?届け(?:でき|する)|不達|エラーメール
    退信|被退回|无法(?:投递|传递|送达|发送)|未能向|投递失败|無法(?:傳遞|投遞|寄送)
    전송 실패|배달되지|배달하지|반송
"""

DEAD: Final = r"""
    (?:existiert|bestaat) niet|existiert nicht|nicht (?:gefunden|vorhanden|bekannt|verf[üu]gbar)
    nicht im .{0,30}(?:verzeichnis|adressbuch)|unbekannt
    n'existe (?:pas|plus)|n'est pas connu|introuvable|inconnu
    (?:destinataire|adresse)s? (?:\S+ )?invalide
    no existe|no (?:se |ha sido |fue )?(?:ha )?encontr|desconocid|inexistente|no se encuentra en
    casilla ha expirado
    inesistent|sconosciut|non esiste|non (?:è stat[oa] |e' stat[oa] )?trovat
    desconhecid|n[ãa]o existe|n[ãa]o (?:foi )?encontrad
    onbekend|niet (?:gevonden|bekend)
    ok[äa]nd (?:anv|mott|adress)|finns inte|inte att hitta|ukendt|ukjent|fin[dn]es ikke
    nie istnieje|nie ma takiego|nieznan|nie znaleziono|nezn[áa]m|neexistuje|nenalezen
    не найден|не существует|нет такого|такого пользователя нет|неизвест|несуществ|не удалось найти
    bulunamad|ismeretlen|nem létezik|nem található|tuntematon|ei ole olemassa|ei löydy
    ne postoji|ne obstaja|necunoscut|nu există|άγνωστ|δεν υπάρχει|не знайдено|не існує
    宛先不明|存在しま|見つかりませ|リストにありません|登録されていません|不明な(?:宛先|ユーザ)
    不存在|找不到|没有(?:此|该|这个)用户|查无此|無此|未找到
    존재하지 않|찾을 수 없
"""
"""A user that is not known."""

FULL: Final = r"""
    \bvoll(?:es)?\b|quota .{0,20}überschritten|zuviele mails
    \bpleine?s?\b|\bllen[oa]s?\b|\bpien[oa]\b|\bchei[oa]s?\b|\bagotado|cuota|\bcota\b
    postvak .{0,12}\bvol\b|\bfullt?\b.{0,12}(?:brevlåda|postkasse)
    przepe[łl]|pe[łl]na\b|przekroczon|\bpln[áa]\b|переполнен|превыш|\bdolu\b|betelt|täynnä
    一杯|いっぱい|満杯|容量.{0,10}超|已[满滿]|空[间間]不足|超出.{0,6}(?:容量|配额|配額)|가득
"""
"""A mailbox that is full."""

ABOUT_SENDER: Final = r"""
    (?:absender|afzender|avsändare)\w*(?! ?(?:adresse?)?:).{0,50}(?:unb|onb|okänd|existier|abgel)
    expéditeur(?!:).{0,50}(?:inconnu|refus|rejet|pas)
    (?:remitente|mittente|remetente)(?!:).{0,50}(?:descon|sconos|no existe|recha|rejei|non)
    发件人.{0,20}(?:不存在|拒绝|被)|отправител\w* .{0,30}(?:не|отклон)
"""

ABOUT_US: Final = r"""
    absender|expéditeur|remitente|mittente|remetente|afzender|avsändare|avsender|afsender
    nadawc|odes[íi]latel|odosielate|felad[óo]|gönderen|lähettäjä|expeditor|pošiljatelj
    отправител|відправник|送信者|差出人|发件人|寄件者|발신자|보낸
"""
"""The sender, in a server's reply."""

DELAY: Final = r"""
    verzögert|verzögerung|retard[ée]|retraso|retrasad|ritard|atras|vertraag|försen|forsink
    opóźni|zpožd|задерж|遅延|延迟|延遲|지연
"""

_REPLY: Final = r"(?:antw|svar|besked|vast|od[gp]ov|odpow|yan[ıi]t|válasz|atbil|atsak|отв|відп|отг)"
AUTO_REPLY_SUBJECT: Final = rf"""
    (?:.{{0,40}}\b)?(?:autom|автом|otom|samod)\w* ?{_REPLY}
    r[ée]ponse auto|respuesta autom|risposta autom|resposta autom|r[ăa]spuns auto
    abwesen[dh]|ich bin (?:nicht|bis|im)|urlaub|nicht im (?:haus|b[üu]ro)|außer haus
    absen(?:ce|t)|en congé
    fuera de (?:la )?oficina|ausente|estoy de vacaciones
    risponditore|assen[tz]|fuori (?:ufficio|sede)|in ferie
    ausên|fora do escrit|de férias
    afwezig|niet aanwezig|buiten kantoor
    autosvar|fr[åa]nvaro|fraværende|ikke til stede|poissa
    autoodpowied|nieobecn|mimo kancelář|nepřítom
    автоответ|нет на месте|вне офиса|в отпуске
    ofis dışı|házon kív|ārpus biroja|arpus biroja|atvaļin|atvalin
    αυτόματη|תשובה אוטומטית|מענה אוטומטי|رد تلقائي|trả lời tự động|balasan otomatis|ตอบกลับอัตโนมัติ
    自動(?:応答|返信|回覆|答覆)|自动(?:答复|回复)|不在|休暇|外出|休假|자동|부재
"""

AUTO_REPLY_TEXT: Final = r"""
    nicht im (?:b(?:ü|ue)ro|haus)|(?:bin|im) .{0,30}urlaub|bin .{0,40}(?:abwesend|nicht erreichbar)
    (?:absent|en congé)e?s? (?:du|jusqu|à|au|depuis|pour)|je suis (?:actuellement )?absent
    fuera de la oficina|estoy de vacaciones|estaré ausente
    in ferie|fuori (?:ufficio|sede)|sono assente
    de férias|estou ausente|fora do escrit|op vakantie|ben .{0,20}afwezig|afwezig
    på (?:semester|ferie)|inte på kontoret|lomalla|na urlopie|mimo kancelář|dovolen
    в отпуске|нет в офисе|休暇|不在|休假|휴가
"""
