"""In which formats members are pushed, and how a Content-Type says which."""

from app.errors import UnsupportedMediaType

MEDIA_TYPES = {
    "text/csv": "csv",
    "text/tab-separated-values": "tsv",
    "application/x-ndjson": "ndjson",
    "application/vnd.apache.parquet": "parquet",
}


def media_options(content_type: str) -> dict[str, str]:
    """The options of a source in a Content-Type: `format`, and `encoding` by its charset.

    Raises `UnsupportedMediaType`.
    """
    kind, *parameters = (part.strip() for part in content_type.split(";"))
    if kind.lower() not in MEDIA_TYPES:
        raise UnsupportedMediaType(
            "Send the members with one of these as Content-Type: " + ", ".join(MEDIA_TYPES) + "."
        )
    options = {"format": MEDIA_TYPES[kind.lower()]}
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and options["format"] != "parquet":
            options["encoding"] = value.strip().strip('"')
    return options
