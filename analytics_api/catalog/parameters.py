"""The fields a filter or group-by takes besides its kind."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Any


class ParameterType(Enum):
    """Forms of values; the serializers and the OpenAPI document know what each accepts."""

    BOOLEAN = auto()
    BOOLEANS = auto()
    STRING = auto()
    STRINGS = auto()
    CHOICES = auto()
    NULL = auto()


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One field: null and absent give the default."""

    name: str
    type: ParameterType
    help: str
    required: bool = False
    default: Any = None
    choices: tuple[str, ...] = ()


TAG = Parameter(name="tag", type=ParameterType.STRING, required=True, help="The key of the tag.")
