"""The settings of one command: its flags over the environment, faults said in plain words."""

import typer
from pydantic import ValidationError

from openmemory_mcp.settings import McpSettings


def configured(**flags: str | None) -> McpSettings:
    """The settings, with those flags that were given in the place of what is configured."""
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        return McpSettings.model_validate(McpSettings().model_dump() | given)
    except ValidationError as error:
        faults = (f"{fault['loc'][0]}: {fault['msg']}" for fault in error.errors())
        raise typer.BadParameter("; ".join(faults)) from error
