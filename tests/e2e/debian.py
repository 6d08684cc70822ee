# SPDX-License-Identifier: ISC
"""Debian packages that conflict with installed ones: downloaded once, and unpacked where they are used."""

import fcntl
import os
import pathlib
import subprocess
import tempfile


class NoPackage(Exception):
    """It cannot be had here; says why."""


def unpack(name, directory):
    """Unpack the package's files under directory."""
    subprocess.run(["dpkg-deb", "-x", package(name), directory], check=True, timeout=30)


def package(name):
    """The package's file."""
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME", tempfile.gettempdir())) / "postern-test-packages"
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    if cache.is_symlink() or cache.stat().st_uid != os.geteuid():
        raise NoPackage(f"{cache} belongs to somebody else")
    with open(cache / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not list(cache.glob(name + "_*.deb")):
            try:
                subprocess.run(["apt-get", "-q", "download", name], cwd=cache, check=True, timeout=60,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            except (OSError, subprocess.SubprocessError) as error:
                raise NoPackage(f"no {name} to download: {getattr(error, 'stderr', None) or error}") from error
    return next(cache.glob(name + "_*.deb"))
