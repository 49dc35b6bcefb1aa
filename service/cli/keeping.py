"""The commands that keep the data safe: backup and restore."""

# ruff: noqa: PLC0415  # `concord --help` must be instant: commands import what they work with

from pathlib import Path
from typing import Annotated

import typer


def backup(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="The file to write, as in concord.tar.gz.")],
) -> None:
    """Write all data of CONCORD_HOME to one file; the service may run meanwhile."""
    from service.backup import backup as write
    from service.composition import read_settings

    for name, size in write(read_settings(), file).items():
        if not name.startswith("mlflow/artifacts/"):
            print(f"{name}: {size:,} bytes")
    print(f"backup: {file} ({file.stat().st_size:,} bytes)")


def restore(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A file that backup wrote.")],
    force: Annotated[bool, typer.Option("--force", help="Move aside what CONCORD_HOME holds.")] = False,
) -> None:
    """Put a backup's data into CONCORD_HOME, where nothing may run."""
    from service.backup import restore as read
    from service.composition import read_settings

    settings = read_settings()
    manifest = read(settings, file, force=force)
    print(f"restored {len(manifest['files'])} files of {manifest['created_at']} into {settings.home}")
