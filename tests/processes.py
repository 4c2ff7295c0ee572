"""Watching other processes."""

import time

import psutil


def gone(pid, seconds=10.0):
    """Whether a process ends within some seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False


def appears(file, seconds=30.0):
    """What a file says once it is there."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not (file.exists() and file.read_text()):
        time.sleep(0.02)
    return file.read_text()
