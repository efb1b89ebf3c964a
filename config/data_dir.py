"""The folder that holds everything the server writes, and the secret key that is kept there."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from config import values


def make_data_dir(path: Path) -> Path:
    """Make the folder when it is missing, for its owner alone: it holds conversations and secrets."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(f"DATA_DIR: {path} cannot be made: {error.strerror}.") from None
    return path


def read_secret_key(data_dir: Path) -> str:
    """The kept secret key, made on first use; of two processes starting at once, one wins.

    data_dir: an existing folder. Raises ImproperlyConfigured when the kept key is too short.
    """
    path = data_dir / "secret_key"
    if not path.exists():
        draft = data_dir / f".secret_key.{os.getpid()}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(50))
        try:
            # A link appears whole or not at all, and never replaces another process's key.
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    text = path.read_text().strip()
    try:
        return values.secret(text)
    except ValueError as error:
        raise ImproperlyConfigured(f"SECRET_KEY: {path} is damaged: {error}.") from None
