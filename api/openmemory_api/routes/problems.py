"""What every route may answer instead of what was asked for, as OpenAPI shows it."""

from typing import Any, Final

from pydantic import BaseModel


class Problem(BaseModel):
    """Why there is no answer: the same sentence under each key that some client reads."""

    detail: str
    error: str
    message: str


PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    400: {"model": Problem, "description": "It cannot be carried out as it was sent"},
    401: {"model": Problem, "description": "No key, or none that counts"},
    403: {"model": Problem, "description": "The caller may not do this at all"},
    404: {"model": Problem, "description": "Missing, or not the caller's to see"},
    # FastAPI would promise a 422, which this server never answers.
    "4XX": {
        "model": Problem,
        "description": "409: changed since; 413: too large, or the quota; 421: another host's; "
        "429: too many calls",
    },
}
