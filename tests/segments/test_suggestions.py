# ruff: noqa: E501
"""Whole header rows of real exports: every column suggests what a person would map it to."""

from importlib.resources import files

import pytest

from app.identifiers import ATTRIBUTE_KEYS
from app.segments.key_suggestions import suggest_key

ROWS = {
    "Shopify customers": "Customer ID=EXTERN_ID|First Name=FN|Last Name=LN|Email=EMAIL|Accepts Email Marketing|"
    "Default Address Company|Default Address Address1|Default Address Address2|Default Address City=CT|"
    "Default Address Province Code=ST|Default Address Country Code=COUNTRY|Default Address Zip=ZIP|"
    "Default Address Phone=PHONE|Phone=PHONE|Accepts SMS Marketing|Total Spent|Total Orders|Note|Tax Exempt|Tags",
    "WooCommerce customers": "Name|Username|Last Active|Date Registered|Email=EMAIL|Orders|Total Spend|AOV|"
    "Country / Region=COUNTRY|City=CT|Region=ST|Postal Code=ZIP",
    "WooCommerce orders": "billing_first_name=FN|billing_last_name=LN|billing_company|billing_email=EMAIL|"
    "billing_phone=PHONE|billing_address_1|billing_address_2|billing_postcode=ZIP|billing_city=CT|"
    "billing_state=ST|billing_country=COUNTRY|shipping_method|customer_note",
    "Mailchimp": "Email Address=EMAIL|First Name=FN|Last Name=LN|Address|Phone Number=PHONE|Birthday=DOB|"
    "MEMBER_RATING|OPTIN_TIME|OPTIN_IP|CONFIRM_TIME|GMTOFF|DSTOFF|TIMEZONE|CC|REGION=ST|LAST_CHANGED|LEID|EUID|NOTES|TAGS",
    "Klaviyo": "Email=EMAIL|Klaviyo ID=EXTERN_ID|First Name=FN|Last Name=LN|Organization|Title|Phone Number=PHONE|"
    "Address|Address 2|City=CT|State / Region=ST|Country=COUNTRY|Zip / Postal Code=ZIP|Latitude|Longitude|Source|"
    "Email Marketing Consent|First Active|Last Active|Profile Created On|Date Added|Last Open|Last Click|Email Domain",
    "HubSpot": "Record ID=EXTERN_ID|First Name=FN|Last Name=LN|Email=EMAIL|Phone Number=PHONE|Mobile Phone Number=PHONE|"
    "Contact owner|City=CT|State/Region=ST|Postal Code=ZIP|Country/Region=COUNTRY|Lead Status|"
    "Marketing contact status|Create Date|Associated Company|Email Domain|Unsubscribed from all email",
    "Salesforce": "Contact ID=EXTERN_ID|Salutation|First Name=FN|Last Name=LN|Title|Account Name|Mailing Street|"
    "Mailing City=CT|Mailing State/Province=ST|Mailing Zip/Postal Code=ZIP|Mailing Country=COUNTRY|Phone=PHONE|"
    "Mobile=PHONE|Fax|Email=EMAIL|Birthdate=DOB|Account Owner|Email Opt Out",
    "Stripe": "id|Description|Email=EMAIL|Name|Created (UTC)|Delinquent|Card ID|Card Last4|Card Brand|Card Name|"
    "Card Address Line1|Card Address City=CT|Card Address State=ST|Card Address Zip=ZIP|Card Address Country=COUNTRY|"
    "Card Issue Country|Card CVC Status|Currency",
    "Magento": "email=EMAIL|_website|_store|confirmation|created_at|created_in|disable_auto_group_change|dob=DOB|"
    "firstname=FN|gender=GEN|group_id|lastname=LN|middlename|password_hash|prefix|rp_token|store_id|suffix|taxvat|"
    "website_id|_address_city=CT|_address_company|_address_country_id=COUNTRY|_address_fax|_address_firstname=FN|"
    "_address_lastname=LN|_address_postcode=ZIP|_address_region=ST|_address_street|_address_telephone=PHONE",
    "Google Contacts": "First Name=FN|Middle Name|Last Name=LN|Nickname|Organization Name|Birthday=DOB|Notes|Labels|"
    "E-mail 1 - Label|E-mail 1 - Value=EMAIL|E-mail 2 - Label|E-mail 2 - Value=EMAIL|Phone 1 - Label|"
    "Phone 1 - Value=PHONE|Address 1 - Label|Address 1 - Street|Address 1 - City=CT|Address 1 - Region=ST|"
    "Address 1 - Postal Code=ZIP|Address 1 - Country=COUNTRY",
    "Meta customer list": "email=EMAIL|email_2=EMAIL|email_3=EMAIL|phone=PHONE|phone_2=PHONE|phone_3=PHONE|madid=MADID|"
    "fn=FN|ln=LN|zip=ZIP|ct=CT|st=ST|country=COUNTRY|dob=DOB|doby=DOBY|gen=GEN|age|uid=EXTERN_ID|value=LOOKALIKE_VALUE",
    "Meta lead export": "id|created_time|ad_id|ad_name|adset_id|adset_name|campaign_id|campaign_name|form_id|form_name|"
    "is_organic|platform|email=EMAIL|full_name|first_name=FN|last_name=LN|phone_number=PHONE|city=CT|state=ST|"
    "zip_code=ZIP|country=COUNTRY|date_of_birth=DOB|gender=GEN|lead_status",
    "German": "Kundennummer=EXTERN_ID|Anrede|Vorname=FN|Nachname=LN|E-Mail-Adresse=EMAIL|Telefon=PHONE|Handy=PHONE|"
    "Straße|PLZ=ZIP|Ort=CT|Bundesland=ST|Land=COUNTRY|Geburtsdatum=DOB|Geschlecht=GEN|Newsletter",
    "French": "Prénom=FN|Nom=LN|Adresse e-mail=EMAIL|Téléphone=PHONE|Adresse|Code postal=ZIP|Ville=CT|Pays=COUNTRY|"
    "Date de naissance=DOB|Sexe=GEN",
    "Spanish": "Nombre=FN|Apellidos=LN|Correo electrónico=EMAIL|Teléfono=PHONE|Código postal=ZIP|Ciudad=CT|"
    "Provincia=ST|País=COUNTRY|Fecha de nacimiento=DOB|Género=GEN",
    "Italian": "Cognome=LN|E-mail=EMAIL|Cellulare=PHONE|CAP=ZIP|Città=CT|Provincia=ST|Paese=COUNTRY|Data di nascita=DOB",
    "Portuguese": "Primeiro nome=FN|Sobrenome=LN|E-mail=EMAIL|Celular=PHONE|CEP=ZIP|Cidade=CT|Estado=ST|País=COUNTRY",
    "Dutch": "Voornaam=FN|Achternaam=LN|E-mailadres=EMAIL|Telefoonnummer=PHONE|Postcode=ZIP|Woonplaats=CT|Land=COUNTRY",
    "Swedish": "Förnamn=FN|Efternamn=LN|E-post=EMAIL|Mobilnummer=PHONE|Postnummer=ZIP|Ort=CT|Land=COUNTRY|Kön=GEN",
    "Norwegian": "Fornavn=FN|Etternavn=LN|E-post=EMAIL|Telefonnummer=PHONE|Postnr=ZIP|Poststed=CT|Fødselsdato=DOB",
    "Danish": "Fornavn=FN|Efternavn=LN|E-mail=EMAIL|Telefon=PHONE|Postnummer=ZIP|By=CT|Land=COUNTRY|Køn=GEN",
    "Finnish": "Etunimi=FN|Sukunimi=LN|Sähköposti=EMAIL|Puhelin=PHONE|Postinumero=ZIP|Kaupunki=CT|Maa=COUNTRY",
    "Polish": "Imię=FN|Nazwisko=LN|Adres e-mail=EMAIL|Telefon=PHONE|Kod pocztowy=ZIP|Miasto=CT|Województwo=ST|Kraj=COUNTRY|Płeć=GEN",
    "Czech": "Jméno=FN|Příjmení=LN|E-mail=EMAIL|Telefon=PHONE|PSČ=ZIP|Město=CT|Země=COUNTRY|Pohlaví=GEN",
    "Turkish": "İsim=FN|Soyadı=LN|E-posta=EMAIL|Telefon=PHONE|Posta kodu=ZIP|Şehir=CT|Ülke=COUNTRY|Cinsiyet=GEN",
    "Russian": "Имя=FN|Фамилия=LN|Электронная почта=EMAIL|Телефон=PHONE|Индекс=ZIP|Город=CT|Область=ST|Страна=COUNTRY|Пол=GEN",
    "Japanese": "姓=LN|名=FN|メールアドレス=EMAIL|電話番号=PHONE|郵便番号=ZIP|都道府県=ST|市区町村=CT|国=COUNTRY|生年月日=DOB|性別=GEN",
    "Chinese": "姓氏=LN|名字=FN|邮箱=EMAIL|手机号码=PHONE|邮编=ZIP|省份=ST|城市=CT|国家=COUNTRY|出生日期=DOB|性别=GEN",
    "Korean": "성=LN|이름=FN|이메일=EMAIL|휴대폰=PHONE|우편번호=ZIP|도시=CT|국가=COUNTRY|생년월일=DOB|성별=GEN",
    "Arabic": "الاسم الأول=FN|اسم العائلة=LN|البريد الإلكتروني=EMAIL|رقم الهاتف=PHONE|المدينة=CT|الدولة=COUNTRY|الجنس=GEN",
    "Indonesian": "Nama depan=FN|Nama belakang=LN|Email=EMAIL|No. HP=PHONE|Nomor telepon=PHONE|Kode pos=ZIP|Kota=CT|Provinsi=ST|Negara=COUNTRY",
    "columns that merely contain the word": "email_opt_in|Accepts Email Marketing|phone_verified|Email Domain|zip_file|"
    "email_status|country_count|city_id|phone_type|first_name_phonetic|last_name_initial|is_email_valid|gender_pay|stats",
}  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_whole_header_row(row: str) -> None:
    wanted = dict(one.partition("=")[::2] for one in ROWS[row].split("|"))
    assert {name: suggest_key(name) or "" for name in wanted} == wanted


def test_a_name_is_in_the_table_under_one_key() -> None:
    lines = files("app.segments").joinpath("column_names.tsv").read_text("utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")][1:]
    keys = {attribute.key for attribute in ATTRIBUTE_KEYS}
    seen: dict[str, str] = {}
    for _, key, names in rows:
        assert key in keys
        for name in names.split():
            assert seen.setdefault(name, key) == key, name
