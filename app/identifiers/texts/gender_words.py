# ruff: noqa: RUF001
"""Tells m and f by the words and codes people write, in the languages customers are kept in.

A table. Words are lower-case letters with accents folded. Left out because languages disagree:
v (vrouw, varón), n (nő, nainen, none), d (donna, divers), u, b; and 0, 3 and up of any coding.
"""

from typing import Final

_MALE: Final = """
m male man men males mand mann boy guy gentleman cisman cismale transman transmale masculine 1
h homme hommes garcon masculin hombre hombres masculino varon chico nino homem homens menino
mannlich herr junge maennlich uomo uomini maschio maschile ragazzo mannelijk jongen
maend hankjonn gutt mandlig mannlig manlig pojke mies miespuolinen poika
mezczyzna meski muz muzsky chlapec ferfi ferfiak barbat barbatesc
muski muskarac moski erkek mees vyras vyriskas virietis virietisvirs
ανδρας ανδρασ αντρας αρσενικο αρρεν αρρην άνδρας άντρας αρσενικό άρρεν
м муж мужской мужчина мужчины мъж мъжки чоловік чоловіча чоловічий мужчини мушкарац мушки мушко
ذكر رجل مذكر مرد مذکر זכר גבר
पुरुष पुल्लिंग नर ชาย เพศชาย nam lakilaki pria lelaki gioitinhnam
男 男性 男子 男人 おとこ オトコ ダンセイ 남 남자 남성 남성분
"""

_FEMALE: Final = """
f female woman women females girl lady gentlewoman ciswoman cisfemale transwoman transfemale feminine 2
femme femmes feminin fille w weiblich weibl frau frauen madchen maedchen
mujer mujeres femenino femenina hembra chica nina mulher mulheres feminino feminina menina
donna donne femmina femminile ragazza vrouw vrouwelijk meisje
k kvinna kvinnlig kvinde kvindelig kvinne kvinnelig flicka pige jente hunkjonn hona
nainen naispuolinen tytto kobieta zenski zena zensky divka noi femeie femeiesc
zenska zensko kadin kiz disi naine moteris moteriska sieviete
γυναικα θηλυ θηλυκο γυναίκα θήλυ θηλυκό
ж жен женский женщина женщины жена женски жінка жіноча жіночий жiнка женско
أنثى انثى امرأة مؤنث زن مونث נקבה אישה אשה
महिला स्त्री स्त्रीलिंग औरत หญิง เพศหญิง perempuan wanita
女 女性 女子 女人 おんな オンナ ジョセイ 여 여자 여성
"""

GENDER_OF: Final = dict.fromkeys(_MALE.split(), "m") | dict.fromkeys(_FEMALE.split(), "f")
