"""How long others wait while a project is being deleted: `python -m benchmarks.deletion --help`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import django

from benchmarks.aggregate.stores import STORES, Folder


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.deletion",
        description="Delete two months of three in a folder that `benchmarks.aggregate prepare` made, while "
        "two clients ask and one records. The folder is of no use afterwards.",
    )
    parser.add_argument("--folder", type=lambda text: Folder(path=Path(text).resolve()), required=True)
    parser.add_argument("--store", choices=STORES, required=True)
    options = parser.parse_args(arguments)
    if options.store == "postgresql":
        options.folder.start_postgresql()
    store = options.folder.stores[options.store]
    os.environ.update(store.environment())
    django.setup()
    from .measure import measure

    print("\n".join(measure(store)))


if __name__ == "__main__":
    main(sys.argv[1:])
