# ruff: noqa: RUF001
"""Tells months by their names, in the languages dates of birth are written in.

A table: full and short names as lower-case letters with accents folded, from Unicode CLDR
(Unicode License v3). A name of two months (listopad: October in Croatian, November in Polish) is in none.
"""

from typing import Final

_NAMES: Final = {
    1: (
        "degen degener ene enero gen gener gennaio ian ianuarie jaan jaanuar jan janeiro "
        "januar januara januari january janv janvaris janvier led leden ledna oca ocak saus "
        "sausio sausis sij sijecanj sijecnja sty styczen stycznia tammi tammikuu tammikuuta "
        "ιαν ιανουάριος ιανουαρίου січ січень січня янв январь января яну януари јан јануар "
        "ינו ינואר يناير ژانویه ژانویهٔ जन जनवरी มกราคม มค 一月"
    ),
    2: (
        "defebr defebrer feb febbraio febr febrer febrero februar februara februari februarie "
        "februaris february fev fevereiro fevr fevrier helmi helmikuu helmikuuta lut lutego "
        "luty sub subat uno unor unora vas vasario vasaris veebr veebruar velj veljaca "
        "veljace φεβ φεβρουάριος φεβρουαρίου лют лютий лютого феб фебруар фев февр февраль "
        "февраля февруари פבר פברואר فبراير فوریه فوریهٔ फ़र फ़रवरी กพ กุมภาพันธ์ 二月"
    ),
    3: (
        "bre brezen brezna demarc kov kovas kovo maalis maaliskuu maaliskuuta maart mar marc "
        "marca march marcius marco marec maret mars mart martie marts marz marzec marzo mrt "
        "ozu ozujak ozujka μάρ μάρτιος μαρ μαρτίου бер березень березня мар март марта מרץ "
        "مارس मार्च มีค มีนาคม 三月"
    ),
    4: (
        "abr abril apr april aprila aprile aprilie aprilis aprill avr avril bal balandis "
        "balandzio dabr dabril dub duben dubna huhti huhtikuu huhtikuuta kwi kwiecien "
        "kwietnia nis nisan tra travanj travnja απρ απρίλιος απριλίου апр апрель апреля април "
        "квіт квітень квітня אפר אפריל آوریل أبريل अप्रैल เมย เมษายน 四月"
    ),
    5: (
        "demaig geg geguze geguzes kve kveten kvetna mag maggio mai maig maijs maio maj maja "
        "majus may mayis mayo mei svi svibanj svibnja touko toukokuu toukokuuta μάι μάιος μαΐ "
        "μαΐου май мая мај трав травень травня מאי مايو مه مهٔ मई พค พฤษภาคม 五月"
    ),
    6: (
        "birz birzelio birzelis cerven cervna cvn cze czerwca czerwiec dejuny giu giugno haz "
        "haziran iun iunie juin jun juna june junho juni junij junijs junio junius juny juuni "
        "kesa kesakuu kesakuuta lipanj lipnja ιουν ιουνίου ιούν ιούνιος июн июнь июня черв "
        "червень червня юни јун יוני يونيو ژوئن जून มิถุนายน มิย 六月"
    ),
    7: (
        "cervence cervenec cvc dejul dejuliol heina heinakuu heinakuuta iul iulie juil "
        "juillet jul jula julho juli julij julijs julio juliol julius july juuli liep liepa "
        "liepos lipca lipiec lug luglio srpanj srpnja tem temmuz ιουλ ιουλίου ιούλ ιούλιος "
        "июл июль июля лип липень липня юли јул יולי يوليو ژوئیه ژوئیهٔ जुल जुलाई กค กรกฎาคม "
        "七月"
    ),
    8: (
        "ago agost agosto agu agust agustos agustus aout aug august augusta augusti augusts "
        "augustus augusztus avg avgust dag dagost elo elokuu elokuuta kol kolovoz kolovoza "
        "rugp rugpjucio rugpjutis sie sierpien sierpnia srpen srpna αυγ αυγούστου αύγ "
        "αύγουστος авг август августа серп серпень серпня אוג אוגוסט أغسطس اوت अग अगस्त สค "
        "สิงหาคม 八月"
    ),
    9: (
        "deset desetembre eyl eylul rugs rugsejis rugsejo ruj rujan rujna sep sept september "
        "septembra septembre septembrie septembris septiembre set setembre setembro settembre "
        "syys syyskuu syyskuuta szept szeptember wrz wrzesien wrzesnia zar zari σεπ "
        "σεπτέμβριος σεπτεμβρίου вер вересень вересня сент сентябрь сентября сеп септембар "
        "септември ספט ספטמבר سبتمبر سپتامبر सित सितंबर กย กันยายน 九月"
    ),
    10: (
        "doct doctubre eki ekim loka lokakuu lokakuuta oct october octobre octombrie octubre "
        "okt oktober oktobra oktobris oktoober ott ottobre out outubro paz pazdziernik "
        "pazdziernika rij rijen rijna spal spalio spalis οκτ οκτωβρίου οκτώβριος жовт жовтень "
        "жовтня окт октобар октомври октябрь октября אוק אוקטובר أكتوبر اکتبر अक्टू अक्टूबर "
        "ตค ตุลาคม 十月"
    ),
    11: (
        "denov denovembre kas kasim lapkr lapkricio lapkritis listopadu marras marraskuu "
        "marraskuuta noiembrie nov november novembra novembre novembris novembro noviembre "
        "stu studeni studenoga νοέ νοέμβριος νοε νοεμβρίου лист листопад листопада нов "
        "новембар ное ноември нояб ноябрь ноября נוב נובמבר نوامبر نوفمبر नव नवंबर พย "
        "พฤศจิกายน 十一月"
    ),
    12: (
        "ara aralik dec december decembra decembre decembrie decembris dedes dedesembre des "
        "desember desembre dets detsember dez dezember dezembro dic dicembre diciembre gru "
        "grudnia grudzien gruod gruodis gruodzio joulu joulukuu joulukuuta pro prosinac "
        "prosinca prosince prosinec δεκ δεκέμβριος δεκεμβρίου груд грудень грудня дек декабрь "
        "декабря декември дец децембар דצמ דצמבר دسامبر ديسمبر दिस दिसंबर ธค ธันวาคม 十二月"
    ),
}

MONTH_OF: Final = {name: month for month, names in _NAMES.items() for name in names.split()}
"""Name to number of the month."""
