# ruff: noqa: RUF001
"""Tells countries by what people call them: alpha-3 codes, names in many languages, aliases.

Long because it is a table. Each value: the ISO 3166-1 alpha-3 code, then names as lower-case
letters only (accents folded, no spaces). Sources: ISO 3166-1 short and official English names;
Unicode CLDR 47 territory names in 46 languages and in each country's own (Unicode License v3);
usual aliases. A name that means several countries (Kongo) is in none of them.
"""

from typing import Final

NAMES: Final = {
    "ad": (
        "and andora andorra andorre principalityofandorra ανδόρα андора андорра אנדורה آندورا "
        "أندورا एंडोरा อันดอร์รา アンドラ 安道尔 安道爾 안도라"
    ),
    "ae": (
        "are aontasnaneimiriochtaiarabacha apvienotiearabuemirati araabiauhendemiraadid "
        "arabiaremirerribatuak arabiemiirikunnat birlesikarapemirlikleri "
        "cactieuvuongquocarapthongnhat deforenedearabiskeemirater deforentearabiskeemirater "
        "deisameintearabiskeemirata eau egyesultarabemirsegek emiradosarabesunidos "
        "emiratelearabeunite emirates emiratiarabiuniti emiratosarabesunidos "
        "emiratsarabesunis emiratsarabsunits emiriaharabbersatu forenadearabemiraten "
        "jungtiniaiarabuemyratai sameinuduarabiskufurstadaemin spojenearabskeemiraty uae "
        "ujedinjeniarapskiemirati uniemiratarab unitedarabemirates vae "
        "vereinigtearabischeemirate verenigdearabischeemiraten zdruzeniarabskiemirati "
        "zjednoczoneemiratyarabskie ηνωμένααραβικάεμιράτα оаэ обединениарабскиемирства "
        "обєднаніарабськіемірати уједињениарапскиемирати איחודהאמירויותהערביות "
        "الإماراتالعربيةالمتحدة اماراتمتحدهٔعربی संयुक्तअरबअमीरात สหรัฐอาหรับเอมิเรตส์ "
        "アラブ首長国連邦 阿拉伯联合酋长国 阿拉伯聯合大公國 아랍에미리트"
    ),
    "af": (
        "afg afeganistao afganistan afganistana afganistanas afganisztan afghanistan "
        "anafganastain islamicrepublicofafghanistan owganystan αφγανιστάν авганистан "
        "афганистан афганістан אפגניסטן أفغانستان افغانستان अफ़गानिस्तान อัฟกานิสถาน "
        "アフガニスタン 阿富汗 아프가니스탄"
    ),
    "ag": (
        "atg antigua antiguaabarbuda antiguaagusbarbuda antiguaandbarbuda antiguabarbuda "
        "antiguadanbarbuda antiguaebarbuda antiguaenbarbuda antiguaesbarbuda "
        "antiguaetabarbuda antiguaetbarbuda antiguaibarbuda antiguajabarbuda "
        "antiguaochbarbuda antiguaogbarbuda antiguasibarbuda antiguaundbarbuda "
        "antiguavabarbuda antiguavebarbuda antiguaybarbuda antigvaibarbuda antigvainbarbuda "
        "antigvairbarbuda antigvaogbarbuda antigvaunbarbuda αντίγκουακαιμπαρμπούντα "
        "антигваибарбуда антигуаибарбуда антигуаібарбуда אנטיגואהוברבודה آنتیگواوباربودا "
        "أنتيغواوبربودا एंटिगुआऔरबरबुडा แอนติกาและบาร์บูดา アンティグアバーブーダ "
        "安地卡及巴布達 安提瓜和巴布达 앤티가바부다"
    ),
    "ai": (
        "aia aingira angaile angilija angilja anguila anguilla angvila angvilla ανγκουίλα "
        "ангвила ангилья ангуила ангілья אנגווילה آنگویلا أنغويلا एंग्विला แองกวิลลา アンギラ "
        "安圭拉 安奎拉 앵귈라"
    ),
    "al": (
        "alb albaania albania albanie albanien albanija albansko analbain arnavutluk "
        "republicofalbania shqiperi αλβανία албания албанија албанія אלבניה آلبانی ألبانيا "
        "अल्बानिया แอลเบเนีย アルバニア 阿尔巴尼亚 阿爾巴尼亞 알바니아"
    ),
    "am": (
        "arm anairmein armeenia armenia armenie armenien armenija armensko ermenistan "
        "hayastan ormenyorszag republicofarmenia αρμενία армения вірменія јерменија հայաստան "
        "ארמניה أرمينيا ارمنستان आर्मेनिया อาร์เมเนีย アルメニア 亚美尼亚 亞美尼亞 아르메니아"
    ),
    "ao": (
        "ago angola republicofangola αγκόλα ангола אנגולה آنگولا أنغولا अंगोला แองโกลา "
        "アンゴラ 安哥拉 앙골라"
    ),
    "aq": (
        "ata antarctica antarctique antarktida antarktika antarktis antarktisz antarktyda "
        "antartaice antartida antartide antartika namcuc sudurskautslandid ανταρκτική "
        "антарктида антарктик антарктика אנטארקטיקה أنتاركتيكا جنوبگان अंटार्कटिका "
        "แอนตาร์กติกา 南极洲 南極 南極洲 남극대륙"
    ),
    "ar": (
        "arg anairgintin argentiina argentina argentine argentinerepublic argentinie "
        "argentinien argentyna arjantin arxentina αργεντινή аргентина аржентина ארגנטינה "
        "آرژانتین الأرجنتين अर्जेंटीना อาร์เจนตินา アルゼンチン 阿根廷 아르헨티나"
    ),
    "as": (
        "asm ameerikasamoa americansamoa americkasamoa amerikaanssamoa amerikaiszamoa "
        "amerikanischsamoa amerikansamoa amerikansamoasi amerikanskasamoa amerikansksamoa "
        "amerikossamoa ameriskasamoa asvsamoa bandariskasamoa samoaamericaines samoaamericana "
        "samoaamericane samoaamerika samoaamerykanskie samoaestatubatuarra samoathuocmy "
        "samomheiricea αμερικανικήσαμόα американскасамоа американскоесамоа американськесамоа "
        "америчкасамоа סמואההאמריקנית ساموآیامریکا سامواالأمريكية अमेरिकीसमोआ อเมริกันซามัว "
        "米領サモア 美属萨摩亚 美屬薩摩亞 아메리칸사모아"
    ),
    "at": (
        "aut anostair austerrike austria austrija austurriki ausztria autriche avstrija "
        "avusturya itavalta oesterreich oostenrijk osterreich osterrike ostrig rakousko "
        "rakusko republicofaustria αυστρία австрия австрія аустрија אוסטריה اتریش النمسا "
        "ऑस्ट्रिया ออสเตรีย オーストリア 奥地利 奧地利 오스트리아"
    ),
    "au": (
        "aus anastrail astralia austraalia australia australie australien australija "
        "ausztralia avstralija avustralya commonwealthofaustralia αυστραλία австралия "
        "австралія аустралија אוסטרליה أستراليا استرالیا ऑस्ट्रेलिया ออสเตรเลีย "
        "オーストラリア 澳大利亚 澳洲 오스트레일리아"
    ),
    "aw": ("abw aruba αρούμπα аруба ארובה آروبا أروبا अरूबा อารูบา アルバ 荷屬阿魯巴 阿鲁巴 아루바"),
    "ax": (
        "ala ahvenamaa ahvenanmaa aland alandadalari alandinseln alandislands alandseyjar "
        "alandskiotoci alandskiotoki alandszigetek alandusalos alandy ilesaland ilhasaland "
        "illasaland illesaland insulelealand islasaland isolealand kepulauanaland "
        "oileainaland olandessalas quandaoaland wyspyalandzkie νήσοιόλαντ аландскиеова "
        "аландськіострови оландскаострва оландскиострови אייאולנד جزایرآلاند جزرآلاند "
        "एलैंडद्वीपसमूह หมู่เกาะโอลันด์ オーランド諸島 奥兰群岛 奧蘭群島 올란드제도"
    ),
    "az": (
        "aze acerbaixan anasarbaiseain aserbaidschan aserbaidsjan aserbaidzaan aserbajdsjan "
        "azerbaidjan azerbaidzan azerbaidzana azerbaidzanas azerbaigian azerbaijan azerbaijao "
        "azerbaiyan azerbajdzan azerbajdzjan azerbajdzsan azerbaycan azerbeidzjan azerbejdzan "
        "republicofazerbaijan azərbaycan αζερμπαϊτζάν азербайджан азербејџан азәрбајҹан "
        "אזרבייגן أذربيجان جمهوریآذربایجان अज़रबैजान อาเซอร์ไบจาน アゼルバイジャン 亞塞拜然 "
        "阿塞拜疆 아제르바이잔"
    ),
    "ba": (
        "bih anbhoisniaagusanheirseagaivein bosnaahercegovina bosnahersek bosnaihercegovina "
        "bosnainhercegovina bosnia bosniaandherzegovina bosniadanherzegovina "
        "bosniaederzegovina bosniaehercegovina bosniaeherzegovina bosniahercegovina "
        "bosniaherzegovina bosniaihercegovina bosniaihercegowina bosniajahertsegoviina "
        "bosniajahertsegovina bosniaoghersegovina bosniasihertegovina bosniavaherzegovina "
        "bosniayherzegovina bosnieenherzegovina bosnieherzegovine bosnienhercegovina "
        "bosnienochhercegovina bosnienundherzegowina bosnijairhercegovina "
        "bosnijaunhercegovina boszniahercegovina republicofbosniaandherzegovina "
        "βοσνίαερζεγοβίνη боснаихерцеговина боснияигерцеговина босніяігерцеговина "
        "בוסניהוהרצגובינה البوسنةوالهرسك بوسنیوهرزگوین बोस्नियाऔरहर्ज़ेगोविना "
        "บอสเนียและเฮอร์เซโกวีนา ボスニアヘルツェゴビナ 波士尼亞與赫塞哥維納 "
        "波斯尼亚和黑塞哥维那 보스니아헤르체고비나"
    ),
    "bb": (
        "brb barbade barbados barbadosa barbadosas μπαρμπέιντος барбадос ברבדוס باربادوس "
        "بربادوس बारबाडोस บาร์เบโดส バルバドス 巴巴多斯 巴貝多 바베이도스"
    ),
    "bd": (
        "bgd anbhanglaideis banglades bangladesa bangladesas bangladesch bangladesh "
        "bangladess bangladesz peoplesrepublicofbangladesh μπανγκλαντές бангладеш בנגלדש "
        "بنغلاديش بنگلادش बांग्लादेश বাংলাদেশ บังกลาเทศ バングラデシュ 孟加拉 孟加拉国 "
        "방글라데시"
    ),
    "be": (
        "bel anbheilg belcika belgia belgica belgicko belgie belgien belgija belgika belgio "
        "belgique belgium belxica kingdomofbelgium βέλγιο белгия белгија бельгия бельгія "
        "בלגיה بلجيكا بلژیک बेल्जियम เบลเยียม ベルギー 比利时 比利時 벨기에"
    ),
    "bf": (
        "bfa buircinefaso burkina burkinafasas burkinafaso burquinafaso uppervolta "
        "μπουρκίναφάσο буркинафасо буркінафасо בורקינהפאסו بوركينافاسو بورکینافاسو "
        "बुर्किनाफ़ासो บูร์กินาฟาโซ ブルキナファソ 布吉納法索 布基纳法索 부르키나파소"
    ),
    "bg": (
        "bgr anbhulgair bolgarija bugarska bulgaaria bulgaria bulgarie bulgarien bulgarija "
        "bulgarije bulgaristan bulharsko republicofbulgaria βουλγαρία болгария болгарія "
        "бугарска българия בולגריה بلغارستان بلغاريا बुल्गारिया บัลแกเรีย ブルガリア 保加利亚 "
        "保加利亞 불가리아"
    ),
    "bh": (
        "bhr bahrain bahrajn bahrein bahreina bahreinas bahreyn bairein barein "
        "kingdomofbahrain μπαχρέιν бахреин бахрейн בחריין البحرين بحرین बहरीन บาห์เรน "
        "バーレーン 巴林 바레인"
    ),
    "bi": (
        "bdi anbhuruin burundi burundija burundis republicofburundi uburundi μπουρούντι "
        "бурунди бурунді בורונדי بوروندي بوروندی बुरुंडी บุรุนดี ブルンジ 布隆迪 蒲隆地 "
        "부룬디"
    ),
    "bj": (
        "ben beinin benin benina beninas dahomey republicofbenin μπενίν бенин бенін בנין بنين "
        "بنین बेनिन เบนิน ベナン 貝南 贝宁 베냉"
    ),
    "bl": (
        "blm saintbarthelemy saintbarts sanbartolome sanktibartolomeusareyjar saobartolomeu "
        "senbartelemi senbartelmi stbarthelemy stbarths stbarts svatybartolomej "
        "άγιοςβαρθολομαίος светибартоломеј сенбартелеми сенбартелемі סנטברתולומיאו "
        "سانبارتليمي سنبارتلمی सेंटबार्थेलेमी เซนต์บาร์เธเลมี サンバルテルミー 圣巴泰勒米 "
        "聖巴瑟米 생바르텔레미"
    ),
    "bm": (
        "bmu beirmiuda bermuda bermudaeyjar bermudas bermudes bermudi bermudusalas bermudy "
        "illasbermudas βερμούδες бермуди бермудскиеова бермудскиострови бермудськіострови "
        "ברמודה برمودا बरमूडा เบอร์มิวดา バミューダ 百慕大 百慕達 버뮤다"
    ),
    "bn": (
        "brn bruine brunei bruneidarussalam brunej bruneja brunejus μπρουνέι бруней "
        "брунейдаруссалам брунеј ברוניי برونئی بروناي بروني ब्रूनेई บรูไน ブルネイ 文莱 汶萊 "
        "브루나이"
    ),
    "bo": (
        "bol anbholaiv boliivia bolivia boliviaplurinationalstateof bolivie bolivien bolivija "
        "bolivya boliwia plurinationalstateofbolivia βολιβία боливия боливија болівія בוליביה "
        "بوليفيا بولیوی बोलीविया โบลิเวีย ボリビア 玻利維亞 玻利维亚 볼리비아"
    ),
    "bq": (
        "bes anisiltirchairibeach belandacaribbean belandakaribia bonaire "
        "bonairesinteustatiusandsaba caraibiolandesi caribbeannetherlands caribehalan "
        "caribeneerlandes caribischnederland caribneerlandes detidligerenederlandskeantiller "
        "hollandkaribterseg insulelecaraibeolandeze karayiphollandasi karibahafshlutihollands "
        "karibekoherbehereak karibianalankomaat karibischeniederlande karibiskanederlanderna "
        "karibisknederland karibskeholandsko karibskenizozemsko karibunyderlandai "
        "kariibimadalmaad karipskiotocinizozemske niderlandeskaribusalas niderlandykaraibskie "
        "nizozemskikaribi paisesbaixoscaribenhos paysbascaribeens sinteustatiusandsababonaire "
        "ολλανδίακαραϊβικής бонэйрсинтэстатиусисаба карибсканидерландия карибськінідерланди "
        "карипскахоландија האייםהקריבייםההולנדיים جزایرکارائیبهلند هولنداالكاريبية "
        "कैरिबियननीदरलैंड เนเธอร์แลนด์แคริบเบียน オランダ領カリブ 荷属加勒比区 荷蘭加勒比區 "
        "네덜란드령카리브"
    ),
    "br": (
        "bra anbhrasail brasiilia brasil brasile brasilia brasilien brazil brazile brazilia "
        "brazilie brazilija brazylia bresil brezilya federativerepublicofbrazil βραζιλία "
        "бразил бразилия бразилія ברזיל البرازيل برزیل ब्राज़ील บราซิล ブラジル 巴西 브라질"
    ),
    "bs": (
        "bhs bahama bahamaeyjar bahamak bahamalar bahamas bahamaszigetek bahames bahami "
        "bahamos bahamusalas bahamy commonwealthofthebahamas nabahamai thebahamas μπαχάμες "
        "багамськіострови багамы бахами бахамскиострови אייבהאמה باهاما جزرالبهاما बहामास "
        "บาฮามาส バハマ 巴哈馬 巴哈马 바하마"
    ),
    "bt": (
        "btn anbhutain bhoutan bhutan butan butana butanas butao kingdomofbhutan μπουτάν "
        "бутан בהוטן بوتان भूटान ภูฏาน འབྲུག ブータン 不丹 부탄"
    ),
    "bv": (
        "bvt bouvetadasi bouveteiland bouveteyja bouvetinsel bouvetisland bouvetnsaari "
        "bouvetoen bouveton bouvetovostrov bouvetovotok bouvetoya bouvetsaar bouvetsziget "
        "bouvetuhartea bouvetuvostrov buvesala daobouvet ilebouvet ilhabouvet illabouvet "
        "insulabouvet islabouvet isolabouvet oileanbouvet otokbouvet pulaubouvet wyspabouveta "
        "νήσοςμπουβέ овбуве острвобуве островбуве острівбуве האיבובה جزيرةبوفيه جزیرهٔبووه "
        "बोवेतद्वीप เกาะบูเว ブーベ島 布威島 布韦岛 부베섬"
    ),
    "bw": (
        "bwa anbhotsuain bocvana botsuana botsvana botswana republicofbotswana μποτσουάνα "
        "ботсвана боцвана בוטסואנה بوتسوانا बोत्स्वाना บอตสวานา ボツワナ 博茨瓦纳 波札那 "
        "보츠와나"
    ),
    "by": (
        "blr anbhealaruis baltarusija baltkrievija belarus belarusz belorusija belorusko "
        "belorussia bialorus bielorrusia bielorrussia bielorusko bielorussia bielorussie "
        "bjelorusija byelorussia hvitarussland republicofbelarus valgevene valkovenaja "
        "λευκορωσία беларус беларусь белорусија белоруссия білорусь בלארוס بلاروس بيلاروس "
        "बेलारूस เบลารุส ベラルーシ 白俄罗斯 白俄羅斯 벨라루스"
    ),
    "bz": (
        "blz anbheilis belice belis beliza belizas belize μπελίζ белиз белизе беліз בליז بليز "
        "بلیز बेलीज़ เบลีซ ベリーズ 伯利兹 貝里斯 벨리즈"
    ),
    "ca": (
        "can canada ceanada kanada καναδάς канада קנדה كندا کانادا कनाडा แคนาดา ᑲᓇᑕᒥ カナダ "
        "加拿大 캐나다"
    ),
    "cc": (
        "cck cocosadalari cocoseilanden cocosislands cocoskeelingadalari cocoskeelingislands "
        "cocoskeelinguharteak cocosoerne cocosuharteak ilescocos ilhascocos ilhascocoskeeling "
        "illascocos illascocoskeeling illescocos illescocoskeeling insulelecocos "
        "insulelecocoskeeling islascocos isolecocos isolecocoskeeling kepulauancocos "
        "kepulauancocoskeeling kokoseyjar kokoseyjarkeeling kokosinseln kokosoarna "
        "kokosoveostrovy kokosovikeelingoviotoci kokosoviotoci kokosoviotoki kokosoyane "
        "kokosoyene kokosukilingasalas kokosukilingosalos kokosusalas kokosusalos "
        "kokuszkeelingszigetek kokuszszigetek kookossaared kookossaaret "
        "kookossaaretkeelingsaaret oileaincocos oileaincocoskeeling quandaococos "
        "quandaococoskeeling wyspykokosowe νήσοικόκος νήσοικόκοςκίλινγκ "
        "кокосовакилинговаострва кокосоваострва кокосовиострови кокосовиостровиостровикийлинг "
        "кокосовыеова кокосовікілінгострови кокосовіострови אייקוקוס אייקוקוסקילינג "
        "جزایرکوکوس جزركوكوس جزركوكوسكيلينغ कोकोसकीलिंगद्वीपसमूह कोकोसद्वीपसमूह หมู่เกาะโคโคส "
        "หมู่เกาะโคโคสคีลิง ココスキーリング諸島 ココス諸島 科克斯基靈群島 科克斯群島 "
        "科科斯基林群岛 科科斯群岛 코코스제도"
    ),
    "cd": (
        "cod congodemocraticrepublic congodr congodrc congokinshasa "
        "congothedemocraticrepublicofthe democraticrepublicofcongo "
        "democraticrepublicofthecongo demokraticnarepublikakongo demokratycznarepublikakonga "
        "drc drcongo jamhuriyakidemokrasiayakongo kongaskinsasa kongodv kongokinsasa "
        "kongokinshasa kongokoerrepublikademokratikoa kongondemokraattinentasavalta "
        "konzskademokratickarepublika poblachtdhaonlathachanchongo "
        "republicademocraticadelcongo republicademocraticadocongo republikiyakongodemokratiki "
        "thedemocraticrepublicofthecongo zaire κονγκόκινσάσα конгокиншаса конгокіншаса "
        "קונגוקינשאסה الكونغوكينشاسا کنگوکینشاسا कांगोकिंशासा คองโกกินชาซา コンゴ民主共和国 "
        "コンゴ民主共和国キンシャサ 刚果金 剛果金夏沙 콩고킨샤사"
    ),
    "cf": (
        "caf afrikaerdikoerrepublika car centraalafrikaanserepubliek centralafricanrepublic "
        "centralafrikanskarepubliken centralafrikasrepublika centrinesafrikosrespublika "
        "conghoatrungphi dencentralafrikanskerepublik densentralafrikanskerepublikk "
        "densentralafrikanskerepublikken keskaafrikavabariik keskiafrikantasavalta "
        "kodorosesetibeafrika kozepafrikaikoztarsasag midafrikulydveldid "
        "ortaafrikacumhuriyeti poblachtnahafraicelair repubblicacentrafricana "
        "republicacentrafricana republicacentreafricana republicacentroafricana "
        "republikafrikatengah republikasrodkowoafrykanska republiquecentrafricaine "
        "srednjeafriskarepublika srednjoafrickarepublika stredoafrickarepublika "
        "zentralafrikanischerepublik κεντροαφρικανικήδημοκρατία централноафриканскарепублика "
        "централноафричкарепублика центральноафриканскаяреспублика "
        "центральноафриканськареспубліка הרפובליקההמרכזאפריקאית جمهوريةأفريقياالوسطى "
        "جمهوریافریقایمرکزی मध्यअफ़्रीकीगणराज्य สาธารณรัฐแอฟริกากลาง 中央アフリカ共和国 "
        "中非共和国 中非共和國 중앙아프리카공화국"
    ),
    "cg": (
        "cog congo congobrazzaville congorepublic kongasbrazavilis kongobrazavil "
        "kongobrazavila kongobrazzaville kongontasavalta kongovabariik konzskarepublika "
        "republicadocongo republicofcongo republicofthecongo κονγκόμπραζαβίλ конгобразавил "
        "конгобраззавиль конгобраззавіль קונגוברזאויל الكونغوبرازافيل کنگوبرازویل "
        "कांगोब्राज़ाविल คองโกบราซซาวิล コンゴ共和国 コンゴ共和国ブラザビル 刚果布 剛果布拉薩 "
        "콩고브라자빌"
    ),
    "ch": (
        "che aneilveis confoederatiohelvetica elvetia isvicre schweiz schwiiz suica suissa "
        "suisse suitza suiza svajc svajciarsko sveicarija sveice sveits sveitsi svica "
        "svicarska sviss svizra svizzera svycarsko swiss swissconfederation switzerland "
        "szwajcaria thuysi zwitserland ελβετία швајцарска швейцария швейцарія שווייץ سوئیس "
        "سويسرا स्विट्ज़रलैंड สวิตเซอร์แลนด์ スイス 瑞士 스위스"
    ),
    "ci": (
        "civ ancostaeabhair bolikosta costadavorio costadomarfim cotedivoire "
        "drambliokaulokrantas elefantcsontpart elevandiluurannik elfenbeinskysten "
        "elfenbenskusten elfenbenskysten filabeinsstrondin ivoorkust ivorycoast kotdivuara "
        "norsunluurannikko obalabjelokosti pobrezieslonoviny pobrezislonoviny "
        "republicofcotedivoire slonokoscenaobala ακτήελεφαντοστού котдивоар котдивуар "
        "котдівуар обаласлоноваче обаласлоновачекотдивоар חוףהשנהב ساحلالعاج ساحلعاج "
        "कोतदिवुआर โกตดิวัวร์ コートジボワール 科特迪瓦 象牙海岸 코트디부아르"
    ),
    "ck": (
        "cok cookadalari cookeilanden cookinsaaret cookinseln cookisaared cookislands "
        "cookoarna cookoerne cookoveostrovy cookoviotoci cookoviotoki cookovyostrovy "
        "cookoyane cookoyene cookseyjar cookszigetek cookuharteak ilescook ilhascook "
        "illascook illescook insulelecook islascook isolecook kepulauancook kukasalas "
        "kukosalos oileaincook quandaocook wyspycooka νήσοικουκ куковаострва овакука "
        "островикук островикука אייקוק جزایرکوک جزركوك कुकद्वीपसमूह หมู่เกาะคุก クック諸島 "
        "库克群岛 庫克群島 쿡제도"
    ),
    "cl": (
        "chl antsile chile chili cile republicofchile sile sili tsiili txile xile χιλή чиле "
        "чили чилі צילה تشيلي شیلی चिली ชิลี チリ 智利 칠레"
    ),
    "cm": (
        "cmr camaroes camarun cameroon cameroun camerun kameroen kamerun kameruna kamerunas "
        "republicofcameroon καμερούν камерун קמרון الكاميرون کامرون कैमरून แคเมอรูน "
        "カメルーン 喀麥隆 喀麦隆 카메룬"
    ),
    "cn": (
        "chn antsin china chine chiny cin cina cunghgoz hiina kiina kina kinija kitajska "
        "mainlandchina peoplesrepublicofchina prc tiongkok trungquoc txina xina zhongguo κίνα "
        "кина китай סין الصين جۇڭگو چین चीन จีน རྒྱནག 中华人民共和国 中国 中國 중국"
    ),
    "co": (
        "col ancholoim colombia colombie columbia kolombia kolombiya kolonbia kolumbia "
        "kolumbie kolumbien kolumbija republicofcolombia κολομβία колумбия колумбија колумбія "
        "קולומביה كولومبيا کلمبیا कोलंबिया โคลอมเบีย コロンビア 哥伦比亚 哥倫比亞 콜롬비아"
    ),
    "cr": (
        "cri costarica costarice kostarika kostaryka republicofcostarica κόσταρίκα костарика "
        "קוסטהריקה كوستاريكا کاستاریکا कोस्टारिका คอสตาริกา コスタリカ 哥斯大黎加 哥斯达黎加 "
        "코스타리카"
    ),
    "cu": (
        "cub cuba kuba kuuba republicofcuba κούβα куба קובה كوبا کوبا क्यूबा คิวบา キューバ 古巴 쿠바"
    ),
    "cv": (
        "cpv caboverde capeverde capoverde capulverde capverd capvert graenhofdaeyjar "
        "kaapverdie kaboverde kappverde kapverde kapverdy republicofcaboverde "
        "republikazielonegoprzyladka rinnverde roheneemesaared tanjungverde zaliasiskysulys "
        "zelenortskarepublika zelenortskiotoki zoldfokikoztarsasag πράσινοακρωτήριο "
        "зеленортскаострва кабоверде כףורדה الرأسالأخضر کیپورد केपवर्ड เคปเวิร์ด カーボベルデ "
        "佛得角 維德角 카보베르데"
    ),
    "cw": (
        "cuw curacao curaso curazao kirasao kiurasao korsou κουρασάο курасао кюрасао קוראסאו "
        "كوراساو کوراسائو कुरासाओ คูราเซา キュラソー 库拉索 庫拉索 퀴라소"
    ),
    "cx": (
        "cxr bozicniotok christmasadasi christmaseiland christmasisland christmasoya "
        "christmasuhartea daogiangsinh ilechristmas ilhachristmas illachristmas "
        "insulachristmas isladenavidad isolachristmas jolaey joulusaar joulusaari juleoen "
        "julon kaledusala karacsonysziget oileannanollag pulaukrismas pulaunatal "
        "vanocniostrov vianocnyostrov weihnachtsinsel wyspabozegonarodzenia ziemsvetkusala "
        "νήσοςτωνχριστουγέννων божићноострво оврождества островрождество острівріздва "
        "איחגהמולד جزيرةكريسماس جزیرهٔکریسمس क्रिसमसद्वीप เกาะคริสต์มาส クリスマス島 圣诞岛 "
        "聖誕島 크리스마스섬"
    ),
    "cy": (
        "cyp anchipir chipre chypre cipar ciper cipro cipru ciprus cypern cypr cyprus kibris "
        "kipra kipras kupros kypr kypros kypur republicofcyprus sip siprus xipre zipre zypern "
        "κύπρος кипар кипр кипър кіпр קפריסין قبرس قبرص साइप्रस ไซปรัส キプロス 塞浦路斯 "
        "賽普勒斯 키프로스"
    ),
    "cz": (
        "cze antseicia cechia cehia cehija cekija ceko cekya ceska ceskarepublika cesko "
        "chequia csehorszag czechia czechrepublic czechy sec tchequia tchequie tekkland "
        "theczechrepublic tjeckien tjekkiet tschechien tschechischerepublik tsehhi tsekki "
        "tsjechie tsjekkia txekia txequia τσεχία чехия чехія чешка צכיה التشيك چک चेकिया เช็ก "
        "チェコ 捷克 체코"
    ),
    "de": (
        "deu alemana alemanha alemania alemanya allemagne almanya anghearmain brd "
        "bundesrepublikdeutschland deutschland duc duitsland federalrepublicofgermany "
        "germanfederalrepublic germania germany jerman nemcija nemecko nemetorszag niemcy "
        "njemacka saksa saksamaa thyskaland tjiisklun tyskland vacija vokietija γερμανία "
        "германия немачка німеччина גרמניה آلمان ألمانيا जर्मनी เยอรมนี ドイツ 德国 德國 독일"
    ),
    "dj": (
        "dji cibuti djibouti djibuti dschibuti dzibuti dzibutija dzibutis dzibutsko dzsibuti "
        "gibuti jibuti republicofdjibouti yibuti τζιμπουτί джибути джибуті џибути גיבוטי "
        "جيبوتي جیبوتی जिबूती จิบูตี ジブチ 吉布地 吉布提 지부티"
    ),
    "dk": (
        "dnk andanmhairg danemarca danemark dania danija danimarca danimarka danmach danmark "
        "danmarki danmork danska dansko denemarken denmark dinamarca kingdomofdenmark taani "
        "tanska δανία дания данска данія דנמרק الدانمرك دانمارک डेनमार्क เดนมาร์ก デンマーク "
        "丹麥 丹麦 덴마크"
    ),
    "dm": (
        "dma commonwealthofdominica doiminice dominica dominika dominique ντομίνικα доминика "
        "домініка דומיניקה دومينيكا دومینیکا डोमिनिका โดมินิกา ドミニカ国 多米尼克 도미니카"
    ),
    "do": (
        "dom anphoblachtdhoiminiceach conghoadominica dendominikanskerepublik "
        "dendominikanskerepublikk dendominikanskerepublikken dominicaanserepubliek "
        "dominicanrepublic dominikaaninentasavalta dominikaanivabariik dominikaikoztarsasag "
        "dominikana dominikanischerepublik dominikanskarepublika dominikanskarepubliken "
        "dominikarerrepublika dominikcumhuriyeti dominikosrespublika dominiskalydveldid "
        "repubblicadominicana republicadominicana republikdominica republikdominika "
        "republiquedominicaine δομινικανήδημοκρατία доминиканскарепублика "
        "доминиканскаяреспублика домініканськареспубліка הרפובליקההדומיניקנית "
        "جمهوريةالدومينيكان جمهوریدومینیکن डोमिनिकनगणराज्य สาธารณรัฐโดมินิกัน ドミニカ共和国 "
        "多明尼加共和國 多米尼加共和国 도미니카공화국"
    ),
    "dz": (
        "dza algeria algerie algerien algeriet algerije algieria aljazair aljeria alsir "
        "alxeria alzeeria alzir alzirija alzirsko alzyras anailgeir argelia cezayir "
        "peoplesdemocraticrepublicofalgeria αλγερία алжир אלגיריה الجزائر الجزایر अल्जीरिया "
        "แอลจีเรีย アルジェリア 阿尔及利亚 阿爾及利亞 알제리"
    ),
    "ec": (
        "ecu eacuador ecuador ekuador ekvador ekvadora ekvadoras ekwador equador equateur "
        "republicofecuador ισημερινός еквадор эквадор אקוודור الإكوادور اکوادور इक्वाडोर "
        "เอกวาดอร์ エクアドル 厄瓜多 厄瓜多尔 에콰도르"
    ),
    "ee": (
        "est aneastoin eesti eistland estija estland estonia estonie estonija estonsko "
        "estonya esztorszag igaunija republicofestonia viro εσθονία естония естонија естонія "
        "эстония אסטוניה إستونيا استونی एस्टोनिया เอสโตเนีย エストニア 愛沙尼亞 爱沙尼亚 "
        "에스토니아"
    ),
    "eg": (
        "egy agypten aicap aneigipt arabrepublicofegypt egipat egipt egiptas egipte egipto "
        "egiptus egito egitto egyiptom egypt egyptaland egypte egypten egypti exipto mesir "
        "misir misr αίγυπτος египат египет єгипет מצרים مصر मिस्र อียิปต์ エジプト 埃及 "
        "이집트"
    ),
    "eh": (
        "esh ansaharathiar batisahra laanesahara lansisahara mendebaldekosahara nyugatszahara "
        "rietumsahara saaraocidental saharabarat saharaoccidental saharaoccidentala "
        "saharaoccidentale saharazachodnia taysahara vakarusachara vastsahara vestsahara "
        "vestursahara westelijkesahara westernsahara westsahara zahodnasahara zapadnasahara "
        "zapadnisahara δυτικήσαχάρα западнасахара западнаясахара західнасахара סהרההמערבית "
        "الصحراءالغربية صحرایغربی पश्चिमीसहारा ซาฮาราตะวันตก 西サハラ 西撒哈拉 서사하라"
    ),
    "er": (
        "eri aneiritre eritre eritrea eritreea eritreia eritreja erythree erytrea "
        "thestateoferitrea ερυθραία еритрея еритреја эритрея אריתריאה إريتريا اریتره "
        "इरिट्रिया เอริเทรีย ኤርትራ エリトリア 厄利垂亞 厄立特里亚 에리트리아"
    ),
    "es": (
        "esp anspainn espagne espainia espana espanha espanja espanya hispaania hiszpania "
        "ispanija ispanya kingdomofspain sepanyol spagna spain spanelsko spania spanielsko "
        "spanien spanija spanje spanjolska spann spanyol spanyolorszag taybannha ισπανία "
        "испания шпанија іспанія ספרד إسبانيا اسپانیا स्पेन สเปน スペイン 西班牙 스페인"
    ),
    "et": (
        "eth anaetoip athiopien ethiopia ethiopie etioopia etiopia etiopie etiopien etiopija "
        "etiyopya federaldemocraticrepublicofethiopia αιθιοπία етиопия етиопија ефіопія "
        "эфиопия אתיופיה إثيوبيا اتیوپی इथियोपिया เอธิโอเปีย ኢትዮጵያ エチオピア 埃塞俄比亚 "
        "衣索比亞 에티오피아"
    ),
    "fi": (
        "fin anfhionlainn finland finlanda finlande finlandia finlandiya finnland finnorszag "
        "finska finsko laaddjannam phanlan republicoffinland somija soome suomi suomija "
        "φινλανδία финландия финляндия финска фінляндія פינלנד فنلاند فنلندا फ़िनलैंड "
        "ฟินแลนด์ フィンランド 芬兰 芬蘭 핀란드"
    ),
    "fj": (
        "fji fidji fidjieyjar fidschi fidsi fidzi fidzis fidzsi figi fiji fixi fiyi "
        "republicoffiji φίτζι фиджи фиџи фіджі פיגי فيجي فیجی फ़िजी ฟิจิ フィジー 斐济 斐濟 "
        "피지"
    ),
    "fk": (
        "flk falklandadalari falklandak falklandeilanden falklandinsaaret falklandinseln "
        "falklandisaared falklandislands falklandislandsmalvinas falklands falklandseyjar "
        "falklandskeostrovy falklandskiotoci falklandskiotoki falklandsoarna falklandsoerne "
        "falklandsoyane falklandsoyene falklandszigetek falklandy folklandosalos "
        "folklendasalas ilesmalouines ilhasmalvinas illasmalvinas illesfalkland "
        "insulelefalkland islasmalvinas isolefalkland kepulauanfalkland malvinas "
        "oileainfhaclainne quandaofalkland νήσοιφόκλαντ фокландскаострва фолкландскиострови "
        "фолклендскиеова фолклендськіострови אייפוקלנד جزایرفالکلند جزرفوكلاند "
        "फ़ॉकलैंडद्वीपसमूह หมู่เกาะฟอล์กแลนด์ フォークランド諸島 福克兰群岛 福克蘭群島 "
        "포클랜드제도"
    ),
    "fm": (
        "fsm anmhicrineis federatedstatesofmicronesia micronesia micronesiafederatedstatesof "
        "micronesie micronezia mikroneesia mikronesia mikronesiafoderasjonen mikronesie "
        "mikronesien mikronezia mikronezija mikronezja mikronezya μικρονησία микронезия "
        "микронезија мікронезія федеративныештатымикронезии מיקרונזיה ميكرونيزيا میکرونزی "
        "माइक्रोनेशिया ไมโครนีเซีย ミクロネシア連邦 密克罗尼西亚 密克羅尼西亞 미크로네시아"
    ),
    "fo": (
        "fro faarisaared faereyjar faeroer faeroerne faeroyane faeroyene faerskeostrovy "
        "farerusalos faroarna faroeadalari faroeislands faroer faroeuharteak farsaaret "
        "feroerszigetek ferskiotoki ferusalas foroyar ilesferoe ilhasfaroe illasferoe "
        "illesferoe insuleleferoe islasferoe isolefaeroer kepulauanfaroe oileainfharo "
        "ovcjiotoci quandaofaroe wyspyowcze νήσοιφερόες фарерскиеова фарерськіострови "
        "фарскаострва фарьорскиострови אייפארו جزایرفارو جزرفارو फ़ेरोद्वीपसमूह หมู่เกาะแฟโร "
        "フェロー諸島 法罗群岛 法羅群島 페로제도"
    ),
    "fr": (
        "fra anfhrainc frakkland franca france francemetropolitaine francia franciaorszag "
        "francie francija francja francuska francuzsko frankreich frankrig frankrijk "
        "frankrike fransa franta frantzia frenchrepublic metropolitanfrance perancis phap "
        "prancis prancuzija prantsusmaa ranska γαλλία франция француска франція צרפת فرانسه "
        "فرنسا फ़्रांस ฝรั่งเศส フランス 法国 法國 프랑스"
    ),
    "ga": (
        "gab anghabuin gabao gabon gabona gabonas gaboneserepublic gabun γκαμπόν габон גבון "
        "الغابون گابن गैबॉन กาบอง ガボン 加彭 加蓬 가봉"
    ),
    "gb": (
        "gbr angleterre anriochtaontaithe anrioghachdaonaichte apvienotakaraliste "
        "birlesikkrallik bretland britain egyesultkiralysag engeland england englanduk "
        "erresumabatua grabretanha granbretagna granbretana grandebretagne greatbritain "
        "grootbrittannie grossbritannien inggrisraya inghilterra inglaterra isleofbritain "
        "isobritannia jungtinekaralyste northernireland regatulunit regneunit regnounito "
        "reinounido royaumeuni scotland scotlanduk spojenekralovstvi spojenekralovstvo "
        "storbritannia storbritannien theunitedkingdom uhendkuningriik ujedinjenokraljevstvo "
        "unitedkingdom unitedkingdomofgreatbritainandnorthernireland velkabritanie "
        "vereinigteskonigreich verenigdkoninkrijk vuongquocanh wales wielkabrytania "
        "ydeyrnasunedig zdruzenokraljestvo ηνωμένοβασίλειο англия великабританія "
        "великобритания обединенотокралство уједињенокраљевство בריטניה المملكةالمتحدة "
        "بریتانیا यूनाइटेडकिंगडम สหราชอาณาจักร イギリス 英国 英國 영국"
    ),
    "gd": (
        "grd granada greanada grenada grenade γρενάδα гренада גרנדה غرينادا گرنادا ग्रेनाडा "
        "เกรเนดา グレナダ 格林纳达 格瑞那達 그레나다"
    ),
    "ge": (
        "geo antseoirsia georgia georgie georgien gruusia gruzia gruzie gruzija gruzinsko "
        "gruzja gurcistan republicofgeorgia sakartvelo xeorxia γεωργία грузия грузија грузія "
        "гуырдзыстон қырҭтәыла גאורגיה جورجيا گرجستان जॉर्जिया จอร์เจีย საქართველო ジョージア "
        "喬治亞 格鲁吉亚 조지아"
    ),
    "gf": (
        "guf franciaguyana francijasgviana francoskagvajana francouzskaguyana francuskagijana "
        "francuzskaguyana fransguyana fransizguyanasi franskaguyana franskagvaejana "
        "franskguyana franzosischguayana frenchguiana guaianafrancesa guainnafraince "
        "guayanafrancesa guianafrancesa guianaperancis guianathuocphap gujanafrancuska "
        "guyanafrancese guyanafranceza guyanafrantsesa guyanaprancis guyanefrancaise "
        "prancuzijosgviana prantsuseguajaana ranskanguayana γαλλικήγουιάνα французскаягвиана "
        "французькагвіана францускагвајана френскагвиана גיאנההצרפתית غوياناالفرنسية "
        "گویانفرانسه फ़्रेंचगुयाना เฟรนช์เกียนา 仏領ギアナ 法属圭亚那 法屬圭亞那 "
        "프랑스령기아나"
    ),
    "gg": (
        "ggy geansai gernsija gernsis guernesey guernsey γκέρνζι гернзи гернси гернсі гърнзи "
        "גרנזי غيرنزي گرنزی गर्नसी เกิร์นซีย์ ガーンジー 根息 根西岛 건지"
    ),
    "gh": (
        "gha gaana gana ghana ghananutome republicofghana γκάνα гана גאנה غانا غنا घाना กานา "
        "ガーナ 加纳 迦納 가나"
    ),
    "gi": (
        "gib cebelitarik gibilterra gibraltar gibraltaras gibraltars giobraltar xibraltar "
        "γιβραλτάρ гибралтар гібралтар גיברלטר جبلالطارق جبلطارق जिब्राल्टर ยิบรอลตาร์ "
        "ジブラルタル 直布罗陀 直布羅陀 지브롤터"
    ),
    "gl": (
        "grl anghraonlainn graenland greenland grenland grenlande grenlandia grenlandija "
        "groenland groenlanda groenlandia gronland gronlanti gronsko groonimaa "
        "kalaallitnunaat γροιλανδία гренланд гренландия гренландія גרינלנד غرينلاند گرینلند "
        "ग्रीनलैंड กรีนแลนด์ グリーンランド 格陵兰 格陵蘭 그린란드"
    ),
    "gm": (
        "gmb anghaimbia gambia gambie gambija gambiya republicofthegambia thegambia γκάμπια "
        "гамбия гамбија гамбія גמביה غامبيا گامبیا गाम्बिया แกมเบีย ガンビア 冈比亚 甘比亞 "
        "감비아"
    ),
    "gn": (
        "gin anghuine gine ginea guine guinea guineaconakry guinee guineea gvineja gwinea "
        "republicofguinea γουινέα гвинея гвинеја гвінея גינאה غينيا گینه गिनी กินี ギニア "
        "几内亚 幾內亞 기니"
    ),
    "gp": (
        "glp guadaluip guadalupa guadalupe guadeloupe guadelupa gvadelupa gvadelupeyjar "
        "gwadelupa γουαδελούπη гваделуп гваделупа גוואדלופ غوادلوب گوادلوپ ग्वाडेलूप "
        "กวาเดอลูป グアドループ 瓜地洛普 瓜德罗普 과들루프"
    ),
    "gq": (
        "gnq aekvatorialguinea anghuinemheanchiorclach aquatorialguinea egyenlitoiguinea "
        "ekuatoreginea ekvatorginesi ekvatoriaalguinea ekvatorialagvineja ekvatorialguinea "
        "ekvatorialnagvineja ekvatorskagvineja equatoriaalguinea equatorialguinea "
        "guineaecuatorial guineaekuatorial guineaequatorial guineaequatoriale "
        "guineakhatulistiwa guineaxichdao guineeaecuatoriala guineeequatoriale "
        "guineequatorial gwinearownikowa midbaugsginea paivantasaajanguinea pusiaujogvineja "
        "republicofequatorialguinea rovnikovaguinea ισημερινήγουινέα екваториалнагвинея "
        "екваторијалнагвинеја екваторіальнагвінея экваториальнаягвинея גינאההמשוונית "
        "غينياالاستوائية گینهٔاستوایی इक्वेटोरियलगिनी อิเควทอเรียลกินี 赤道ギニア 赤道几内亚 "
        "赤道幾內亞 적도기니"
    ),
    "gr": (
        "grc anghreig ellada gorogorszag graekenland graikija grcija grcka grece grecia "
        "grecja grecko greece grekland grezia griechenland griekenland griekija grikkland "
        "hellas hellenicrepublic hylap kreeka kreikka recko yunani yunanistan ελλάδα греция "
        "греція грчка гърция יוון اليونان یونان यूनान กรีซ ギリシャ 希腊 希臘 그리스"
    ),
    "gs": (
        "sgs antseoirsiatheasagusoileainsandwichtheas deligeorgiaesdelisandwichszigetek "
        "dienviddzordzijaundienvidsendvicusalas etelageorgiajaetelaisetsandwichinsaaret "
        "georgiadelsudesandwichaustrali georgiadesudsiinsulelesandwichdesud "
        "georgiapoludniowaisandwichpoludniowy georgiaselatanandkepsandwichselatan "
        "georgiaselatankepsandwichselatan georgiedusudetlesilessandwichdusud "
        "guneygeorgiaveguneysandwichadalari hegoaldekogeorgiaetahegoaldekosandwichuharteak "
        "ilhasgeorgiadosulesandwichdosul illasxeorxiadosuresandwichdosur "
        "illesgeorgiadelsudisandwichdelsud islasgeorgiadelsurysandwichdelsur "
        "jiznigeorgieajiznisandwichovyostrovy juznageorgiaajuznesandwichoveostrovy "
        "juznageorgiainjuznisandwicheviotoki juznageorgiaiotocijuznisandwich "
        "kepulauangeorgiaselatanandsandwichselatan kepulauangeorgiaselatansandwichselatan "
        "lounageorgiajalounasandwichisaared namgeorgiaandquandaonamsandwich "
        "namgeorgiaquandaonamsandwich pietudzordzijairpietusandvicosalos "
        "sorgeorgiaogsorsandwichoyane sorgeorgiaogsorsandwichoyene "
        "southgeorgiaandsouthsandwichislands southgeorgiaandthesouthsandwichislands "
        "southgeorgiaogdesydligesandwichoer southgeorgiasouthsandwichislands "
        "sudgeorgienunddiesudlichensandwichinseln sudurgeorgiaogsudursandvikureyjar "
        "sydgeorgienochsydsandwichoarna zuidgeorgiaenzuidelijkesandwicheilanden "
        "νήσοινότιαγεωργίακαινότιεςσάντουιτς південнаджорджіятапівденнісандвічевіострови "
        "южнаджорджияиюжнисандвичевиострови южнаягеоргияиюжныесандвичевыова "
        "јужнаџорџијаијужнасендвичкаострва גורגיההדרומיתואייסנדוויץהדרומיים "
        "جورجياالجنوبيةوجزرساندويتشالجنوبية جورجیایجنوبیوجزایرساندویچجنوبی "
        "दक्षिणजॉर्जियाऔरदक्षिणसैंडविचद्वीपसमूह เกาะเซาท์จอร์เจียและหมู่เกาะเซาท์แซนด์วิช "
        "サウスジョージアサウスサンドウィッチ諸島 南乔治亚和南桑威奇群岛 "
        "南喬治亞與南三明治群島 사우스조지아사우스샌드위치제도"
    ),
    "gt": (
        "gtm guatamala guatemala gvatemala gwatemala republicofguatemala γουατεμάλα гватемала "
        "גואטמלה غواتيمالا گواتمالا ग्वाटेमाला กัวเตมาลา グアテマラ 危地马拉 瓜地馬拉 "
        "과테말라"
    ),
    "gu": ("gum guam guama guamas gvam γκουάμ гуам גואם غوام گوام गुआम กวม グアム 关岛 關島 괌"),
    "gw": (
        "gnb bisaugvineja bissauguinea gineabissa gineabissau ginebissau guineabisau "
        "guineabissau guinebissau guineeabissau guineebissau gvinejabisau gvinejabisava "
        "gvinejabissau gwineabissau republicofguineabissau γουινέαμπισάου гвинеябисау "
        "гвинејабисао гвінеябісау גינאהביסאו غينيابيساو گینهٔبیسائو गिनीबिसाउ กินีบิสเซา "
        "ギニアビサウ 几内亚比绍 幾內亞比索 기니비사우"
    ),
    "gy": (
        "guy anghuain gajana guiana gujana guyana gvaejana gvajana republicofguyana γουιάνα "
        "гайана гаяна гвајана גיאנה غيانا گویان गुयाना กายอานา ガイアナ 圭亚那 蓋亞那 "
        "가이아나"
    ),
    "hk": (
        "hkg cinhongkongoib dackhuhanhchinhhongkongtrungquoc hongkong hongkongchina "
        "hongkongdaktiongkok hongkongierihalduspiirkond hongkongkiinanerityishallintoalue "
        "hongkongkkt hongkongoaociny hongkongraedachina hongkongraexina hongkongsar "
        "hongkongsarchina hongkongsarkina hongkongsarvanchina "
        "hongkongspecialadministrativeregionofchina hongkongtxinakoaeb hongkongzaociny "
        "kinasipasasparvaldesapgabalshonkonga "
        "posebnoupravnoobmocjeljudskerepublikekitajskehongkong puphongkongkina raedehongkong "
        "raedehongkongchina raschinoisedehongkong rasdihongkong rashongkongchina "
        "sainreigiunriarachainhongcongdaonphoblachtnasine sarhongkong "
        "serstjornarsvaedidhongkong sonderverwaltungsregionhongkong srahongkong "
        "srahongkongchiny ypatingasisadministraciniskinijosregionashonkongas "
        "χονγκκονγκεδπκίνας гонконг гонконгоаркитаю гонконгсар сархонгконг сархонгконгкина "
        "хонконгсарнакитай הונגקונג הונגקונגאזורמנהלימיוחדשלסין هنگکنگمنطقهٔویژهٔاداریچین "
        "هونغكونغالصينية هونغكونغالصينيةمنطقةإداريةخاصة हाँगकाँग "
        "हाँगकाँगचीनविशेषप्रशासनिकक्षेत्र เขตปกครองพิเศษฮ่องกงแห่งสาธารณรัฐประชาชนจีน "
        "中国香港特别行政区 中國香港特別行政區 中華人民共和国香港特別行政区 香港 홍콩 "
        "홍콩중국특별행정구"
    ),
    "hm": (
        "hmd heardadasivemcdonaldadalari heardandmcdonaldislands heardenmcdonaldeilanden "
        "heardetamcdonalduharteak heardijamcdonaldisaared heardislandandmcdonaldislands "
        "heardislandogmcdonaldislands heardjamcdonaldinsaaret heardmcdonaldislands "
        "heardogmcdonaldoyene heardogmcdonaldseyjar heardonochmcdonaldoarna "
        "heardovostrovamacdonaldoveostrovy heardovotokinmcdonaldoviotoki "
        "heardoyaogmcdonaldoyane heardszigetesmcdonaldszigetek heardundmcdonaldinseln "
        "hearduvostrovamcdonaldovyostrovy herdasalaunmakdonaldasalas herdoirmakdonaldosalos "
        "ilesheardetmacdonald ilhasheardemcdonald illaheardeillasmcdonald illesheardimcdonald "
        "insulaheardsiinsulelemcdonald islasheardymcdonald isoleheardemcdonald "
        "kepulauanheardandmcdonald kepulauanheardmcdonald oileanheardagusoileainmcdonald "
        "otociheardimcdonald pulauhearddankepulauanmcdonald quandaoheardvamcdonald "
        "wyspyheardimcdonalda νήσοιχερντκαιμακντόναλντ овахердимакдональд "
        "острвохердимекдоналдоваострва островигердімакдоналд островихърдимакдоналд "
        "אייהרדומקדונלד جزيرةهيردوجزرماكدونالد هردوجزایرمکدونالد "
        "हर्डद्वीपऔरमैकडोनॉल्डद्वीपसमूह เกาะเฮิร์ดและหมู่เกาะแมกดอนัลด์ "
        "ハード島マクドナルド諸島 赫德岛和麦克唐纳群岛 赫德島及麥唐納群島 허드맥도널드제도"
    ),
    "hn": (
        "hnd honduras hondurasa hondures republicofhonduras ονδούρα гондурас хондурас הונדורס "
        "هندوراس होंडूरास ฮอนดูรัส ホンジュラス 宏都拉斯 洪都拉斯 온두라스"
    ),
    "hr": (
        "hrv anchroit chorvatsko chorwacja croacia croasia croatia croatie croazia "
        "hirvatistan horvaatia horvatija horvatorszag hrvaska hrvatska kroasia kroatia "
        "kroatie kroatien kroatija kroazia republicofcroatia κροατία хорватия хорватія "
        "хрватска хърватия קרואטיה كرواتيا کرواسی क्रोएशिया โครเอเชีย クロアチア 克罗地亚 "
        "克羅埃西亞 크로아티아"
    ),
    "ht": (
        "hti haiti haitis republicofhaiti αϊτή гаити гаїті хаити האיטי هائیتی هايتي हैती เฮติ "
        "ハイチ 海地 아이티"
    ),
    "hu": (
        "hun anungair hongarije hongria hongrie hungaria hungary hungria macaristan madarska "
        "madarsko madzarska magyarorszag ungari ungaria ungarija ungarn ungern ungheria "
        "ungverjaland unkari vengrija wegry ουγγαρία венгрия мађарска угорщина унгария "
        "הונגריה مجارستان هنغاريا हंगरी ฮังการี ハンガリー 匈牙利 헝가리"
    ),
    "id": (
        "idn anindineis endonezya indoneesia indonesia indonesie indonesien indonezia "
        "indonezija indonezja republicofindonesia ινδονησία индонезия индонезија індонезія "
        "אינדונזיה إندونيسيا اندونزی इंडोनेशिया อินโดนีเซีย インドネシア 印尼 印度尼西亚 "
        "인도네시아"
    ),
    "ie": (
        "irl airija eire ierland iirimaa ireland irija irishrepublic irland irlanda irlande "
        "irlandia irlanti irorszag irska irsko republicofireland roi ιρλανδία ирландия ирска "
        "ірландія אירלנד أيرلندا ایرلند आयरलैंड ไอร์แลนด์ アイルランド 愛爾蘭 爱尔兰 아일랜드"
    ),
    "il": (
        "isr iisrael iosrael israel israele israil izrael izraela izraelis stateofisrael "
        "ισραήλ израел израиль ізраїль ישראל إسرائيل اسرائیل इज़राइल อิสราเอล イスラエル "
        "以色列 이스라엘"
    ),
    "im": (
        "imn daoman ellanvannin iledeman ilhademan illademan insulaman islademan isleofman "
        "isoladiman man manadasi manisaar mansaari mansziget manuhartea menassala menosala "
        "mon oileanmhanann ostrovman otokman pulauman wyspaman νήσοςτουμαν овмэн острвоман "
        "островман острівмен האימאן جزيرةمان جزیرهٔمن आइलऑफ़मैन เกาะแมน マン島 曼島 马恩岛 "
        "맨섬"
    ),
    "in": (
        "ind ando anindia bharat hindistan hindustan inde india indie indien indija indland "
        "intia republicofindia ινδία индия индија індія הודו الهند بھارت هند ڀارت ہِندوستان "
        "भारत भारतः ভারত ভাৰত ਭਾਰਤ ભારત ଭାରତ இந்தியா భారతదేశం ಭಾರತ ഇന്ത്യ อินเดีย ᱤᱱᱰᱤᱭᱟ "
        "インド 印度 인도"
    ),
    "io": (
        "iot breskuindlandshafseyjar britanskiindijskooceanskiteritorij "
        "britanskoozemljevindijskemoceanu britanyahintokyanusutopraklari britiindiaookeaniala "
        "britindiaioceaniterulet britischesterritoriumimindischenozean "
        "britishindianoceanterritory britsindischeoceaanterritorium "
        "britskeindickooceanskeuzemi britskeindickooceanskeuzemie "
        "brittilainenintianvaltamerenalue brittiskaterritorietiindiskaoceanen "
        "brytyjskieterytoriumoceanuindyjskiego chagosoyane criochaigeanindiachnabreataine "
        "detbritisketerritorietiindiahavet detbritisketerritoriumidetindiskeocean "
        "indiakoozeanokolurraldebritainiarra indijasokeanabrituteritorija "
        "indijosvandenynobritusritis lanhthoandoduongthuocanh "
        "teritoriulbritanicdinoceanulindian territoirebritanniquedeloceanindien "
        "territoribritanicdeloceaindic territoriobritanicodeloceanoindico "
        "territoriobritanicodooceanoindico territoriobritannicodelloceanoindiano "
        "wilayahinggrisdisamudrahindia wilayahlautanhindibritish βρετανικάεδάφηινδικούωκεανού "
        "британскатериториявиндийскияокеан британскатериторијаиндијскогокеана "
        "британскаятерриториявиндийскомокеане британськатериторіявіндійськомуокеані "
        "הטריטוריההבריטיתבאוקיינוסההודי الإقليمالبريطانيفيالمحيطالهندي "
        "قلمروبریتانیادراقیانوسهند ब्रिटिशहिंदमहासागरीयक्षेत्र "
        "บริติชอินเดียนโอเชียนเทร์ริทอรี 英属印度洋领地 英屬印度洋領地 英領インド洋地域 "
        "영국령인도양지역"
    ),
    "iq": (
        "irq aniaraic iraak irak iraka irakas iraq iraque republicofiraq ιράκ ирак ірак עיראק "
        "العراق عراق عێراق इराक อิรัก イラク 伊拉克 이라크"
    ),
    "ir": (
        "irn aniarain ira iraan iran irana iranas iranislamicrepublicof islamicrepublicofiran "
        "persia ιράν иран іран איראן إيران ایران ईरान อิหร่าน イラン 伊朗 이란"
    ),
    "is": (
        "isl anioslainn iceland ijsland island islanda islande islandia islandija islanti "
        "izland izlanda republicoficeland ισλανδία исланд исландия ісландія איסלנד آيسلندا "
        "ایسلند आइसलैंड ไอซ์แลนด์ アイスランド 冰岛 冰島 아이슬란드"
    ),
    "it": (
        "ita aniodail itaalia itali italia italianrepublic italie italien italija italy "
        "italya olaszorszag taliansko wlochy ιταλία италия италија італія איטליה إيطاليا "
        "ایتالیا इटली อิตาลี イタリア 意大利 義大利 이탈리아"
    ),
    "je": (
        "jey dzersija dzersis geirsi jersey τζέρζι джерси джерсі джърси џерзи גרזי جرزی جيرسي "
        "जर्सी เจอร์ซีย์ ジャージー 泽西岛 澤西島 저지"
    ),
    "jm": (
        "jam giamaica iamaice jamaica jamaika jamaique jamajka xamaica τζαμάικα ямайка "
        "јамајка גמייקה جامائیکا جامايكا जमैका จาเมกา ジャマイカ 牙买加 牙買加 자메이카"
    ),
    "jo": (
        "jor aniordain giordania hashemitekingdomofjordan iordania jordaania jordan jordania "
        "jordanie jordanien jordanija jordansko urdun xordania yordania ιορδανία иордания "
        "йордания йорданія јордан ירדן اردن الأردن जॉर्डन จอร์แดน ヨルダン 約旦 约旦 요르단"
    ),
    "jp": (
        "jpn antseapain giappone jaapan japan japana japani japao japo japon japonia japonija "
        "japonska japonsko japonya jepang jepun nhatban nihon nippon xapon ιαπωνία япония "
        "японія јапан יפן اليابان ژاپن जापान ญี่ปุ่น 日本 日本国 일본"
    ),
    "ke": (
        "ken ancheinia keenia kena kenia kenija kenya quenia republicofkenya κένυα кения "
        "кенија кенія קניה كينيا کنیا केन्या เคนยา ケニア 肯亞 肯尼亚 케냐"
    ),
    "kg": (
        "kgz anchirgeastain kargazstan kirghizia kirghizistan kirghizstan kirgisia "
        "kirgisistan kirgistan kirgizie kirgizija kirgizistan kirgizisztan kirgizsko "
        "kirgizstan kirgizstana kirguistan kirguizistan kirguizstan korgozstan kyrgyzrepublic "
        "kyrgyzstan quirguistao κιργιστάν киргизия киргизстан киргистан кыргызстан קירגיזסטן "
        "قرقیزستان قيرغيزستان किर्गिज़स्तान คีร์กีซสถาน キルギス 吉尔吉斯斯坦 吉爾吉斯 "
        "키르기스스탄"
    ),
    "kh": (
        "khm anchamboid cambodge cambodgia cambodia cambodja cambogia camboja camboxa camboya "
        "campuchia kambocya kambodia kambodja kambodscha kambodsja kambodza kambodzsa kamboja "
        "kampuchea kanbodia kemboja kingdomofcambodia καμπότζη камбоджа камбоџа קמבודיה "
        "كمبوديا کامبوج कंबोडिया กัมพูชา កម្ពុជា カンボジア 柬埔寨 캄보디아"
    ),
    "ki": (
        "kir ciribeas kiribati kiribatis quiribati republicofkiribati κιριμπάτι кирибати "
        "кірибаті קיריבאטי كيريباتي کیریباتی किरिबाती คิริบาส キリバス 吉里巴斯 基里巴斯 "
        "키리바시"
    ),
    "km": (
        "com comoras comore comoren comorerne comores comoreszigetek comoros komoorid komorai "
        "komorane komoreak komoren komorene komorerna komoreyjar komori komorit komorlar "
        "komoro komorusalas komory oileainchomora unionofthecomoros κομόρες комори "
        "коморскаострва коморскиострови коморы קומורו جزرالقمر کومور कोमोरोस คอโมโรส コモロ "
        "科摩罗 葛摩 코모로"
    ),
    "kn": (
        "kna saintchristopheetnieves saintkitts saintkittsandnevis saintkittsdannevis "
        "saintkittsenevis saintkittsennevis saintkittsesnevis saintkittsetanevis "
        "saintkittsinevis saintkittsinnevis saintkittsjanevis saintkittsnevis "
        "saintkittsognevis saintkittssinevis saintkittsundnevis saintkittsvanevis "
        "saintkittsvenevis sancriostoirnimheas sancristobalynieves sanktikittsognevis "
        "saocristovaoenevis sentkitsasirnevis sentkitsaunnevisa stkittsandnevis stkittsnevis "
        "stkittsochnevis stkittsundnevis stkittsvanevis svatykristofanevis svatykrystofanevis "
        "svetikristoforinevis σενκιτςκαινέβις сейнткитсиневис сенткитсиневис сенткітсіневіс "
        "סנטקיטסונוויס سانتكيتسونيفيس سنتکیتسونویس सेंटकिट्सऔरनेविस เซนต์คิตส์และเนวิส "
        "セントクリストファーネーヴィス 圣基茨和尼维斯 聖克里斯多福及尼維斯 세인트키츠네비스"
    ),
    "kp": (
        "prk anchoirethuaidh coreadelnord coreadelnorte coreadonorte coreeadenord coreedunord "
        "coreiadonorte democraticpeoplesrepublicofkorea dprk eszakkorea iparkorea "
        "koreademocraticpeoplesrepublicof koreanorth koreapolnocna koreautara kuzeykore "
        "noordkorea nordkorea nordurkorea northkorea pohjakorea pohjoiskorea severnakorea "
        "severnakoreja severnikorea siaureskoreja sjevernakoreja trieutien ziemelkoreja "
        "βόρειακορέα кндр північнакорея севернакорея севернакореја קוריאההצפונית "
        "كورياالشمالية کرهٔشمالی उत्तरकोरिया เกาหลีเหนือ 北朝鮮 北韓 朝鲜 북한 "
        "조선민주주의인민공화국"
    ),
    "kr": (
        "kor anchoiretheas coreadelsud coreadelsur coreadosur coreeadesud coreedusud "
        "coreiadosul daehanminguk delkorea dienvidkoreja etelakorea guneykore hanquoc "
        "hegokorea jiznikorea juznakorea juznakoreja korea koreapoludniowa korearepublicof "
        "koreaselatan koreasouth lounakorea pietukoreja republicofkorea rok sorkorea "
        "southkorea sudkorea sudurkorea sydkorea zuidkorea νότιακορέα південнакорея "
        "республикакорея южнакорея јужнакореја קוריאההדרומית كورياالجنوبية کرهٔجنوبی "
        "दक्षिणकोरिया เกาหลีใต้ 南韓 大韩民国 韓国 韓國 韩国 남한 대한민국 한국"
    ),
    "kw": (
        "kwt cuait koeweit koweit kuvait kuvajt kuveit kuveita kuveitas kuveyt kuwait kuweit "
        "kuwejt stateofkuwait κουβέιτ кувајт кувейт כווית الكويت کویت कुवैत คูเวต クウェート "
        "科威特 쿠웨이트"
    ),
    "ky": (
        "cym caymanadalari caymaneyjar caymanislands caymanoarna caymanoerne caymanoyane "
        "caymanoyene caymansaaret ilescaimans ilhascayman illascaiman illescaiman "
        "insulelecayman islascaiman isolecayman kaaimaneilanden kaimaninseln kaimanisaared "
        "kaimanuharteak kaimanusalas kaimanusalos kajmanieostrovy kajmanskeostrovy "
        "kajmanskiotoci kajmanskiotoki kajmanszigetek kajmany kepulauancayman oileaincayman "
        "quandaocayman νήσοικέιμαν каймановиострови каймановіострови кајманскаострва "
        "овакайман אייקיימן جزایرکِیمن جزركايمان कैमेनद्वीपसमूह หมู่เกาะเคย์แมน ケイマン諸島 "
        "开曼群岛 開曼群島 케이맨제도"
    ),
    "kz": (
        "kaz anchasacstain cazaquistao kasachstan kasahstan kasakhstan kasakstan kazachstan "
        "kazachstanas kazahstan kazahstana kazahsztan kazajistan kazakhstan kazakistan "
        "kazakstan qazaqstan republicofkazakhstan καζακστάν казахстан қазақстан קזחסטן "
        "قزاقستان كازاخستان कज़ाखस्तान คาซัคสถาน カザフスタン 哈萨克斯坦 哈薩克 카자흐스탄"
    ),
    "la": (
        "lao laopdr laopeoplesdemocraticrepublic laos laosa laosas laosz λάος лаос לאוס لائوس "
        "لاوس लाओस ลาว ລາວ ラオス 寮國 老挝 라오스"
    ),
    "lb": (
        "lbn anliobain lebaneserepublic lebanon liban libana libanas libang libano libanon "
        "liibanon lubnan λίβανος либан ливан ліван לבנון لبنان लेबनान เลบานอน レバノン 黎巴嫩 "
        "레바논"
    ),
    "lc": (
        "lca saintelucie saintlucia sanktilusia santalucia santaluzia sentlusija sfantalucia "
        "stlucia svatalucia svatalucie svetalucija αγίαλουκία светалуција сейнтлусия "
        "сентлюсия сентлюсія סנטלוסיה سانتلوسيا سنتلوسیا सेंटलूसिया เซนต์ลูเซีย セントルシア "
        "圣卢西亚 聖露西亞 세인트루시아"
    ),
    "li": (
        "lie liachteschtai lichtenstajnsko lichtensteinas lichtenstejnsko lichtinstein "
        "liechtenstein lihtenstajn lihtensteina principalityofliechtenstein λιχτενστάιν "
        "лихтенштајн лихтенштейн лихтенщайн ліхтенштейн ליכטנשטיין ليختنشتاين لیختناشتاین "
        "लिचेंस्टीन ลิกเตนสไตน์ リヒテンシュタイン 列支敦士登 列支敦斯登 리히텐슈타인"
    ),
    "lk": (
        "lka ceylon democraticsocialistrepublicofsrilanka srilanca srilanka σριλάνκα шриланка "
        "шріланка סרילנקה سريلانكا سریلانکا श्रीलंका இலங்கை ශ්රීලංකාව ศรีลังกา スリランカ "
        "斯里兰卡 斯里蘭卡 스리랑카"
    ),
    "lr": (
        "lbr anlibeir libeeria liberia liberie liberija liberya republicofliberia λιβερία "
        "либерия либерија ліберія ליבריה ليبيريا لیبریا लाइबेरिया ไลบีเรีย リベリア 利比里亚 "
        "賴比瑞亞 라이베리아"
    ),
    "ls": (
        "lso kingdomoflesotho leosota lesotas lesotho lesoto λεσότο лесото לסוטו لسوتو ليسوتو "
        "लेसोथो เลโซโท レソト 莱索托 賴索托 레소토"
    ),
    "lt": (
        "ltu anliotuain leedu liettua lietuva litauen lithaen lithuania litouwen lituania "
        "lituanie litva litvania litvanya litwa republicoflithuania λιθουανία литва литванија "
        "ליטא ليتوانيا لیتوانی लिथुआनिया ลิทัวเนีย リトアニア 立陶宛 리투아니아"
    ),
    "lu": (
        "lux grandduchyofluxembourg letzebuerg liuksemburgas lucembursko lucsamburg "
        "luksemburg luksemburga lussemburgo luxemborg luxembourg luxemburg luxemburgo "
        "luxembursko luxenburgo λουξεμβούργο луксембург люксембург לוקסמבורג لوكسمبورغ "
        "لوکزامبورگ लग्ज़मबर्ग ลักเซมเบิร์ก ルクセンブルク 卢森堡 盧森堡 룩셈부르크"
    ),
    "lv": (
        "lva anlaitvia lati latvia latvija letland letonia letonya lettland lettonia lettonie "
        "lettorszag lotwa lotyssko republicoflatvia λετονία латвия латвія летонија לטביה "
        "لاتفيا لتونی लातविया ลัตเวีย ラトビア 拉脫維亞 拉脱维亚 라트비아"
    ),
    "ly": (
        "lby anlibia libia libie libija libya libyanarabjamahiriya libye libyen liibua λιβύη "
        "либия либија ливия лівія לוב ليبيا لیبی लीबिया ลิเบีย リビア 利比亚 利比亞 리비아"
    ),
    "ma": (
        "mar fas kingdomofmorocco maghribi maraco maroc marocco marocko maroka marokas "
        "marokko maroko marroc marrocos marruecos merruk morocco μαρόκο марокко мароко מרוקו "
        "المغرب مراکش मोरक्को โมร็อกโก モロッコ 摩洛哥 모로코"
    ),
    "mc": (
        "mco monaco monakas monako principalityofmonaco μονακό монако מונקו موناكو موناکو "
        "मोनाको โมนาโก モナコ 摩納哥 摩纳哥 모나코"
    ),
    "md": (
        "mda anmholdoiv moldavia moldavie moldavien moldavija moldavsko moldawia moldova "
        "moldovarepublicof republicamoldova republicofmoldova republikmoldau μολδαβία "
        "молдавија молдова מולדובה مولداوی مولدوفا मॉल्डोवा มอลโดวา モルドバ 摩尔多瓦 "
        "摩爾多瓦 몰도바"
    ),
    "me": (
        "mne cernahora ciernahora crnagora czarnogora juodkalnija karadag melnkalne "
        "montaineagro montenegro muntenegru svartfjallaland μαυροβούνιο црнагора чернагора "
        "черногория чорногорія מונטנגרו الجبلالأسود مونتهنگرو मोंटेनेग्रो มอนเตเนโกร "
        "モンテネグロ 蒙特內哥羅 黑山 몬테네그로"
    ),
    "mf": (
        "maf saintmartin saintmartinfrenchpart sanmartin saomartinho senmartena senmartenas "
        "sfantulmartin stmartin svatymartinfr svatymartinfrancie άγιοςμαρτίνοςγαλλικότμήμα "
        "светимартинфранцуска сенмартен סןמרטן سانمارتن سنتمارتین सेंटमार्टिन เซนต์มาร์ติน "
        "サンマルタン 法属圣马丁 法屬聖馬丁 생마르탱"
    ),
    "mg": (
        "mdg madagascar madagasikara madagaskar madagaskara madagaskaras madagaszkar "
        "republicofmadagascar μαδαγασκάρη мадагаскар מדגסקר ماداگاسکار مدغشقر मेडागास्कर "
        "มาดากัสการ์ マダガスカル 馬達加斯加 马达加斯加 마다가스카르"
    ),
    "mh": (
        "mhl ilesmarshall ilhasmarshall illasmarshall illesmarshall insulelemarshall "
        "islasmarshall isolemarshall kepulauanmarshall marsalasalas marsalosalos "
        "marsaloviotoci marshalladalari marshalleilanden marshalleyjar marshallinsaaret "
        "marshallinseln marshallisaared marshallislands marshalloarna marshalloerne "
        "marshalloveostrovy marshalloviotoki marshallovyostrovy marshalloyane marshalloyene "
        "marshallszigetek marshalluharteak oileainmarshall quandaomarshall "
        "republicofthemarshallislands wyspymarshalla νήσοιμάρσαλ маршалловыова "
        "маршалловіострови маршаловиострови маршалскаострва איימרשל جزایرمارشال جزرمارشال "
        "मार्शलद्वीपसमूह หมู่เกาะมาร์แชลล์ マーシャル諸島 馬紹爾群島 马绍尔群岛 마셜제도"
    ),
    "mk": (
        "mkd anmhacadointhuaidh bacmacedonia eszakmacedonia formeryugoslavrepublicofmacedonia "
        "fyrom iparmazedonia kuzeymakedonya macedoinedunord macedonia macedoniadelnord "
        "macedoniadelnorte macedoniadenord macedoniadonorte macedoniapolnocna macedoniautara "
        "makedoniautara maqedoniaeveriut noordmacedonie nordmakedonia nordmakedonien "
        "nordmazedonien nordurmakedonia northmacedonia pohjamakedoonia pohjoismakedonia "
        "republicofnorthmacedonia severnamakedonija severnemacedonsko severnimakedonie "
        "siauresmakedonija sjevernamakedonija theformeryugoslavrepublicofmacedonia "
        "ziemelmakedonija βόρειαμακεδονία північнамакедонія севернамакедония "
        "севернамакедонија севернаямакедония מקדוניההצפונית مقدونياالشمالية مقدونیهٔشمالی "
        "उत्तरीमकदूनिया มาซิโดเนียเหนือ 北マケドニア 北馬其頓 北马其顿 북마케도니아"
    ),
    "ml": (
        "mli maili mali malis republicofmali μάλι мали малі מאלי مالي مالی माली มาลี マリ "
        "馬利 马里 말리"
    ),
    "mm": (
        "mmr birma birmanie burma maenmar maenmarburma mianmar mianmaras mianmarasbirma "
        "mianmarbirmania mjanma mjanmabirma mjanmar mjanmarburma mjanmarsko myanmar "
        "myanmarbarma myanmarbirma myanmarbirmania myanmarbirmanie myanmarburma "
        "myanmarmiendien republicofmyanmar μιανμάρ μιανμάρβιρμανία мианмар мианмарбирма "
        "мијанмар мијанмарбурма мьянма мьянмабирма мянма мянмабірма מיאנמר מיאנמרבורמה "
        "ميانمار ميانماربورما میانمار میانماربرمه म्यांमार म्यांमारबर्मा เมียนมา เมียนมาพม่า "
        "မြန်မာ ミャンマー ミャンマービルマ 緬甸 缅甸 미얀마"
    ),
    "mn": (
        "mng anmhongoil mogolistan mongco mongolei mongolia mongolie mongoliet mongolija "
        "mongolsko mongoolia μογγολία монгол монголия монголија монголія מונגוליה مغولستان "
        "منغوليا मंगोलिया มองโกเลีย モンゴル 蒙古 몽골"
    ),
    "mo": (
        "mac cinmakaooib dackhuhanhchinhmacaotrungquoc ktripasaisadministrativaisregionsmakao "
        "macao macaokiinanerityishallintoalue macaooaociny macaosar macaosarchina "
        "macaosarkina macaospecialadministrativeregionofchina macaozaociny macau "
        "macauerihalduspiirkond macauraedachina macauraexina macausar macausarchina "
        "macausarvanchina macautxinakoaeb makaokkt makaudaktiongkok "
        "posebnoupravnoobmocjeljudskerepublikekitajskemacao pupmakaokina raedemacao "
        "raedemacaochina raschinoisedemacao rasdimacao rasmacaochina "
        "sainreigiunriarachainmacaodaonphoblachtnasine sarmacao serstjornarsvaedidmakao "
        "sonderverwaltungsregionmacau sramakau sramakauchiny "
        "ypatingasisadministraciniskinijosregionasmakao μακάοεδπκίνας макао макаооаркитаю "
        "макаосар макаосарнакитай сармакао сармакаокина מקאו מקאואזורמנהלימיוחדשלסין "
        "ماکائومنطقهٔویژهٔاداریچین منطقةماكاوالإداريةالخاصة मकाऊ मकाऊविशेषप्रशासनिकक्षेत्रचीन "
        "เขตปกครองพิเศษมาเก๊าแห่งสาธารณรัฐประชาชนจีน 中国澳门特别行政区 中國澳門特別行政區 "
        "中華人民共和国マカオ特別行政区 澳門 澳门 마카오 마카오중국특별행정구"
    ),
    "mp": (
        "mnp commonwealthofthenorthernmarianaislands eszakimarianaszigetek "
        "ilesmariannesdunord ilhasmarianasdonorte illasmarianasdonorte illesmarianesdelnord "
        "insulelemarianedenord iparmarianauharteak islasmarianasdelnorte "
        "isolemariannesettentrionali kepulauanmarianautara kuzeymarianaadalari "
        "marianossiaurinessalos marianypolnocne nahoileainmhairianachathuaidh "
        "noordelijkemarianen nordlichemarianen nordmarianane nordmarianene nordmarianerna "
        "nordmarianerne nordurmarianaeyjar northernmarianaislands pohjamariaanid "
        "pohjoismariaanit quandaobacmariana severnemariany severnimarianskiotoki "
        "severnimariany sjevernomarijanskiotoci ziemelumarianassalas νήσοιβόρειεςμαριάνες "
        "північнімаріанськіострови севернамаријанскаострва севернимарианскиострови "
        "северныемарианскиеова איימריאנההצפוניים جزایرماریانایشمالی جزرمارياناالشمالية "
        "उत्तरीमारियानाद्वीपसमूह หมู่เกาะนอร์เทิร์นมาเรียนา 北マリアナ諸島 北馬利安納群島 "
        "北马里亚纳群岛 북마리아나제도"
    ),
    "mq": (
        "mtq martinica martinik martinika martinique martynika μαρτινίκα мартиник мартиника "
        "мартиніка מרטיניק جزرالمارتينيك مارتینیک मार्टीनिक มาร์ตินีก マルティニーク 馬丁尼克 "
        "马提尼克 마르티니크"
    ),
    "mr": (
        "mrt anmharatai islamicrepublicofmauritania maritania mauretania mauretanien "
        "mauretanija mauritaania mauritania mauritanie mauritanija mavretanija moritanya "
        "μαυριτανία мавритания мавританія мауританија מאוריטניה موريتانيا موریتانی मॉरिटानिया "
        "มอริเตเนีย モーリタニア 毛里塔尼亚 茅利塔尼亞 모리타니"
    ),
    "ms": (
        "msr montsarat montseratas montserrat montserrata μονσεράτ монсерат монтсерат "
        "монтсеррат מונסראט مونتسرات मोंटसेरात มอนต์เซอร์รัต モントセラト 蒙哲臘 蒙特塞拉特 "
        "몬트세라트"
    ),
    "mt": (
        "mlt malta malte republicofmalta μάλτα малта мальта מלטה مالت مالطا माल्टा มอลตา "
        "マルタ 馬爾他 马耳他 몰타"
    ),
    "mu": (
        "mus maritius maurice maurici mauricija mauricijus mauricio mauricius mauritius "
        "maurizio oileanmhuiris republicofmauritius μαυρίκιος маврикий маврикій мавриций "
        "маурицијус מאוריציוס موريشيوس موریس मॉरीशस มอริเชียส モーリシャス 模里西斯 毛里求斯 "
        "모리셔스"
    ),
    "mv": (
        "mdv maladewa maldiivid maldivak maldivane maldivas maldive maldiven maldivene "
        "maldiverna maldiverne maldives maldiveyjar maldivi maldivija maldivler "
        "maldivszigetek maldivy maldyvai malediivit malediven maledivy malediwy "
        "oileainmhaildive republicofmaldives μαλδίβες малдиви мальдивы мальдіви "
        "האייםהמלדיביים جزرالمالديف مالدیو ދިވެހިރާއްޖެ मालदीव มัลดีฟส์ モルディブ 馬爾地夫 "
        "马尔代夫 몰디브"
    ),
    "mw": (
        "mwi anmhalaiv malaui malavi malavija malavis malawi republicofmalawi μαλάουι малави "
        "малаві מלאווי مالاوی ملاوي मलावी มาลาวี マラウイ 馬拉威 马拉维 말라위"
    ),
    "mx": (
        "mex estadosunidosmexicanos mehhiko mehika meicsiceo meksika meksiko meksyk messico "
        "mexic mexico mexiko mexique unitedmexicanstates μεξικό мексика мексико מקסיקו "
        "المكسيك مکزیک मैक्सिको เม็กซิโก メキシコ 墨西哥 멕시코"
    ),
    "my": (
        "mys anmhalaeisia malaisia malaisie malaizija malajsie malajzia malasia malaysia "
        "maleisie malesia malezija malezja malezya μαλαισία малайзия малайзія малезија מלזיה "
        "مالزی ماليزيا मलेशिया มาเลเซีย マレーシア 馬來西亞 马来西亚 말레이시아"
    ),
    "mz": (
        "moz mocambic mocambique mosaimbic mosambiik mosambik mozambic mozambico mozambik "
        "mozambika mozambikas mozambike mozambique republicofmozambique μοζαμβίκη мозамбик "
        "мозамбік מוזמביק موزامبیک موزمبيق मोज़ांबिक โมซัมบิก モザンビーク 莫三比克 莫桑比克 "
        "모잠비크"
    ),
    "na": (
        "nam annamaib namibia namibie namibija namibya namiibia republicofnamibia ναμίμπια "
        "намибия намибија намібія נמיביה ناميبيا نامیبیا नामीबिया นามิเบีย ナミビア 納米比亞 "
        "纳米比亚 나미비아"
    ),
    "nc": (
        "ncl annuachaladoin jaunkaledonija kaledoniabaru kaledoniaberria naujojikaledonija "
        "neukaledonien newcaledonia nieuwcaledonie nouacaledonie nouvellecaledonie "
        "novacaledonia novakaledonia novakaledonie novakaledonija nowakaledonia "
        "nuevacaledonia nuovacaledonia nyakaledonien nycaledonia nyjakaledonia nykaledonien "
        "ujkaledonia uusikaledonia uuskaledoonia yenikaledonya νέακαληδονία новакаледония "
        "новакаледонија новакаледонія новаякаледония קלדוניההחדשה كاليدونياالجديدة "
        "کالدونیایجدید न्यूकैलेडोनिया นิวแคลิโดเนีย ニューカレドニア 新喀里多尼亚 "
        "新喀里多尼亞 뉴칼레도니아"
    ),
    "ne": (
        "ner annigir niger nigera nigeris nijer nixer republicoftheniger νίγηρας нигер нігер "
        "ניזר النيجر نیجر नाइजर ไนเจอร์ ニジェール 尼日 尼日尔 니제르"
    ),
    "nf": (
        "nfk daonorfolk ilenorfolk ilhanorfolk illanorfolk insulanorfolk islanorfolk "
        "isolanorfolk kepulauannorfolk norfolk norfolkadasi norfolkassala norfolkeyja "
        "norfolkinsaari norfolkinsel norfolkisland norfolkon norfolkosala norfolkoya "
        "norfolksziget norfolkuhartea norfolskiotok oileannorfolk otoknorfolk pulaunorfolk "
        "νήσοςνόρφολκ овнорфолк острвонорфок островнорфолк острівнорфолк האינורפוק "
        "جزيرةنورفولك جزیرهٔنورفولک नॉरफ़ॉकद्वीप เกาะนอร์ฟอล์ก ノーフォーク島 諾福克島 "
        "诺福克岛 노퍽섬"
    ),
    "ng": (
        "nga annigeir federalrepublicofnigeria naijiria nigeeria nigeria nigerie nigerija "
        "nijerya nixeria νιγηρία нигерия нигерија нігерія ניגריה نيجيريا نیجریه नाइजीरिया "
        "ไนจีเรีย ナイジェリア 奈及利亞 尼日利亚 나이지리아"
    ),
    "ni": (
        "nic nicaragua nicearagua nikaragua nikaragva republicofnicaragua νικαράγουα "
        "никарагва никарагуа нікарагуа ניקרגואה نيكاراغوا نیکاراگوئه निकारागुआ นิการากัว "
        "ニカラグア 尼加拉瓜 니카라과"
    ),
    "nl": (
        "nld alankomaat anisiltir belanda halan herbehereak holanda holandia holandsko "
        "holland hollanda hollande hollandia kingdomofthenetherlands nederlan nederland "
        "nederlandene nederlanderna netherlands niderlande niederlande nizozemska nizozemsko "
        "nyderlandai olanda paesibassi paisesbaixos paisesbajos paisosbaixos paysbas "
        "tariledejos thenetherlands κάτωχώρες нидерландия нидерланды нідерланди холандија "
        "הולנד هلند هولندا नीदरलैंड เนเธอร์แลนด์ オランダ 荷兰 荷蘭 네덜란드"
    ),
    "no": (
        "nor aniorua kingdomofnorway nauy noorwegen noreg noregur norga norge norja norra "
        "norsko noruega norvec norvege norvegia norvegija norveska norway norwegen norwegia "
        "νορβηγία норвегия норвегія норвешка נורווגיה النرويج نروژ नॉर्वे นอร์เวย์ ノルウェー "
        "挪威 노르웨이"
    ),
    "np": (
        "npl federaldemocraticrepublicofnepal neipeal nepal nepala nepalas νεπάλ непал נפאל "
        "نيبال نپال नेपाल เนปาล ネパール 尼泊尔 尼泊爾 네팔"
    ),
    "nr": (
        "nru naru nauru republicofnauru ναουρού науру נאורו نائورو ناورو नाउरु นาอูรู ナウル "
        "瑙鲁 諾魯 나우루"
    ),
    "nu": (
        "niu niue niuje νιούε ниуе ниуэ ніуе ניווה نيوي نیوئه नीयू นีอูเอ ニウエ 紐埃島 纽埃 니우에"
    ),
    "nz": (
        "nzl annuashealainn aotearoa aotearoanewzealand jaunzelande naujojizelandija "
        "neuseeland newzealand nieuwzeeland nouazeelanda nouvellezelande novazelanda "
        "novazelandia novazelandija novizeland novyzeland nowazelandia nuevazelanda "
        "nuovazelanda nyazeeland nyjasjaland selandiabaru ujzeland uusiseelanti uusmeremaa "
        "yenizelanda zeelandaberria νέαζηλανδία новазеландия новазеландія новаязеландия "
        "новизеланд ניוזילנד نيوزيلندا نیوزیلند न्यूज़ीलैंड นิวซีแลนด์ ニュージーランド "
        "新西兰 紐西蘭 뉴질랜드"
    ),
    "om": (
        "omn oma omaan oman omana omanas sultanateofoman umman ομάν оман עומאן عمان عُمان "
        "ओमान โอมาน オマーン 阿曼 오만"
    ),
    "pa": (
        "pan panama republicofpanama παναμάς панама פנמה بنما پاناما पनामा ปานามา パナマ "
        "巴拿馬 巴拿马 파나마"
    ),
    "pe": (
        "per peiriu perou peru peruu republicofperu περού перу פרו بيرو پرو पेरू เปรู ペルー "
        "秘魯 秘鲁 페루"
    ),
    "pf": (
        "pyf franciapolinezia francijaspolinezija francoskapolinezija francouzskapolynesie "
        "francuskapolinezija francuzskapolynezia fransizpolinezyasi franskapolynesia "
        "franskapolynesien franskpolynesia franskpolynesien franspolynesie "
        "franzosischpolynesien frenchpolynesia polaineisnafraince polinesiafrancesa "
        "polinesiafrancese polinesiafrantsesa polinesiaperancis polinesiaprancis "
        "polineziafranceza polinezjafrancuska polynesiathuocphap polynesiefrancaise "
        "prancuzijospolinezija prantsusepoluneesia ranskanpolynesia γαλλικήπολυνησία "
        "французскаяполинезия французькаполінезія францускаполинезија френскаполинезия "
        "פולינזיההצרפתית بولينيزياالفرنسية پلینزیفرانسه फ़्रेंचपोलिनेशिया เฟรนช์โปลินีเซีย "
        "仏領ポリネシア 法属波利尼西亚 法屬玻里尼西亞 프랑스령폴리네시아"
    ),
    "pg": (
        "png independentstateofpapuanewguinea nuaghuinephapua paapuauusguinea "
        "papoeanieuwguinea papouasienouvelleguinee papuagineaberria papuajaungvineja "
        "papuanaujojigvineja papuaneuguinea papuanewguinea papuaniugini papuanouaguinee "
        "papuanovaguine papuanovaguinea papuanovagvineja papuanowagwinea papuanuevaguinea "
        "papuanugini papuanuovaguinea papuanyaguinea papuanyguinea papuanyjaginea "
        "papuaujguinea papuauusiguinea papuayenigine παπούανέαγουινέα папуановагвинея "
        "папуановагвинеја папуановагвінея папуановаягвинея פפואהגינאההחדשה بابواغينياالجديدة "
        "پاپواگینهٔنو पापुआन्यूगिनी ปาปัวนิวกินี パプアニューギニア 巴布亚新几内亚 "
        "巴布亞紐幾內亞 파푸아뉴기니"
    ),
    "ph": (
        "phl filipiinid filipijnen filipina filipinai filipinak filipinas filipine filipines "
        "filipini filipinler filipiny filippiinit filippinane filippine filippinene "
        "filippinerna filippinerne filippseyjar fulopszigetek nahoileainfhilipineacha "
        "philippinen philippines pilipinas republicofthephilippines thephilippines φιλιππίνες "
        "филипини филиппины філіппіни הפיליפינים الفلبين فیلیپین फ़िलिपींस ฟิลิปปินส์ "
        "フィリピン 菲律宾 菲律賓 필리핀"
    ),
    "pk": (
        "pak anphacastain islamicrepublicofpakistan pakistan pakistana pakistanas pakisztan "
        "paquistan paquistao πακιστάν пакистан פקיסטן باكستان پاکستان पाकिस्तान ปากีสถาน "
        "パキスタン 巴基斯坦 파키스탄"
    ),
    "pl": (
        "pol anpholainn balan lengyelorszag lenkija poland polandia polen polija poljska "
        "polland pologne polonia polonya polska polsko poola puola republicofpoland πολωνία "
        "полша польша польща пољска פולין بولندا لهستان पोलैंड โปแลนด์ ポーランド 波兰 波蘭 "
        "폴란드"
    ),
    "pm": (
        "spm saintpierreamiquelon saintpierreandmiquelon saintpierredanmiquelon "
        "saintpierreemiquelon saintpierreenmiquelon saintpierreesmiquelon "
        "saintpierreetamikelune saintpierreetmiquelon saintpierreimiquelon "
        "saintpierreinmiquelon saintpierrejamiquelon saintpierremiquelon "
        "saintpierreogmiquelon saintpierresimiquelon saintpierreundmiquelon "
        "saintpierrevamiquelon saintpierrevemiquelon sanktipierreogmiquelon sanpedroymiquelon "
        "sanpierreagusmiquelon saopedroemiquelao senpjerasirmikelonas senpjeraunmikelona "
        "stpierreandmiquelon stpierremiquelon stpierreochmiquelon stpierreundmiquelon "
        "svetipetarimikelon σενπιερκαιμικελόν сенпиеримикелон сенпьеримикелон сенпєрімікелон "
        "сенпјеримикелон סנטפיירומיקלון سانبييرومكويلون سنپیرومیکلن सेंटपिएरेऔरमिक्वेलान "
        "แซงปีแยร์และมีเกอลง サンピエール島ミクロン島 圣皮埃尔和密克隆群岛 聖皮埃與密克隆群島 "
        "생피에르미클롱"
    ),
    "pn": (
        "pcn ilespitcairn ilhaspitcairn illaspitcairn illespitcairn insulelepitcairn "
        "islaspitcairn isolepitcairn kepulauanpitcairn oileainpitcairn pitcairn "
        "pitcairnadalari pitcairneilanden pitcairneyjar pitcairninseln pitcairnisaared "
        "pitcairnislands pitcairnoarna pitcairnoveostrovy pitcairnoviotoci pitcairnovyostrovy "
        "pitcairnoyene pitcairnszigetek pitcairnuharteak pitkernassalas pitkernosalos "
        "quandaopitcairn νήσοιπίτκερν овапиткэрн островипиткерн островипіткерн питкерн "
        "אייפיטקרן جزایرپیتکرن جزربيتكيرن पिटकैर्नद्वीपसमूह หมู่เกาะพิตแคร์น ピトケアン諸島 "
        "皮特凯恩群岛 皮特肯群島 핏케언제도"
    ),
    "pr": (
        "pri portorice portorico portoriko portoryko puertorico puertorikas puertoriko "
        "πουέρτορίκο порторико пуерторико пуэрторико פוארטוריקו بورتوريكو پورتوریکو "
        "पोर्टोरिको เปอร์โตริโก プエルトリコ 波多黎各 푸에르토리코"
    ),
    "ps": (
        "pse depalaestinensiskeomrader detpalestinskeomradet filistinbolgeleri gaza "
        "heimastjornarsvaedipalestinumanna lanhthopalestine nacriochapalaistineacha "
        "palastinensischeautonomiegebiete palestiinaalad palestiinalaisalue "
        "palestijnsegebieden palestinarlurraldeokupatuak palestinasteritorijas palestine "
        "palestinestateof palestinianterritories palestinianterritory palestinosteritorija "
        "palestinskaterritorierna palestinskauzemi palestinskeuzemia palestinskoozemlje "
        "palestinskopodrucje palesztinautonomia stateofpalestine teritoriilepalestiniene "
        "territoirespalestiniens territoriospalestinos territoripalestinesi "
        "territorispalestins terytoriapalestynskie thestateofpalestine westbank "
        "wilayahpalestin wilayahpalestina παλαιστινιακάεδάφη палестинскетериторије "
        "палестинскиетерритории палестинскитеритории палестинськітериторії השטחיםהפלסטיניים "
        "الأراضيالفلسطينية سرزمینهایفلسطینی फ़िलिस्तीनीक्षेत्र ดินแดนปาเลสไตน์ "
        "パレスチナ自治区 巴勒斯坦自治區 巴勒斯坦领土 팔레스타인지구"
    ),
    "pt": (
        "prt anphortaingeil bodaonha portekiz portogallo portugal portugale portugali "
        "portugalia portugalija portugalska portugalsko portugueserepublic πορτογαλία "
        "португалия португалија португалія פורטוגל البرتغال پرتغال पुर्तगाल โปรตุเกส "
        "ポルトガル 葡萄牙 포르투갈"
    ),
    "pw": (
        "plw belau oileainpalau pala palaos palau republicofpalau παλάου палау פלאו بالاو "
        "پالائو पलाऊ ปาเลา パラオ 帕劳 帛琉 팔라우"
    ),
    "py": (
        "pry paragua paraguai paraguaj paraguay paragvae paragvaj paragvaja paragvajus "
        "paragwaj republicofparaguay παραγουάη парагвай парагвај פרגוואי باراغواي پاراگوئه "
        "पराग्वे ปารากวัย パラグアイ 巴拉圭 파라과이"
    ),
    "qa": (
        "qat catar katar katara kataras qatar stateofqatar κατάρ катар קטאר قطر क़तर กาตาร์ "
        "カタール 卡塔尔 卡達 카타르"
    ),
    "re": (
        "reu illadelareunio lareunion reinjona reuniao reunion reunjonas riunione ρεϊνιόν "
        "реинион реюнион реюньйон реюньон ראוניון رئونیون روينيون रियूनियन เรอูนียง "
        "レユニオン 留尼旺 留尼汪 레위니옹"
    ),
    "ro": (
        "rou anromain errumania roemenie romania romanya romenia romunija roumania roumanie "
        "rumaenien rumania rumanien rumanija rumeenia rumenia rumunia rumunija rumunjska "
        "rumunsko ρουμανία румунија румунія румъния румыния רומניה رومانيا رومانی रोमानिया "
        "โรมาเนีย ルーマニア 罗马尼亚 羅馬尼亞 루마니아"
    ),
    "rs": (
        "srb antseirbia republicofserbia serbia serbie serbien serbija servia servie "
        "sirbistan srbija srbsko szerbia σερβία сербия сербія србија сърбия סרביה صربستان "
        "صربيا सर्बिया เซอร์เบีย セルビア 塞尔维亚 塞爾維亞 세르비아"
    ),
    "ru": (
        "rus anruis errusia krievija oroszorszag rosja rossiya rusia rusija rusko rusland "
        "russia russianfederation russie russland rusya ryssland venaja venemaa ρωσία "
        "арассыыйа росси российскаяфедерация россия росія рузоньмастор русия русија рф רוסיה "
        "روسيا روسیه रूस รัสเซีย ロシア 俄罗斯 俄羅斯 러시아"
    ),
    "rw": (
        "rwa ruanda rwanda rwandeserepublic urwanda ρουάντα руанда רואנדה رواندا रवांडा "
        "รวันดา ルワンダ 卢旺达 盧安達 르완다"
    ),
    "sa": (
        "sau anaraibshadach arabiasaudi arabiasaudita arabiasaudyjska arabiesaoudite "
        "arabsaudi arapxeut kingdomofsaudiarabia ksa sadiarabia saoediarabie saudaarabija "
        "saudi saudiaraabia saudiarabia saudiarabien saudijskaarabija saudoarabija "
        "saudovaarabija saudskaarabia saudskaarabie suudiarabistan szaudarabia σαουδικήαραβία "
        "саудитскаарабия саудијскаарабија саудовскаяаравия саудівськааравія ערבהסעודית "
        "المملكةالعربيةالسعودية عربستانسعودی सऊदीअरब ซาอุดีอาระเบีย サウジアラビア "
        "沙烏地阿拉伯 沙特阿拉伯 사우디아라비아"
    ),
    "sb": (
        "slb ilessalomon ilhassalomao illassalomon illessalomo insulelesolomon islassalomon "
        "isolesalomone kepulauansolomon oileainsholaimh quandaosolomon saalomonisaared "
        "salamonszigetek salamounovyostrovy salamunoveostrovy saliamonosalos salomonen "
        "salomonoarna salomonoerne salomonoviotoci salomonoviotoki salomonoyane salomonoyene "
        "salomonsaaret salomonseilanden salomonseyjar salomonuharteak solomonadalari "
        "solomonislands wyspysalomona zalamanasalas νήσοισολομώντος соломоновиострови "
        "соломоновыова соломоновіострови соломонскаострва איישלמה جزایرسلیمان جزرسليمان "
        "सोलोमनद्वीपसमूह หมู่เกาะโซโลมอน ソロモン諸島 所罗门群岛 索羅門群島 솔로몬제도"
    ),
    "sc": (
        "syc naseiseil republicofseychelles seicheles seiseliai seisellid seiselusalas "
        "sejseli seszele seychellane seychelleak seychellen seychellene seychellerna "
        "seychellerne seychelles seychelleseyjar seychelleszigetek seychellit seychely "
        "seyseller σεϋχέλλες сейшели сейшельскиеова сейшельськіострови сејшели אייסיישל سيشل "
        "سیشل सेशेल्स เซเชลส์ セーシェル 塞席爾 塞舌尔 세이셸"
    ),
    "sd": (
        "sdn antsudain republicofthesudan soedan soudan sudaan sudan sudana sudanas sudao "
        "szudan σουδάν судан סודן السودان سودان सूडान ซูดาน スーダン 苏丹 蘇丹 수단"
    ),
    "se": (
        "swe antsualainn isvec kingdomofsweden rootsi ruotsi schweden suecia suede suedia "
        "svedija svedorszag svedska svedsko sverige svezia svithjod sweden swedia szwecja "
        "thuydien zviedrija zweden σουηδία шведска швеция швеція שוודיה السويد سوئد स्वीडन "
        "สวีเดน スウェーデン 瑞典 스웨덴"
    ),
    "sg": (
        "sgp republicofsingapore singapore singapour singapur singapura singapuras singeapor "
        "szingapur σιγκαπούρη сингапур сінгапур סינגפור سنغافورة سنگاپور सिंगापुर சிங்கப்பூர் "
        "สิงคโปร์ シンガポール 新加坡 싱가포르"
    ),
    "sh": (
        "shn ascensionandtristandacunhasainthelena saintehelene sainthelena "
        "sainthelenaascensionandtristandacunha sanheilin sanktihelena santaelena santahelena "
        "santelena sfantaelena sinthelena sthelena svatahelena svelenossala svetahelena "
        "svhelenassala szentilona wyspaswietejheleny αγίαελένη овсвелены острівсвятоїєлени "
        "светаелена светајелена סנטהלנה سانتهيلينا سنتهلن सेंटहेलेना เซนต์เฮเลนา セントヘレナ "
        "圣赫勒拿 聖赫勒拿島 세인트헬레나"
    ),
    "si": (
        "svn antsloivein eslovenia republicofslovenia sloveenia slovenia slovenie slovenien "
        "slovenija slovenya slovinsko slowenia slowenien szlovenia zlovenia σλοβενία словения "
        "словенија словенія סלובניה اسلوونی سلوفينيا स्लोवेनिया สโลวีเนีย スロベニア "
        "斯洛文尼亚 斯洛維尼亞 슬로베니아"
    ),
    "sj": (
        "sjm huippuvuoretjajanmayen kepulauansvalbarddanjanmayen spicberkyajanmayen "
        "spitsbergenenjanmayen spitzbergenundjanmayen svalbaraunjanamajenasala "
        "svalbardagusjanmayen svalbardajanmayen svalbardandjanmayen svalbardasirjanasmajenas "
        "svalbarddanjanmayen svalbardejanmayen svalbardesjanmayen svalbardetajanmayenuharteak "
        "svalbardetjanmayen svalbardijanmayen svalbardinjanmayen svalbardiogjanmayen "
        "svalbardjajanmayen svalbardjanmayen svalbardochjanmayen svalbardogjanmayen "
        "svalbardsijanmayen svalbardvajanmayen svalbardvejanmayen svalbardyjanmayen "
        "σβάλμπαρντκαιγιανμαγιέν свалбардиянмайен свалбардијанмајен шпицбергениянмайен "
        "шпіцбергентаянмаєн סבאלברדויאןמאיין سفالباردوجانماين سوالباردویانماین "
        "स्वालबार्डऔरजानमायेन สฟาลบาร์และยานไมเอน スバールバル諸島ヤンマイエン島 "
        "挪威屬斯瓦巴及尖棉 斯瓦尔巴和扬马延 스발바르제도얀마웬섬"
    ),
    "sk": (
        "svk antslovaic eslovakia eslovaquia slovacchia slovacia slovacka slovakia slovakien "
        "slovakiet slovakija slovakkia slovakrepublic slovakya slovaquie slovaska slovensko "
        "slowacja slowakei slowakije szlovakia σλοβακία словакия словачка словаччина סלובקיה "
        "اسلواکی سلوفاكيا स्लोवाकिया สโลวะเกีย スロバキア 斯洛伐克 슬로바키아"
    ),
    "sl": (
        "sle republicofsierraleone serraleoa siarraleon sieraleone sierraleona sierraleone "
        "sijeraleone sjerraleone σιέραλεόνε сиералеоне сијералеоне сьерралеоне сьєрралеоне "
        "סיירהלאון سيراليون سیرالئون सिएरालियोन เซียร์ราลีโอน シエラレオネ 塞拉利昂 獅子山 "
        "시에라리온"
    ),
    "sm": (
        "smr republicofsanmarino saintmarin sanmairine sanmarinas sanmarino άγιοςμαρίνος "
        "санмарино סןמרינו سانمارينو سانمارینو सैनमेरीनो ซานมาริโน サンマリノ 圣马力诺 "
        "聖馬利諾 산마리노"
    ),
    "sn": (
        "sen antseineagail republicofsenegal senegaal senegal senegala senegalas szenegal "
        "σενεγάλη сенегал סנגל السنغال سنگال सेनेगल เซเนกัล セネガル 塞內加爾 塞内加尔 세네갈"
    ),
    "so": (
        "som antsomail federalrepublicofsomalia somaalia somali somalia somalie somalija "
        "somalis somalsko soomaaliya szomalia σομαλία сомали сомалия сомалија сомалі סומליה "
        "الصومال سومالی सोमालिया โซมาเลีย ソマリア 索馬利亞 索马里 소말리아"
    ),
    "sr": (
        "sur republicofsuriname suranam surinam surinama surinamas suriname σουρινάμ суринам "
        "סורינאם سورينام سورینام सूरीनाम ซูรินาเม スリナム 苏里南 蘇利南 수리남"
    ),
    "ss": (
        "ssd antsudaintheas delszudan dienvidsudana etelasudan guneysudan hegosudan "
        "jiznisudan juznisudan juznysudan lounasudaan namsudan pietusudanas "
        "republicofsouthsudan sorsudan soudandusud southsudan sudandelsud sudandelsur "
        "sudandosur sudanpoludniowy sudanselatan sudanuldesud sudaodosul sudsudan sudursudan "
        "sydsudan zuidsoedan νότιοσουδάν південнийсудан юженсудан южныйсудан јужнисудан "
        "דרוםסודן جنوبالسودان سودانجنوبی दक्षिणसूडान ซูดานใต้ 南スーダン 南苏丹 南蘇丹 남수단"
    ),
    "st": (
        "stp democraticrepublicofsaotomeandprincipe santomeeprincipe santomeirprinsipe "
        "santomeunprinsipi santotomeyprincipe saotome saotomeagusprincipe saotomeandprincipe "
        "saotomedanprincipe saotomeenprincipe saotomeeprincipe saotomeesprincipe "
        "saotomeetaprincipe saotomeetprincipe saotomeinprincipe saotomeiprincipe "
        "saotomejaprincipe saotomeochprincipe saotomeogprincipe saotomeogprinsipe "
        "saotomeprincipe saotomesiprincipe saotomeundprincipe saotomevaprincipe "
        "saotomeveprincipe svatytomasaprincovostrov svatytomasaprincuvostrov "
        "svetitomaiprincip wyspyswietegotomaszaiksiazeca σάοτομέκαιπρίνσιπε сантомеипринсипи "
        "сантомеіпринсіпі саотомеипринсипи саотомеипринципе סאוטומהופרינסיפה سائوتومهوپرینسیپ "
        "ساوتوميوبرينسيبي साओटोमऔरप्रिंसिपे เซาตูเมและปรินซิปี サントメプリンシペ "
        "圣多美和普林西比 聖多美普林西比 상투메프린시페"
    ),
    "sv": (
        "slv antsalvadoir elsalvador osalvador republicofelsalvador salvador salvadora "
        "salvadoras salwador ελσαλβαδόρ салвадор сальвадор אלסלבדור السالوادور السلفادور "
        "अलसल्वाडोर เอลซัลวาดอร์ エルサルバドル 萨尔瓦多 薩爾瓦多 엘살바도르"
    ),
    "sx": (
        "sxm saintmartinpartieneerlandaise sintmaarten sintmaartendutchpart sintmartena "
        "sintmartenas svatymartinhol svatymartinnizozemsko άγιοςμαρτίνοςολλανδικότμήμα "
        "светимартинхоландија синтмартен сінтмартен סנטמארטן سانتمارتن سنتمارتن सिंटमार्टिन "
        "ซินต์มาร์เทน シントマールテン 荷属圣马丁 荷屬聖馬丁 신트마르턴"
    ),
    "sy": (
        "syr antsiria siria sirija suriah suriye suuria syria syrianarabrepublic syrie syrien "
        "syrland syyria sziria συρία сирия сирија сирія סוריה سوريا سوریه सीरिया ซีเรีย "
        "シリア 叙利亚 敘利亞 시리아"
    ),
    "sz": (
        "swz essuatini esuaitini esuatini esvatini eswatini kingdomofeswatini svaasimaa "
        "svatini svazilandas swaziland swazilandia szvazifold εσουατίνι есватини есватіні "
        "свазиленд эсватини אסוואטיני إسواتيني اسواتینی एस्वाटिनी เอสวาตีนี エスワティニ "
        "史瓦帝尼 斯威士兰 에스와티니"
    ),
    "tc": (
        "tca ilesturquesetcaiques ilhasturcasecaicos illasturksecaicos illesturksicaicos "
        "insuleleturkssicaicos islasturcasycaicos isoleturksecaicos kepulauanturksdancaicos "
        "oileainnadturcachaguscaicos otociturksicaicos otokiturksincaicos "
        "quandaoturksvacaicos terksasunkaikosassalas terksoirkaikososalos "
        "turketacaicouharteak turksacaicos turksandcaicosislands turkscaicosislands "
        "turksencaicoseilanden turksescaicosszigetek turksicaicos turksjacaicos "
        "turksjacaicossaaret turksochcaicosoarna turksogcaicoseyjar turksogcaicosoerne "
        "turksogcaicosoyane turksogcaicosoyene turksundcaicosinseln turksvecaicosadalari "
        "νήσοιτερκςκαικάικος острватурксикаикос островитерксікайкос островитърксикайкос "
        "тёрксикайкос אייטרקסוקייקוס جزایرتورکسوکایکوس جزرتوركسوكايكوس तुर्कऔरकैकोज़द्वीपसमूह "
        "หมู่เกาะเติกส์และหมู่เกาะเคคอส タークスカイコス諸島 土克斯及開科斯群島 "
        "特克斯和凯科斯群岛 터크스케이커스제도"
    ),
    "td": (
        "tcd cad cada cadas chad chade ciad csad czad republicofchad sead tchad tsaad tsad "
        "tschad tsjaad tsjad txad τσαντ чад צאד تشاد چاد चाड ชาด チャド 乍得 查德 차드"
    ),
    "tf": (
        "atf criochafrancachadheisceartandomhain "
        "defranskebesiddelseridetsydligeindiskeoceanogantarktis defranskesorterritorier "
        "deifranskesorterritoria franciadeliteruletek francijasdienvidjuruteritorija "
        "francoskojuznoozemlje francouzskajizniuzemi "
        "francuskieterytoriapoludnioweiantarktyczne francuskijuzniteritoriji "
        "francuzskejuzneaantarktickeuzemia fransegebiedenindezuidelijkeindischeoceaan "
        "fransizguneytopraklari franskasydterritorierna franzosischesudundantarktisgebiete "
        "frenchsouthernterritories fronskusudlaegulandsvaedin hegoaldekolurraldefrantsesak "
        "lanhthophianamthuocphap prancuzijospietusritys prantsuselounaalad "
        "ranskanetelaisetjaantarktisetalueet teritoriileaustralesiantarcticefranceze "
        "terreaustralifrancesi terresaustralesfrancaises terresaustralsantartiquesfranceses "
        "territoriosaustraisfranceses territoriosaustralesfranceses territoriosfrancesesdosul "
        "wilayahselatanperancis wilayahselatanprancis γαλλικάνότιαεδάφη "
        "французскиеюжныетерритории французькіпівденнітериторії францускејужнетериторије "
        "френскиюжнитеритории הטריטוריותהדרומיותשלצרפת الأقاليمالجنوبيةالفرنسية "
        "سرزمینهایجنوبیفرانسه फ़्रांसीसीदक्षिणीक्षेत्र เฟรนช์เซาเทิร์นเทร์ริทอรีส์ "
        "仏領極南諸島 法属南部领地 法屬南部屬地 프랑스령남방지역"
    ),
    "tg": (
        "tgo toga togas togo togoleserepublic τόγκο того טוגו توغو توگو टोगो โตโก トーゴ 多哥 토고"
    ),
    "th": (
        "tha antealainn kingdomofthailand prathetthai siam tai tailand tailandas tailandia "
        "taizeme tajland tajlandia tajska tayland thaifold thailan thailand thailanda "
        "thailande thailandia thaimaa thajsko ταϊλάνδη таиланд тайланд таїланд тајланд תאילנד "
        "تايلاند تایلند थाईलैंड ไทย タイ 泰国 泰國 태국"
    ),
    "tj": (
        "tjk antaidsiceastain republicoftajikistan tacikistan tadjikistan tadjiquistao "
        "tadschikistan tadsikistan tadsjikistan tadzikija tadzikistan tadzikistana "
        "tadzjikistan tadzsikisztan tadzykistan tagikistan tajikistan taxiquistan tayikistan "
        "τατζικιστάν таджикистан таџикистан тоҷикистон טגיקיסטן تاجیکستان طاجيكستان "
        "ताजिकिस्तान ทาจิกิสถาน タジキスタン 塔吉克 塔吉克斯坦 타지키스탄"
    ),
    "tk": (
        "tkl tocala tokela tokelau tokelauoarna τοκελάου токелау טוקלאו توكيلاو توکلائو "
        "तोकेलाउ โตเกเลา トケラウ 托克劳 托克勞群島 토켈라우"
    ),
    "tl": (
        "tls austrumtimora austtimor democraticrepublicoftimorleste easttimor ekialdekotimor "
        "idatimor itatimor kelettimor oosttimor osttimor rytutimoras timorest timorleste "
        "timororiental timorwschodni tiomorthoir vychodnitimor vychodnytimor τιμόρλέστε "
        "восточныйтимор тиморлесте тиморлестеисточнитимор тиморлешті טימורלסטה تيمورليشتي "
        "تیمورلسته तिमोरलेस्त ติมอร์เลสเต 东帝汶 東ティモール 東帝汶 동티모르"
    ),
    "tm": (
        "tkm antuircmeanastain turcomenistao turkmenistan turkmenistana turkmenistanas "
        "turkmenisztan turkmensko τουρκμενιστάν туркменистан туркменістан טורקמניסטן "
        "تركمانستان ترکمنستان तुर्कमेनिस्तान เติร์กเมนิสถาน トルクメニスタン 土库曼斯坦 "
        "土庫曼 투르크메니스탄"
    ),
    "tn": (
        "tun antuineis republicoftunisia tuneesia tunesie tunesien tunez tunezia tunezja "
        "tunis tunisas tunisia tunisie tunisien tunisija tunisko tunizija tunus τυνησία тунис "
        "туніс תוניסיה تونس ट्यूनीशिया ตูนิเซีย チュニジア 突尼斯 突尼西亞 튀니지"
    ),
    "to": (
        "ton kingdomoftonga tonga τόνγκα тонга טונגה تونغا تونگا टोंगा ตองกา トンガ 東加 汤加 통가"
    ),
    "tr": (
        "tur antuirc republicofturkey republicofturkiye thonhiky torokorszag turchia turcia "
        "turcija turcja turecko turgi turkei turkey turki turkia turkiet turkija turkije "
        "turkiye turkki turquia turquie turska tyrkia tyrkiet tyrkland τουρκία туреччина "
        "турска турция טורקיה تركيا ترکیه तुर्किये ตุรกี トルコ 土耳其 튀르키예"
    ),
    "tt": (
        "tto oileannatrionoideagustobaga republicoftrinidadandtobago tobago trinidad "
        "trinidadandtobago trinidadasirtobagas trinidadatobago trinidadauntobago "
        "trinidaddantobago trinidadentobago trinidadestobago trinidadetatobago "
        "trinidadetobago trinidadintobago trinidaditobago trinidadjatobago trinidadochtobago "
        "trinidadogtobago trinidadsitobago trinidadtobago trinidadundtobago trinidadvatobago "
        "trinidadvetobago trinidadytobago triniteettobago trynidaditobago "
        "τρινιντάντκαιτομπάγκο тринидадитобаго тринідадітобаго טרינידדוטובגו ترينيدادوتوباغو "
        "ترینیدادوتوباگو त्रिनिदादऔरटोबैगो ตรินิแดดและโตเบโก トリニダードトバゴ "
        "千里達及托巴哥 特立尼达和多巴哥 트리니다드토바고"
    ),
    "tv": ("tuv tuvalu τουβαλού тувалу טובאלו توفالو تووالو तुवालू ตูวาลู ツバル 吐瓦魯 图瓦卢 투발루"),
    "tw": (
        "twn anteavain chinesetaipei dailoan provinceofchinataiwan republicofchina taivan "
        "taivana taivanas taiwan taiwanprovinceofchina taiwanroc tajvan tajwan tayvan "
        "tchajwan ταϊβάν тайван тайвань тајван טייוואן تايوان تایوان ताइवान ไต้หวัน 台湾 台灣 "
        "臺灣 대만"
    ),
    "tz": (
        "tza antansain tansaania tansania tanzania tanzaniaunitedrepublicof tanzanie "
        "tanzanija tanzanya unitedrepublicoftanzania τανζανία танзания танзанија танзанія "
        "טנזניה تانزانیا تنزانيا तंज़ानिया แทนซาเนีย タンザニア 坦尚尼亞 坦桑尼亚 탄자니아"
    ),
    "ua": (
        "ukr anucrain oekraine theukraine ucraina ucrania ukraina ukraine ukrajina ukrajna "
        "ukrayna ουκρανία украина украйна україна украјина אוקראינה أوكرانيا اوکراین यूक्रेन "
        "ยูเครน ウクライナ 乌克兰 烏克蘭 우크라이나"
    ),
    "ug": (
        "uga oeganda ouganda republicofuganda uganda ουγκάντα уганда אוגנדה أوغندا اوگاندا "
        "युगांडा ยูกันดา ウガンダ 乌干达 烏干達 우간다"
    ),
    "um": (
        "umi abdkucukhariciadalari amerikanischeuberseeinseln amerikanskeoversoiskeoer "
        "ameriketakoestatubatuetakokanpoaldekouhartetxikiak asvmazasaizjurassalas "
        "azusalakatlankulbirtokai cactieudaoxacuahoaky "
        "dalekiewyspymniejszestanowzjednoczonych ilesmineureseloigneesdesetatsunis "
        "ilhasmenoresdistantesdoseua illasmenoresdistantesdosestadosunidos "
        "illesmenorsallunyadesdelsestatsunits insuleleindepartatealesua "
        "islasmenoresalejadasdeeeuu isoleminoriesternedeglistatiuniti "
        "jungtiniuvalstijumazosiostolimosiossalos kepulauanterluaras kepulauanterpencilas "
        "kleineafgelegeneilandenvandeverenigdestaten maliudaljeniotocisada "
        "mensieodlahleostrovyusa mensiodlehleostrovyusa oileainimeallachasam "
        "smaeyjarbandarikjanna stranskizunanjiotokizdruzenihdrzav uhendriikidehajasaared "
        "unitedstatesminoroutlyingislands usasytreoyer usasytresmaoyar usasyttreoar "
        "usoutlyingislands yhdysvaltainerillissaaret απομακρυσμένεςνησίδεςηπα внешниемалыеова "
        "внешниемалыеовасша віддаленіостровисша отдалечениостровинасащ удаљенаострвасад "
        "האייםהמרוחקיםהקטניםשלארהב جزایردورافتادهٔایالاتمتحده جزرالولاياتالمتحدةالنائية "
        "यूएसआउटलाइंगद्वीपसमूह หมู่เกาะรอบนอกของสหรัฐอเมริกา 合衆国領有小離島 "
        "美国本土外小岛屿 美國本土外小島嶼 미국령해외제도"
    ),
    "us": (
        "usa ameerikauhendriigid amelikahuipuia america amerika amerikabirlesikdevletleri "
        "amerikaserikat amerikasforentastater amerikasforentestater amerikassavienotasvalstis "
        "amerikasyarikat ameriketakoestatubatuak bandarikin eeuu egyesultallamok "
        "estadosunidos estadosunidosdaamerica estadosunidosdeamerica estatsunits etatsunis "
        "etatsunisdamerique eua hoaky jungtinesvalstijos sjedinjeneamerickedrzave "
        "spojenestaty staitaontaithemheiricea stanyzjednoczone stateleunitealeamericii "
        "statiuniti statiunitidamerica theunitedstates theunitedstatesofamerica unitedstates "
        "unitedstatesofamerica usavereinigtestaaten usofa vereinigtestaaten "
        "vereinigtestaatenvonamerika verenigdestaten verenigdestatenvanamerika yhdysvallat "
        "zdruzenedrzaveamerike ηνωμένεςπολιτείες соединенныештаты соединенныештатыамерики "
        "сполученіштати сша съединенищати сједињенедржаве ארצותהברית الولاياتالمتحدة "
        "ایالاتمتحده संयुक्तराज्य สหรัฐอเมริกา アメリカ アメリカ合衆国 米国 美利坚合众国 美国 "
        "美國 미국"
    ),
    "uy": (
        "ury easternrepublicofuruguay uragua uruguai uruguaj uruguay urugvae urugvaj urugvaja "
        "urugvajus urugwaj ουρουγουάη уругвай уругвај אורוגוואי أورغواي اروگوئه उरूग्वे "
        "อุรุกวัย ウルグアイ 乌拉圭 烏拉圭 우루과이"
    ),
    "uz": (
        "uzb anuisbeiceastain oezbekistan ouzbekistan ozbekistan ozbekiston "
        "republicofuzbekistan usbekistan uzbegisztan uzbekistan uzbekistana uzbekistanas "
        "uzbequistao ουζμπεκιστάν узбекистан ўзбекистон אוזבקיסטן أوزبكستان ازبکستان "
        "उज़्बेकिस्तान อุซเบกิสถาน ウズベキスタン 乌兹别克斯坦 烏茲別克 우즈베키스탄"
    ),
    "va": (
        "vat cathairnavatacaine cidadedovaticano cittadelvaticano ciudaddelvaticano "
        "ciutatdelvatica etatdelaciteduvatican holysee holyseevaticancitystate kotavatican "
        "statulcetatiivaticanului thanhvatican thevatican vaticaanstad vatican vaticancity "
        "vaticancitystate vatikaani vatikan vatikanid vatikanohiria vatikanomiestovalstybe "
        "vatikans vatikanstadt vatikanstaten watykan βατικανό ватикан הוותיקן الفاتيكان "
        "واتیکان वेटिकनसिटी นครวาติกัน バチカン市国 梵蒂冈 梵蒂岡 바티칸시국"
    ),
    "vc": (
        "vct saintvincent saintvincentandthegrenadines saintvincentdangrenadine "
        "saintvincentdangrenadines saintvincentegrenadine saintvincentendegrenadines "
        "saintvincentesagrenadineszigetek saintvincentetagrenadinak "
        "saintvincentetlesgrenadines saintvincentgrenadines saintvincentigrenadyny "
        "saintvincentilesgrenadines saintvincentingrenadine saintvincentjagrenadiinid "
        "saintvincentjagrenadiinit saintvincentoggrenadinane saintvincentoggrenadinene "
        "saintvincentoggrenadinerne saintvincentsigrenadinele saintvincentunddiegrenadinen "
        "saintvincentvagrenadines saintvincentvegrenadinler sanktivinsentoggrenadineyjar "
        "sanuinseannagusnagreanaidini sanvicenteeasgranadinas sanvicenteylasgranadinas "
        "saovicenteegranadinas sentvinsentaungrenadinas stvincentandgrenadines "
        "stvincentandthegrenadines stvincentgrenadines stvincentochgrenadinerna "
        "stvincentoggrenadinane stvincentoggrenadinene stvincentunddiegrenadinen "
        "stvincentvagrenadines svatyvincencagrenadiny svatyvincentagrenadiny "
        "sventasisvincentasirgrenadinai svetivincentigrenadini άγιοςβικέντιοςκαιγρεναδίνες "
        "сейнтвинсънтигренадини сентвинсентигренадини сентвинсентигренадины "
        "сентвінсентігренадіни סנטוינסנטוהגרנדינים سانتفنسنتوجزرغرينادين سنتوینسنتوگرنادین "
        "सेंटविंसेंटऔरग्रेनाडाइंस เซนต์วินเซนต์และเกรนาดีนส์ "
        "セントビンセント及びグレナディーン諸島 圣文森特和格林纳丁斯 聖文森及格瑞那丁 "
        "세인트빈센트그레나딘"
    ),
    "ve": (
        "ven bolivarianrepublicofvenezuela veiniseala venecuela venesuela venezuela "
        "venezuelabolivarianrepublicof wenezuela βενεζουέλα венесуела венесуэла венецуела "
        "ונצואלה فنزويلا ونزوئلا वेनेज़ुएला เวเนซุเอลา ベネズエラ 委內瑞拉 委内瑞拉 "
        "베네수엘라"
    ),
    "vg": (
        "vgb birjinauhartebritainiarrak breskujomfruaeyjar britanskideviskiotoki "
        "britanskidjevicanskiotoci britanyavirjinadalari britineitsisaared "
        "britischejungferninseln britishvirginislands britsemaagdeneilanden "
        "britskepanenskeostrovy brittilaisetneitsytsaaret brittiskajungfruoarna "
        "brituvirdzinas britvirginszigetek brytyjskiewyspydziewicze bvi debritiskejomfruoer "
        "debritiskejomfruoyene deibritiskejomfruoyane didziosiosbritanijosmergeliusalos "
        "ilesviergesbritanniques ilhasvirgensbritanicas illasvirxesbritanicas "
        "illesvergesbritaniques insulelevirginebritanice islasvirgenesbritanicas "
        "isoleverginibritanniche kepulauanvirginbritaniaraya kepulauanvirginbritish "
        "oileainbhriotanachanamaighdean quandaovirginthuocanh virginislandsbritish "
        "βρετανικέςπαρθένεςνήσοι британскадевичанскаострва британскивирджинскиострови "
        "британськівіргінськіострови виргинскиеовавеликобритания אייהבתולההבריטיים "
        "جزایرویرجینبریتانیا جزرفيرجنالبريطانية ब्रिटिशवर्जिनद्वीपसमूह หมู่เกาะบริติชเวอร์จิน "
        "英属维尔京群岛 英屬維京群島 英領ヴァージン諸島 영국령버진아일랜드"
    ),
    "vi": (
        "vir abdvirjinadalari americkepanenskeostrovy americkidjevicanskiotoci "
        "amerikaansemaagdeneilanden amerikaivirginszigetek amerikanischejungferninseln "
        "amerikanskajungfruoarna ameriskideviskiotoki asvvirdzinas bandariskujomfruaeyjar "
        "birjinauharteamerikarrak deamerikanskejomfruoer deamerikanskejomfruoyene "
        "deiamerikanskejomfruoyane ilesviergesdesetatsunis ilhasvirgensamericanas "
        "illasvirxesestadounidenses illesvergesdelsestatsunits insulelevirgineamericane "
        "islasvirgenesdeeeuu isoleverginiamericane jungtiniuvalstijumergeliusalos "
        "kepulauanvirginamerikaserikat kepulauanvirginas oileainmheiriceanachanamaighdean "
        "quandaovirginthuochoaky unitedstatesvirginislands usaneitsisaared usvi "
        "usvirginislands virginislandsoftheunitedstates virginislandsus "
        "wyspydziewiczestanowzjednoczonych yhdysvaltainneitsytsaaret "
        "αμερικανικέςπαρθένεςνήσοι американскивирджинскиострови америчкадевичанскаострва "
        "виргинскиеовасша віргінськіострови віргінськіостровисша אייהבתולהשלארצותהברית "
        "جزایرویرجینایالاتمتحده جزرفيرجنالأمريكية यूएसवर्जिनद्वीपसमूह "
        "หมู่เกาะเวอร์จินของสหรัฐอเมริกา 米領ヴァージン諸島 美属维尔京群岛 美屬維京群島 "
        "미국령버진아일랜드"
    ),
    "vn": (
        "vnm socialistrepublicofvietnam vietna vietnam vietnamas vietnamsocialistrepublic "
        "vijetnam vitneam vjetnama wietnam βιετνάμ виетнам вијетнам вьетнам вєтнам וייטנאם "
        "فيتنام ویتنام वियतनाम เวียดนาม ベトナム 越南 베트남"
    ),
    "vu": (
        "vut republicofvanuatu vanuatu βανουάτου вануату ונואטו فانواتو وانواتو वनुआतू "
        "วานูอาตู バヌアツ 瓦努阿图 萬那杜 바누아투"
    ),
    "wf": (
        "wlf kepulauanwallisdanfutuna vailisagusfutuna volisasirfutuna volisaunfutunassalas "
        "wallisafutuna wallisandfutuna wallisdanfutuna wallisefutuna wallisenfutuna "
        "wallisesfutuna wallisetafutuna wallisetfutuna wallisfutuna wallisifutuna "
        "wallisinfutuna wallisjafutuna wallisochfutunaoarna wallisogfutuna "
        "wallisogfutunaeyjar wallissifutuna wallisundfutuna wallisvafutuna wallisvefutuna "
        "wallisyfutuna γουάλιςκαιφουτούνα валисифутуна уолисифутуна уоллисифутуна "
        "уоллісіфутуна אייווליסופוטונה جزروالسوفوتونا والیسوفوتونا वालिसऔरफ़्यूचूना "
        "วาลลิสและฟุตูนา ウォリスフツナ 瓦利斯和富图纳 瓦利斯群島和富圖那群島 "
        "왈리스푸투나제도"
    ),
    "ws": (
        "wsm independentstateofsamoa samo samoa szamoa σαμόα самоа סמואה ساموآ ساموا समोआ "
        "ซามัว サモア 萨摩亚 薩摩亞 사모아"
    ),
    "ye": (
        "yem eimin iemen jeemen jemen jemena jemenas republicofyemen yaman yemen υεμένη йемен "
        "ємен јемен תימן اليمن یمن यमन เยเมน イエメン 也门 葉門 예멘"
    ),
    "yt": (
        "myt majota majotas majotta mayotte μαγιότ майот майотта мајот מאיוט مايوت مایوت "
        "मायोते มายอต マヨット 馬約特島 马约特 마요트"
    ),
    "za": (
        "zaf aforikaborwa africadesud africadosul afrikaborwa afrikaselatan afriquedusud "
        "anafraictheas delafrikaikoztarsasag dienvidafrikasrepublika emzantsiafrika "
        "etelaafrikka guneyafrika hegoafrika iningizimuafrika jihoafrickarepublika "
        "juznaafrika juznoafrickarepublika juznoafriskarepublika lounaaafrikavabariik namphi "
        "pietuafrika republicofsouthafrica republikapoludniowejafryki rsa sorafrika "
        "southafrica sudafrica sudafrika sudurafrika suidafrika surafrica sydafrika "
        "zuidafrika νότιααφρική південноафриканськареспубліка южнаафрика "
        "южноафриканскаяреспублика јужноафричкарепублика דרוםאפריקה افریقایجنوبی جنوبأفريقيا "
        "दक्षिणअफ़्रीका แอฟริกาใต้ 南アフリカ 南非 남아프리카"
    ),
    "zm": (
        "zmb antsaimbia republicofzambia sambia zambia zambie zambija zambiya ζάμπια замбия "
        "замбија замбія זמביה زامبيا زامبیا ज़ाम्बिया แซมเบีย ザンビア 尚比亞 赞比亚 잠비아"
    ),
    "zw": (
        "zwe antsiombaib republicofzimbabwe simbabve simbabwe zimbabue zimbabve zimbabwe "
        "ζιμπάμπουε зимбабве зімбабве זימבבואה زيمبابوي زیمبابوه ज़िम्बाब्वे ซิมบับเว "
        "ジンバブエ 津巴布韦 辛巴威 짐바브웨"
    ),
}
"""Alpha-2 code to alpha-3 code and names, separated by spaces."""

OTHER_CODES: Final = {"uk": "gb", "el": "gr"}
"""Two letters in wide use that ISO 3166-1 reserves for the same country."""

ALPHA_2: Final = frozenset(NAMES)
"""Every officially assigned alpha-2 code, lower-case."""
