# SPDX-License-Identifier: ISC
"""The file system that the queues lie on: a journaled ext4 of its own, on a loop device over a file whose
blocks are written before, so that neither the root file system nor its free space has a say."""

import json
import os
import subprocess
import time

from .process import RigError

MIB = 1 << 20


def run(*argv):
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise RigError(f'{" ".join(map(str, argv))}: {done.stdout.strip()}')
    return done.stdout


def write_zeros(path, size):
    with open(path, 'wb') as image:
        zeros = bytes(MIB)
        for _ in range(size // MIB):
            image.write(zeros)
        os.fsync(image.fileno())


class Volume:
    """Mounted by mount(), gone after close().  Where loop devices do not work it is a plain directory,
    and describe() says so."""

    def __init__(self, directory, size, loop=True):
        self.path = os.path.join(directory, 'volume')
        self.image = os.path.join(directory, 'volume.img')
        self.size = size
        self.device = None
        self.why_plain = None if loop else 'asked for'
        os.mkdir(self.path)

    def mount(self):
        if self.why_plain is not None:
            return
        try:
            write_zeros(self.image, self.size)
            run('mkfs.ext4', '-q', '-F', '-E', 'lazy_itable_init=0,lazy_journal_init=0,nodiscard',
                self.image)
            self.device = run('losetup', '--find', '--show', self.image).strip()
            run('mount', '-t', 'ext4', self.device, self.path)
        except (RigError, OSError) as error:
            self.why_plain = str(error)
            self.close()

    def flushes(self):
        """Cache flushes that the device has completed so far: what all the syncs came to."""
        if self.device is None:
            return None
        with open(f'/sys/block/{os.path.basename(self.device)}/stat') as stat:
            fields = stat.read().split()
        return int(fields[15]) if len(fields) > 15 else None

    def settle(self):
        """Write out what is left of the last run, so that the next one does not pay for it."""
        run('sync', '--file-system', self.path)

    def syncs_per_second(self, seconds=0.5):
        """How fast the disk is just now: overwrite 4 KiB and fdatasync, one after another."""
        block, count = bytes(4096), 0
        fd = os.open(os.path.join(self.path, 'probe'), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.pwrite(fd, block, 0)
            os.fsync(fd)
            begin = time.monotonic()
            while time.monotonic() - begin < seconds:
                os.pwrite(fd, block, 0)
                os.fdatasync(fd)
                count += 1
            return count / (time.monotonic() - begin)
        finally:
            os.close(fd)

    def appends(self, program, size, group, seconds=1):
        """Durable appends of `group` messages at once, over blocks written before."""
        path = os.path.join(self.path, 'append')
        return json.loads(run(program, path, str(size), str(group), f'{seconds}s'))

    def describe(self):
        if self.device is None:
            kind = run('stat', '-f', '-c', '%T', self.path).strip()
            return {'file_system': kind, 'loop': False, 'why': self.why_plain}
        features = ''
        for line in run('dumpe2fs', '-h', self.device).splitlines():
            if line.startswith('Filesystem features:'):
                features = line
        return {'file_system': 'ext4', 'loop': True, 'journal': 'has_journal' in features,
                'size': self.size}

    def close(self):
        if os.path.ismount(self.path):
            run('umount', self.path)
        if self.device is not None:
            run('losetup', '--detach', self.device)
            self.device = None
        if os.path.exists(self.image):
            os.unlink(self.image)
