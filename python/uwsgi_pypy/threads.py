# SPDX-License-Identifier: MIT
"""Threads of the plugin's own."""
import signal
import threading


def start(name, target, *arguments):
    """Runs `target` in a thread that takes no signals: those are for the thread that serves."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, range(1, signal.NSIG))
    try:
        threading.Thread(target=target, args=arguments, name=name, daemon=True).start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
