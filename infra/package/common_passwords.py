"""Makes ``chalicelib/identity/accounts/common_passwords.bin`` (AUTH-40) anew:

    pip download --no-deps --dest build django==5.2.19
    python -m infra.package.common_passwords build/django-5.2.19-py3-none-any.whl

The source is ``django/contrib/auth/common-passwords.txt.gz`` of Django (BSD-3-Clause): the commonest passwords of
Have I Been Pwned as compiled by Royce Williams, by descending frequency. Only hash prefixes of the first 10,000 are
kept: no text of others, and no password in clear, stands in this repository.
"""

from __future__ import annotations

import gzip
import sys
import zipfile
from pathlib import Path

from chalicelib.identity.accounts import passwords

LIST = "django/contrib/auth/common-passwords.txt.gz"
COUNT = 10_000


def compile_list(wheel: Path) -> bytes:
    """The sorted prefixes of the ``COUNT`` commonest passwords in Django's wheel."""
    with zipfile.ZipFile(wheel) as archive:
        lines = gzip.decompress(archive.read(LIST)).decode().splitlines()
    commonest = list(dict.fromkeys(line.lower() for line in lines if line))[:COUNT]
    return b"".join(sorted({passwords.common_prefix(password) for password in commonest}))


if __name__ == "__main__":
    passwords.COMMON.write_bytes(compile_list(Path(sys.argv[1])))
    print(f"{passwords.COMMON}: {passwords.COMMON.stat().st_size // passwords.PREFIX_BYTES} passwords")
