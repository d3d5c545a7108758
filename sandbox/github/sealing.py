"""The key pairs to which secrets are sealed on their way to GitHub.

Source: GitHub Docs, "Encrypting secrets for the REST API"; libsodium, "Sealed boxes".
"""

import base64
import binascii
import hashlib
import re
import secrets
from pathlib import Path

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, SealedBox

from sandbox.github import errors

_BASE64 = r"^(?:[A-Za-z0-9+\/]{4})*(?:[A-Za-z0-9+\/]{2}==|[A-Za-z0-9+\/]{3}=|[A-Za-z0-9+\/]{4})$"


class SealingKeys:
    """One key pair for each organization, repository and environment, all derived from a key that survives a restart."""

    def __init__(self, key_file: Path) -> None:
        if not key_file.exists():
            key_file.touch(mode=0o600)
            key_file.write_bytes(secrets.token_bytes(32))
        self._root = key_file.read_bytes()

    def public(self, owner: str) -> tuple[str, str]:
        """Return the id of an owner's key, and its public half in Base64."""
        key = self._private(owner).public_key.encode()
        number = int.from_bytes(hashlib.sha256(key).digest()[:8], "big")
        return str(number), base64.b64encode(key).decode()

    def check(self, owner: str, key_id: str, sealed: str) -> None:
        """Check that a text can be opened with the key that its sender names.

        Raises:
            ApiError: 422, with GitHub's reason. Sources: integrations/terraform-provider-github, issues 869 and 2315.
        """
        if not re.fullmatch(_BASE64, sealed):
            raise errors.invalid_request(f"{sealed} does not match /{_BASE64}/.")
        try:
            if key_id != self.public(owner)[0]:
                raise CryptoError("the id is that of another key")
            self.open(owner, sealed)
        except (CryptoError, UnicodeDecodeError, binascii.Error) as error:
            message = "Bad request - validation failed due to an improperly encrypted secret"
            raise errors.unprocessable(message) from error

    def open(self, owner: str, sealed: str) -> str:
        """Return the text that was sealed to an owner's key."""
        return SealedBox(self._private(owner)).decrypt(base64.b64decode(sealed)).decode()

    def _private(self, owner: str) -> PrivateKey:
        return PrivateKey(hashlib.blake2b(owner.encode(), key=self._root, digest_size=32).digest())
