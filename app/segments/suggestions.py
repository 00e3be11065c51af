"""Which of Meta's keys an attribute's name suggests, so that a mapping starts half filled in.

The names are those of the Common Data Model's customer profile and what exports of shops call them.
"""

import re

_NAMES: dict[str, tuple[str, ...]] = {
    "EMAIL": (
        "email",
        "emailaddress",
        "mail",
        "primaryemail",
        "secondaryemail",
        "email1",
        "email2",
        "e_mail",
    ),
    "PHONE": (
        "phone",
        "phonenumber",
        "mobile",
        "mobilephone",
        "telephone",
        "primaryphone",
        "homephone",
        "workphone",
        "tel",
    ),
    "FN": ("fn", "firstname", "givenname", "forename", "vorname", "prenom"),
    "LN": ("ln", "lastname", "surname", "familyname", "nachname", "nom"),
    "FI": ("fi", "firstinitial"),
    "GEN": ("gen", "gender", "sex"),
    "DOB": ("dob", "birthdate", "dateofbirth", "birthday"),
    "DOBY": ("doby", "birthyear", "yearofbirth"),
    "DOBM": ("dobm", "birthmonth"),
    "DOBD": ("dobd", "dayofbirth"),
    "CT": ("ct", "city", "town", "locationcity", "ort"),
    "ST": ("st", "state", "province", "region", "stateorprovince"),
    "ZIP": ("zip", "zipcode", "postalcode", "postcode", "plz"),
    "COUNTRY": ("country", "countrycode", "countryorregion", "land"),
    "MADID": ("madid", "idfa", "gaid", "aaid", "advertisingid"),
    "EXTERN_ID": ("externid", "customerid", "externalid", "customerprofileid"),
    "LOOKALIKE_VALUE": ("lookalikevalue", "ltv", "lifetimevalue", "customervalue"),
}
_BY_NAME = {name: key for key, names in _NAMES.items() for name in names}


def suggest_key(attribute: str) -> str | None:
    """Meta's key for an attribute's name, or None."""
    return _BY_NAME.get(re.sub(r"[^a-z0-9]", "", attribute.lower()))
