# pyright: basic, reportMissingImports=false, reportMissingTypeStubs=false
"""Calls an official client as told, line by line: {"method", "args", "kwargs"} in, one answer out.

The answer is {"value"} or {"error"}. The process ends when its input does.
"""

import json
import sys
from inspect import isawaitable
from typing import Any

import anyio
import mem0


async def answer(client: Any, method: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
    try:
        result = getattr(client, method)(*args, **kwargs)
        return {"value": await result if isawaitable(result) else result}
    except Exception as error:  # noqa: BLE001 - whatever the client raises is what is asked for
        code = getattr(error, "error_code", None)
        return {"error": {"name": type(error).__name__, "code": code, "message": str(error)}}


async def main(kind: str, host: str, key: str) -> None:
    client = getattr(mem0, kind)(api_key=key, host=host)
    for line in sys.stdin:
        said = json.dumps(await answer(client, **json.loads(line)))
        sys.stdout.write(said + "\n")
        sys.stdout.flush()


anyio.run(lambda: main(*sys.argv[1:]))
