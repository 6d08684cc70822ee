# SPDX-License-Identifier: ISC
"""Packages that npm installs into a cache of ours, for peers and clients in JavaScript."""

import fcntl
import subprocess

from debian import NoPackage, cache_directory

NODE = "/usr/bin/node"


def modules(package):
    """The directory (NODE_PATH) that "name@version" and what it needs are installed in; NoPackage tells why not."""
    prefix = cache_directory() / package
    with open(cache_directory() / "npm.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (prefix / "complete").exists():
            try:
                subprocess.run(["npm", "install", "--prefix", prefix, "--ignore-scripts", "--no-audit", "--no-fund",
                                "--no-save", "--fetch-retries=0", package],
                               check=True, timeout=60, capture_output=True, text=True)
            except (OSError, subprocess.SubprocessError) as error:
                why = str(getattr(error, "stderr", None) or error).splitlines()[0]
                raise NoPackage(f"no {package} to install: {why}") from error
            (prefix / "complete").touch()
    return prefix / "node_modules"
