"""Mutants of a module: copies with one expression or statement changed."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

COMPARISONS: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
OPERATORS: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Add,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
SMALL: Final = 10
"""A number up to this is changed by 1, a larger one is doubled: of few of those does 1 matter."""
NO_BEHAVIOUR: Final = ("LOGGER.", "_LOGGER.")
"""Calls whose absence no user notices."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mutant:
    """One change: `start` and `end` are byte offsets in the source, `before` and `after` what stands there."""

    line: int
    start: int
    end: int
    before: str
    after: str

    def of(self, source: bytes) -> bytes:
        """Return the source with the change."""
        return source[: self.start] + self.after.encode() + source[self.end :]


def mutants_of(source: bytes) -> list[Mutant]:
    """Return all mutants of a module in the order of its lines; docstrings, annotations and log lines have none."""
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    found: list[Mutant] = []
    for node in _running(ast.parse(source)):
        for after in _changes(node):
            start = starts[node.lineno - 1] + node.col_offset
            end = starts[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)
            before = source[start:end].decode()
            found.append(Mutant(line=node.lineno, start=start, end=end, before=before, after=after))
    return sorted(found, key=lambda mutant: (mutant.start, mutant.end, mutant.after))


def _running(node: ast.AST) -> Iterator[ast.expr | ast.stmt]:
    """Yield what runs below a node: no docstring, no annotation, nothing for the type checker alone."""
    for name, value in ast.iter_fields(node):
        if name in {"annotation", "returns", "type_params"} or isinstance(node, ast.TypeAlias):
            continue
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or isinstance(child, ast.Import | ast.ImportFrom | ast.JoinedStr):
                continue
            if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
                continue
            if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
                continue
            if isinstance(child, ast.Expr) and ast.unparse(child.value).startswith(NO_BEHAVIOUR):
                continue
            if isinstance(child, ast.expr | ast.stmt):
                yield child
            yield from _running(child)


def _changes(node: ast.expr | ast.stmt) -> Iterator[str]:
    """Yield what may stand in place of a node."""
    match node:
        case ast.Compare(ops=[operator, *_]) if type(operator) in COMPARISONS:
            ops = [COMPARISONS[type(operator)](), *node.ops[1:]]
            yield f"({ast.unparse(ast.Compare(left=node.left, ops=ops, comparators=node.comparators))})"
        case ast.BoolOp():
            other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            yield f"({ast.unparse(ast.BoolOp(op=other, values=node.values))})"
        case ast.BinOp(op=operator) if type(operator) in OPERATORS:
            changed = ast.BinOp(left=node.left, op=OPERATORS[type(operator)](), right=node.right)
            yield f"({ast.unparse(changed)})"
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield f"({ast.unparse(operand)})"
        case ast.Constant(value=bool() as value):
            yield str(not value)
        case ast.Constant(value=int() | float() as value):
            yield str(value + 1 if abs(value) <= SMALL else value * 2)
        case ast.IfExp():
            yield f"({ast.unparse(ast.IfExp(test=node.test, body=node.orelse, orelse=node.body))})"
        case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
            yield "return None"
        case ast.Expr(value=ast.Call() | ast.Await()) | ast.AugAssign():
            yield "pass"
        case ast.Break():
            yield "continue"
        case ast.Continue():
            yield "break"
