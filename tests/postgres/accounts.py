"""The account a server of the tests runs as: ours, or where that is root's, a powerless one."""

import os
import sys
from typing import Any


def powerless() -> str:
    """The account to run as; empty for our own."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return ""
    import pwd  # noqa: PLC0415 - not on Windows

    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def as_user(user: str) -> dict[str, Any]:
    """What makes `subprocess` run a command as `user`; empty for our own account."""
    if not user:
        return {}
    import pwd  # noqa: PLC0415 - not on Windows

    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}
