# SPDX-License-Identifier: ISC
"""Debian packages that conflict with installed ones: downloaded once, unpacked where they are used, and run there
with the users that they were built for."""

import fcntl
import os
import pathlib
import subprocess
import tempfile

# Bind what is named in pairs up to the --, and become the rest.
BOUND = 'while [ "$1" != -- ]; do mount --bind "$1" "$2" && shift 2 || exit; done; shift; exec "$@"'


class NoPackage(Exception):
    """It cannot be had here; says why."""


def unpack(name, directory):
    """Unpack the package's files under directory."""
    subprocess.run(["dpkg-deb", "-x", package(name), directory], check=True, timeout=30)


def cache_directory():
    """Where packages stay, for later tests; nobody else's."""
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME", tempfile.gettempdir())) / "postern-test-packages"
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    if cache.is_symlink() or cache.stat().st_uid != os.geteuid():
        raise NoPackage(f"{cache} belongs to somebody else")
    return cache


def package(name):
    """The package's file."""
    cache = cache_directory()
    with open(cache / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not list(cache.glob(name + "_*.deb")):
            try:
                subprocess.run(["apt-get", "-q", "download", name], cwd=cache, check=True, timeout=60,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            except (OSError, subprocess.SubprocessError) as error:
                raise NoPackage(f"no {name} to download: {getattr(error, 'stderr', None) or error}") from error
    return next(cache.glob(name + "_*.deb"))


def confined(argv, directory, users, binds=()):
    """The argv that runs argv in a mount namespace of its own, where users (name, uid) exist and binds (what, where)
    are seen; the files for it go to directory."""
    binds = list(binds)
    for name, form in (("passwd", "{0}:x:{1}:{1}::/:/bin/false\n"), ("group", "{0}:x:{1}:\n")):
        system = pathlib.Path("/etc", name)
        ours = pathlib.Path(directory, name)
        ours.write_text(system.read_text() + "".join(form.format(*user) for user in users))
        binds.append((ours, system))
    return ["unshare", "-m", "sh", "-c", BOUND, "sh", *(part for pair in binds for part in pair), "--", *argv]
