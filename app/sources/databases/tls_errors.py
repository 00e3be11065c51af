"""Whether a connection failed because both ends agree on no encryption."""

import ssl


def is_about_encryption(error: BaseException) -> bool:
    """Looks at what caused it, too; a handshake that only waited for more bytes is none."""
    seen: BaseException | None = error
    while seen is not None:
        waits = isinstance(seen, ssl.SSLWantReadError | ssl.SSLWantWriteError)
        if isinstance(seen, ssl.SSLError) and not waits:
            return True
        seen = seen.__cause__ or seen.__context__
    return False
