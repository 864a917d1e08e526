"""The weights of a model that a package brings: where they are, and whether they are the ones."""

import hashlib
from importlib.util import find_spec
from pathlib import Path

from openmemory_api.domain.errors import Unavailable


def bundled(package_name: str, file_name: str) -> Path:
    """Where a file of an installed package is; the package is not imported.

    Raises:
        Unavailable: the package is not installed.
    """
    package = find_spec(package_name)
    if package is None or package.origin is None:
        raise Unavailable(f"The embedding model is missing: install {package_name}")
    return Path(package.origin).with_name(file_name)


def check_weights(path: Path, sha256: str) -> None:
    """Refuse what is not the model whose name is stored with its vectors.

    Raises:
        Unavailable: the file cannot be read, or is another.
    """
    try:
        with path.open("rb") as weights:
            digest = hashlib.file_digest(weights, "sha256").hexdigest()
    except OSError as error:
        raise Unavailable(f"The embedding model cannot be read: {error}") from error
    if digest != sha256:
        raise Unavailable(f"{path} is not the model this version was built for (sha256 differs)")
