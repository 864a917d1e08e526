"""One function, two places for memories: the hosted Mem0 platform, or OpenMemory on your machine.

Both get the official, unmodified client of `pip install mem0ai`; nothing else in a program changes.

    python get_memory_client.py local
    MEM0_API_KEY=… python get_memory_client.py hosted
"""

import os
import sys
from typing import Literal, get_args

# The client reports usage to its maker, wherever it is pointed at. It reads this when imported.
os.environ.setdefault("MEM0_TELEMETRY", "False")

from mem0 import MemoryClient

Mode = Literal["hosted", "local"]


def get_memory_client(mode: Mode) -> MemoryClient:
    """The official client of one of the two.

    hosted  MEM0_API_KEY is the key of your account; MEM0_BASE_URL, where the platform is.
    local   OPENMEMORY_URL is where your server is; OPENMEMORY_API_KEY, its key if it demands one.
    """
    if mode == "hosted":
        return MemoryClient(
            api_key=os.environ["MEM0_API_KEY"], host=os.environ.get("MEM0_BASE_URL")
        )
    return MemoryClient(
        # The client insists on a key; on your own machine any text will do.
        api_key=os.environ.get("OPENMEMORY_API_KEY", "local"),
        host=os.environ.get("OPENMEMORY_URL", "http://127.0.0.1:8765"),
    )


def main(mode: Mode) -> None:
    """Store something and find it again."""
    client = get_memory_client(mode)
    messages = [{"role": "user", "content": "I prefer aisle seats and vegetarian meals"}]
    print(client.add(messages, user_id="default_user")["status"])
    found = client.search("Which meals do I prefer?", filters={"user_id": "default_user"})
    for memory in found["results"]:
        print(memory["memory"])


if __name__ == "__main__":
    if sys.argv[1:] not in [[mode] for mode in get_args(Mode)]:
        sys.exit("usage: get_memory_client.py hosted|local")
    main(sys.argv[1])
