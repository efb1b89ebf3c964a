"""What a server holds in memory and a store on disk."""

from __future__ import annotations

from pathlib import Path

import psycopg

from .stores import Folder


def pss_bytes(process_id: int) -> int:
    """Memory of a process and its children; what they share is counted once."""
    children = Path(f"/proc/{process_id}/task/{process_id}/children").read_text().split()
    return _own_pss_bytes(process_id) + sum(pss_bytes(int(child)) for child in children)


def _own_pss_bytes(process_id: int) -> int:
    for line in Path(f"/proc/{process_id}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise ValueError(f"process {process_id} has no Pss")


def sizes_on_disk(folder: Folder) -> dict[str, int]:
    """Bytes of each store, of each one's sealed files, and of the yardstick's file."""
    sizes = {"by hand": folder.yardstick.stat().st_size}
    if folder.sqlite_file.exists():
        sizes["sqlite"] = folder.sqlite_file.stat().st_size
    if folder.postgresql_server.is_running:
        with psycopg.connect(folder.stores["postgresql"].url) as database:
            (sizes["postgresql"],) = database.execute(
                "SELECT pg_database_size(current_database())"
            ).fetchone()
    for name, store in folder.stores.items():
        sealed = [file for file in (store.data_dir / "columnar").rglob("*") if file.is_file()]
        if sealed:
            sizes[f"{name}, columnar"] = sum(file.stat().st_size for file in sealed)
    return sizes
