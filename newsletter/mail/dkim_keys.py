"""DKIM keys: read from a setting, made anew, and told to the world through DNS (RFC 6376, 8463)."""

import base64
import errno
import os
import textwrap
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import Hash

LEAST_BITS = 1024
"""Shorter RSA keys are ignored by everybody who verifies (RFC 8301 section 3.2)."""

RSA_BITS = 2048
"""Yahoo and Gmail recommend it; a longer key does not fit into one DNS answer over UDP."""

RSA, ED25519 = "rsa-sha256", "ed25519-sha256"

_PADDING, _SHA256 = padding.PKCS1v15(), hashes.SHA256()


class BadKey(ValueError):
    """This is no key to sign mail with; the text says why, and never holds any of the key."""


@dataclass(frozen=True, slots=True)
class DkimKey:
    """A private key that signs mail."""

    private: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey

    @property
    def algorithm(self) -> str:
        """The value of a signature's tag a=."""
        return RSA if isinstance(self.private, rsa.RSAPrivateKey) else ED25519

    def sign(self, data: bytes) -> bytes:
        """The signature of `data` (RSASSA-PKCS1-v1_5, or Ed25519 over the SHA-256 of it)."""
        if isinstance(self.private, rsa.RSAPrivateKey):
            return self.private.sign(data, _PADDING, _SHA256)
        digest = Hash(_SHA256)
        digest.update(data)
        return self.private.sign(digest.finalize())

    @property
    def record(self) -> str:
        """What DNS has to say (TXT) for others to verify."""
        public = self.private.public_key()
        if isinstance(public, rsa.RSAPublicKey):
            kind, form = "rsa", serialization.PublicFormat.SubjectPublicKeyInfo
            encoded = public.public_bytes(serialization.Encoding.DER, form)
        else:
            kind, encoded = "ed25519", public.public_bytes_raw()
        return f"v=DKIM1; k={kind}; p={base64.b64encode(encoded).decode()}"

    @property
    def pem(self) -> str:
        """The key as PKCS #8 in PEM, unencrypted."""
        return self.private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()


def make(*, is_ed25519: bool = False) -> DkimKey:
    """A new key: RSA with 2048 bits, or Ed25519 (which Gmail and Outlook do not verify yet)."""
    if is_ed25519:
        return DkimKey(ed25519.Ed25519PrivateKey.generate())
    return DkimKey(rsa.generate_private_key(65537, RSA_BITS))


def parse(text: str) -> DkimKey:
    """The key in PEM `text` (PKCS #1 or PKCS #8); backslash and n stand for a line break, as
    environment files have them. Raises `BadKey`.
    """
    pem = text.replace("\\n", "\n").strip() + "\n"
    try:
        private = serialization.load_pem_private_key(pem.encode(), password=None)
    except TypeError:
        raise BadKey("it is encrypted with a password, which can't be entered at startup") from None
    except (ValueError, UnsupportedAlgorithm):
        raise BadKey("it isn't a private key in PEM format") from None
    if isinstance(private, rsa.RSAPrivateKey):
        if private.key_size < LEAST_BITS:
            raise BadKey(
                f"it has {private.key_size} bits; receivers ignore keys with fewer than "
                f"{LEAST_BITS}"
            )
        return DkimKey(private)
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return DkimKey(private)
    raise BadKey("it is neither an RSA nor an Ed25519 key, the only types DKIM supports")


def read(value: str) -> DkimKey:
    """The key of the setting DKIM_KEY: PEM text, or the path of a file with it. Raises `BadKey`."""
    if "-----BEGIN" in value:
        return parse(value)
    try:
        text = Path(value).read_text("ascii")
    except OSError as error:
        raise BadKey(f"its file can't be read ({error.strerror})") from None
    except UnicodeError:
        raise BadKey("its file isn't in PEM format") from None
    return parse(text)


def write(key: DkimKey, path: Path) -> None:
    """Keep `key` in a new file that only its owner may read. Raises FileExistsError, OSError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(errno.ENOTDIR, "its directory is a file", str(path)) from None
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(key.pem)


def record_name(selector: str, domain: str) -> str:
    """Where the record belongs (RFC 6376 section 3.6.2.1)."""
    return f"{selector}._domainkey.{domain}"


def zone_line(selector: str, domain: str, record: str) -> str:
    """The record as a zone file has it, in strings of at most 255 bytes (RFC 1035 section 3.3)."""
    strings = textwrap.wrap(record, 255, break_long_words=True, drop_whitespace=False)
    quoted = " ".join(f'"{string}"' for string in strings)
    return f"{record_name(selector, domain)}. 3600 IN TXT ( {quoted} )"
