# SPDX-License-Identifier: ISC
"""A client's half of SCRAM-SHA-256 (RFC 5802, RFC 7677), without channel binding."""

import base64
import hashlib
import hmac

NONCE = "rOprNGfwEbeRWgbNEkqO"


def digest(key, text):
    return hmac.digest(key, text.encode(), "sha256")


class Scram:
    """first() and final() are what the client says, in base64."""

    def __init__(self, name, password):
        self._password = password.encode()
        self._bare = f"n={name},r={NONCE}"

    def first(self):
        return base64.b64encode(b"n,," + self._bare.encode()).decode()

    def final(self, challenge):
        """The answer to the server's first challenge, which is base64 as well."""
        said = base64.b64decode(challenge).decode()
        fields = dict(part.split("=", 1) for part in said.split(","))
        unproven = "c=biws,r=" + fields["r"]
        salted = hashlib.pbkdf2_hmac("sha256", self._password, base64.b64decode(fields["s"]), int(fields["i"]))
        key = digest(salted, "Client Key")
        signature = digest(hashlib.sha256(key).digest(), ",".join((self._bare, said, unproven)))
        proof = bytes(a ^ b for a, b in zip(key, signature))
        return base64.b64encode(f"{unproven},p={base64.b64encode(proof).decode()}".encode()).decode()
