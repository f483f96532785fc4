"""Parameters of papermill in notebooks of the kernel vgrad.

papermill writes the parameters of a notebook into a cell. It has a translator for some
languages, and none for Go. It loads what the entry point group papermill.engine names when it
starts, so this module is loaded then and adds a translator for the kernel vgrad.

A parameter is an assignment, depth = 12: the variable keeps the type that the notebook's own
cell gave it, and a name that the notebook does not have is an error of that line.
"""

import json
import math
import re

from papermill.engines import NBClientEngine
from papermill.exceptions import PapermillException
from papermill.models import Parameter
from papermill.translators import Translator, papermill_translators

KERNEL = "vgrad"

GO_KEYWORDS = set(
    "break case chan const continue default defer else fallthrough for func go goto if import "
    "interface map package range return select struct switch type var".split()
)

# name := value, or var name type = value, each with or without a comment behind it
DEFAULT = re.compile(
    r"^(?:(?P<name>\w+)\s*:=\s*|var\s+(?P<var>\w+)\s*(?P<type>[^=/]*?)\s*(?:=\s*|$))(?P<value>.*?)\s*(?://\s*(?P<help>.*))?$"
)


def go_type(value):
    """The type of a value as Go writes it; None for one that fits any, such as an empty list."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int"
    if isinstance(value, float):
        return "float64"
    if isinstance(value, dict):
        return "map[string]" + common_type(value.values())
    if isinstance(value, list):
        return "[]" + common_type(value) if value else None
    return None if value is None else "string"


def common_type(values):
    """The type of elements: float64 for numbers of both kinds, any for what has no common type."""
    types = {go_type(value) for value in values}
    if types == {"int", "float64"}:
        return "float64"
    known = types - {None}
    if len(known) != 1 or (None in types and not next(iter(known)).startswith(("[]", "map["))):
        return "any"
    return next(iter(known))


class GoTranslator(Translator):
    """Writes parameters in Go."""

    @classmethod
    def translate_escaped_str(cls, value):
        text = json.dumps(str(value), ensure_ascii=False)
        return text.replace("\ufeff", "\\ufeff").replace("\x7f", "\\x7f")  # Go refuses the first in a source

    @classmethod
    def translate_none(cls, value):
        return "nil"

    @classmethod
    def translate_float(cls, value):
        if math.isnan(value):
            return "math.NaN()"
        if math.isinf(value):
            return "math.Inf(1)" if value > 0 else "math.Inf(-1)"
        return repr(value)

    @classmethod
    def translate_list(cls, value):
        if not value:
            return "nil"
        return f"{go_type(value)}{{{', '.join(map(cls.translate, value))}}}"

    @classmethod
    def translate_dict(cls, value):
        pairs = (f"{cls.translate_str(str(key))}: {cls.translate(item)}" for key, item in value.items())
        return f"{go_type(value)}{{{', '.join(pairs)}}}"

    @classmethod
    def comment(cls, text):
        return f"// {text}"

    @classmethod
    def assign(cls, name, text):
        if not name.isidentifier() or name in GO_KEYWORDS or name == "_":
            raise PapermillException(f"the parameter {name!r} is no name of a Go variable")
        return f"{name} = {text}"

    @classmethod
    def inspect(cls, cell):
        """The parameters that a cell defines, for papermill --help-notebook."""
        found = []
        for line in cell["source"].splitlines():
            match = DEFAULT.match(line.strip())
            if match:
                found.append(
                    Parameter(
                        name=match["var"] or match["name"],
                        inferred_type_name=match["type"] or "None",
                        default=match["value"],
                        help=match["help"] or "",
                    )
                )
        return found


class Engine(NBClientEngine):
    """papermill's own engine: the entry point has to name one."""


papermill_translators.register(KERNEL, GoTranslator)
