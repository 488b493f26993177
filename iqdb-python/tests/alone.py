"""Runs a program in a process of its own, for what ends processes or interrupts them."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Sequence

SECONDS = 600

HEEDING = """
import signal
# What a shell begins in the background ignores Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)
"""


def alone(program: str, seconds: float = SECONDS, under: Sequence[str] = ()) -> str:
    """What the program prints; it must end well. `under` is a command that runs it, and its arguments."""
    done = subprocess.run(
        [*under, sys.executable, "-c", HEEDING + textwrap.dedent(program)],
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode == 0, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout.strip()
