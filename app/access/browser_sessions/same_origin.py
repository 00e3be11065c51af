"""Is it our own page that asks? A cookie goes with every request, so other pages must be told apart.

By Fetch Metadata, which pages cannot set (https://www.w3.org/TR/fetch-metadata/); browsers that send
none name their Origin with everything that changes something.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from app.errors import Forbidden

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class CrossSite(Forbidden):
    """A browser may only do this from this service's own pages; programs send an API key instead."""

    code = "cross-site-request"


def check_same_origin(headers: Mapping[str, str], *, public_url: str, cookie_is_used: bool) -> None:
    """Raises `CrossSite` unless a request that changes something comes from our own pages.

    With a cookie somebody must vouch for it: `Sec-Fetch-Site: same-origin`, else an Origin that is
    PUBLIC_URL's. Without one (signing in) only a header that says otherwise is a reason to refuse.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        if site != "same-origin":
            raise CrossSite
        return
    origin = headers.get("origin")
    if origin is None:
        if cookie_is_used:
            raise CrossSite
        return
    if origin != origin_of(public_url):
        raise CrossSite


def origin_of(url: str) -> str:
    """Scheme, host and port of an address, as browsers write them."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()
