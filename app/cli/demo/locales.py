# ruff: noqa: RUF001 - names are written as their owners write them
"""Names, places and ways to write a telephone number, country by country, for invented people."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Locale:
    """A country's names and places; names are `as written|as in an address`."""

    country: str
    share: float
    first: tuple[str, ...]
    last: tuple[str, ...]
    places: tuple[tuple[str, str, str], ...]  # city, state, zip with # for a digit
    phones: tuple[str, ...]  # the ways people write them, # for a digit
    domains: tuple[str, ...]


# RFC 2606, section 3: nobody has an address there
_WORLDWIDE = ("example.com", "example.org", "example.net")

LOCALES = (
    Locale(
        "US",
        0.26,
        ("James", "Mary", "José|jose", "Linda", "D'Andre|dandre", "Emily", "Tyrone", "Zoë|zoe"),
        ("Smith", "O'Neil|oneil", "Garcia", "Nguyen", "Johnson", "St. John|stjohn", "Brown"),
        (("New York", "NY", "100##"), ("St. Louis", "MO", "631##"), ("Boise", "ID", "837##-####")),
        ("(212) 555-0###", "+1 314 555 0###", "2085550###", "1-617-555-0###"),
        (*_WORLDWIDE, "cable.us.example"),
    ),
    Locale(
        "GB",
        0.12,
        ("Oliver", "Amelia", "Siân|sian", "Harry", "Isla", "Rhys"),
        ("Smith", "Jones", "MacDonald", "Patel", "Davies", "Smythe-Jones"),
        (("London", "", "SW1A 1AA"), ("Leeds", "", "LS1 4AP"), ("Cardiff", "", "CF10 1EP")),
        ("07700 900###", "+44 7700 900###", "0044 7700 900###"),
        (*_WORLDWIDE, "broadband.uk.example"),
    ),
    Locale(
        "DE",
        0.13,
        ("Jürgen|juergen", "Anna", "Käthe|kaethe", "Lukas", "Sören|soeren", "Marie"),
        (
            "Müller|mueller",
            "Schmidt",
            "Groß|gross",
            "Weber",
            "von Braun|vonbraun",
            "Schröder|schroeder",
        ),
        (("München", "", "803##"), ("Köln", "", "506##"), ("Leipzig", "", "041##")),
        ("0151 2345####", "+49 (0)151 2345####", "0049 30 2345####"),
        (*_WORLDWIDE, "netz.de.example", "post.de.example"),
    ),
    Locale(
        "FR",
        0.10,
        ("Chloé|chloe", "Hugo", "François|francois", "Léa|lea", "Jean-Luc", "Inès|ines"),
        ("Martin", "Lefèvre|lefevre", "Dubois", "d'Aubigné|daubigne", "Moreau"),
        (("Paris", "", "750##"), ("Saint-Étienne", "", "420##"), ("Lyon", "", "690##")),
        ("06 12 34 ## ##", "+33 6 12 34 ## ##", "0612 34####"),
        (*_WORLDWIDE, "courrier.fr.example"),
    ),
    Locale(
        "IT",
        0.08,
        ("Giuseppe", "Sofia", "Niccolò|niccolo", "Aurora", "Matteo"),
        ("Rossi", "Russo", "D'Angelo|dangelo", "Ferrari", "De Luca|deluca"),
        (("Roma", "RM", "001##"), ("Milano", "MI", "201##"), ("Forlì", "FC", "471##")),
        ("347 123 ####", "+39 347 123####", "06 1234 ####"),
        (*_WORLDWIDE, "posta.it.example"),
    ),
    Locale(
        "ES",
        0.07,
        ("María|maria", "Íñigo|inigo", "Lucía|lucia", "Hugo", "Begoña|begona"),
        ("García|garcia", "Muñoz|munoz", "López Pérez|lopez", "Ibáñez|ibanez"),
        (("Madrid", "", "280##"), ("A Coruña", "", "150##"), ("Cádiz", "", "110##")),
        ("612 34 ## ##", "+34 612 34####", "0034612 34####"),
        (*_WORLDWIDE, "correo.es.example"),
    ),
    Locale(
        "BR",
        0.07,
        ("João|joao", "Ana", "Conceição|conceicao", "Pedro", "Letícia|leticia"),
        ("Silva", "Gonçalves|goncalves", "dos Santos|dossantos", "Araújo|araujo"),
        (("São Paulo", "SP", "01###-000"), ("Rio de Janeiro", "RJ", "20###-000")),
        ("(11) 91234-####", "+55 11 91234 ####", "11912 34####"),
        (*_WORLDWIDE, "correio.br.example"),
    ),
    Locale(
        "JP",
        0.05,
        ("太郎|taro", "花子|hanako", "さくら|sakura", "健|ken"),
        ("佐藤|sato", "鈴木|suzuki", "高橋|takahashi", "田中|tanaka"),
        (("東京", "", "100-00##"), ("大阪市", "", "530-00##"), ("札幌市", "", "060-00##")),
        ("090-1234-####", "+81 90-1234-####", "0312 34####"),
        (*_WORLDWIDE, "keitai.ne.jp.example"),
    ),
    Locale(
        "PL",
        0.05,
        ("Łukasz|lukasz", "Zofia", "Małgorzata|malgorzata", "Paweł|pawel"),
        ("Kowalski", "Wiśniewska|wisniewska", "Wójcik|wojcik", "Zieliński|zielinski"),
        (("Łódź", "", "90-0##"), ("Kraków", "", "30-0##"), ("Gdańsk", "", "80-0##")),
        ("512 345 ###", "+48 512 345 ###", "512-345-###"),
        (*_WORLDWIDE, "poczta.pl.example"),
    ),
    Locale(
        "GR",
        0.04,
        ("Γιώργος|giorgos", "Μαρία|maria", "Ελένη|eleni", "Νίκος|nikos"),
        ("Παπαδόπουλος|papadopoulos", "Γεωργίου|georgiou", "Οικονόμου|oikonomou"),
        (("Αθήνα", "", "10# ##"), ("Θεσσαλονίκη", "", "54# ##"), ("Πάτρα", "", "26# ##")),
        ("691 234 ####", "+30 691 234 ####", "21 0123 ####"),
        (*_WORLDWIDE, "tachydromeio.gr.example"),
    ),
    Locale(
        "TR",
        0.03,
        ("İbrahim|ibrahim", "Ayşe|ayse", "Çağla|cagla", "Işıl|isil"),
        ("Yılmaz|yilmaz", "Şahin|sahin", "Öztürk|ozturk", "Çelik|celik"),
        (("İstanbul", "", "34###"), ("İzmir", "", "35###"), ("Diyarbakır", "", "21###")),
        ("0532 123 ## ##", "+90 532 123 ## ##", "532123 ####"),
        (*_WORLDWIDE, "posta.tr.example"),
    ),
)
