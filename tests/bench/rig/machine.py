# SPDX-License-Identifier: ISC
"""What the numbers were measured on."""

import os
import platform


def first_value(path, key):
    try:
        with open(path) as lines:
            for line in lines:
                if line.startswith(key):
                    return line.split(':', 1)[1].strip()
    except OSError:
        pass
    return 'unknown'


def describe():
    return {
        'cpu': first_value('/proc/cpuinfo', 'model name'),
        'cpus': os.cpu_count(),
        'memory': first_value('/proc/meminfo', 'MemTotal'),
        'kernel': platform.release(),
        'system': first_value_os_release(),
    }


def first_value_os_release():
    try:
        return platform.freedesktop_os_release()['PRETTY_NAME']
    except (OSError, KeyError):
        return 'unknown'
