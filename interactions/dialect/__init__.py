"""Where databases differ: everything that asks which database it is stands in this package."""

from .expressions import (
    HasRow,
    InDatabase,
    MicrosecondsSinceEpoch,
    OneOf,
    PlaceInText,
    SameDay,
    StartOf,
    StartOfDay,
    StartOfHour,
    StartOfMinute,
    StartOfMonth,
    StartOfQuarter,
    StartOfWeek,
    StartOfYear,
    adapt_list,
    by_code_point,
)
from .loading import enter_project, insert_rows, reserve_ids, was_lost_to_another
from .reading import read_once, set_statement_timeout, snapshot, write_csv

__all__ = [
    "HasRow",
    "InDatabase",
    "MicrosecondsSinceEpoch",
    "OneOf",
    "PlaceInText",
    "SameDay",
    "StartOf",
    "StartOfDay",
    "StartOfHour",
    "StartOfMinute",
    "StartOfMonth",
    "StartOfQuarter",
    "StartOfWeek",
    "StartOfYear",
    "adapt_list",
    "by_code_point",
    "enter_project",
    "insert_rows",
    "read_once",
    "reserve_ids",
    "set_statement_timeout",
    "snapshot",
    "was_lost_to_another",
    "write_csv",
]
