"""Runs a command until standard input ends, which it does however pytest ends.

    python -m tests.postgres.guard USER COMMAND…

PostgreSQL refuses to run as root: USER names the account it runs as then, and is empty otherwise.
"""

import signal
import subprocess
import sys

from tests.postgres.accounts import as_user


def main(user: str, *command: str) -> int:
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, **as_user(user))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.stdin.read()
    # To PostgreSQL this means: end at once, whoever is still connected.
    server.send_signal(signal.SIGQUIT if hasattr(signal, "SIGQUIT") else signal.SIGTERM)
    return server.wait(timeout=30)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
