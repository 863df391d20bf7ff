"""What of a module's syntax tree can change a result: all but what it says to readers and users.

Left out are comments and docstrings, calls that log, texts of ``raise``, of exception classes, of what members of a
``core.worded.Worded`` mean, and of names that only ``raise`` and logs read. What stays is compared by ``fingerprint``:
two modules with the same logic compute the same.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

LOGS = frozenset(("log", "logger", "LOGGER", "logging"))
"""Names that modules log by, besides ``logging.getLogger(...)`` itself."""

LEVELS = frozenset(("debug", "info", "warning", "error", "critical", "exception"))
ERRORS = ("Error", "Exception", "Warning")
"""What names of exception classes end with."""
WORDED = "Worded"
"""The base of enums whose members are a value and what it means."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def logic(tree: ast.Module) -> str:
    """Return a module's logic as text; the tree is changed."""
    return ast.dump(_Quiet().visit(tree))


def _is_log(node: ast.AST) -> bool:
    """Return whether a statement is a call that logs."""
    call = node.value if isinstance(node, ast.Expr) else None
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in LEVELS):
        return False
    of = call.func.value
    if isinstance(of, ast.Call):
        return isinstance(of.func, ast.Attribute) and of.func.attr == "getLogger"
    return isinstance(of, ast.Name) and of.id in LOGS


def is_for_types(node: ast.AST) -> bool:
    """Return whether a statement is only read by type checkers."""
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _says(node: ast.AST) -> bool:
    """Return whether a statement does nothing when it runs, or only logs."""
    constant = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return constant or isinstance(node, ast.Pass) or _is_log(node) or is_for_types(node)


class _Mute(ast.NodeTransformer):
    """Empties texts; inside calls only where it is told to, as their arguments may do more than be read."""

    def __init__(self, *, calls: bool) -> None:
        self._calls = calls

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        return ast.Constant("") if isinstance(node.value, str) else node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.Constant:
        return ast.Constant("")

    def visit_Call(self, node: ast.Call) -> ast.AST:
        return self.generic_visit(node) if self._calls else node


class _Quiet(ast.NodeTransformer):
    """Takes out what only readers and users see."""

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        for name in ("body", "orelse", "finalbody"):
            statements = getattr(node, name, None)
            if isinstance(statements, list):
                kept = [statement for statement in statements if not _says(statement)]
                setattr(node, name, kept or ([ast.Pass()] if name == "body" else []))
        return node

    def visit_Raise(self, node: ast.Raise) -> ast.Raise:
        if isinstance(node.exc, ast.Call):
            mute = _Mute(calls=True)
            node.exc.args = [mute.visit(argument) for argument in node.exc.args]
            node.exc.keywords = [mute.visit(keyword) for keyword in node.exc.keywords]
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        names = [getattr(base, "id", getattr(base, "attr", "")) for base in node.bases]
        if any(name.endswith(ERRORS) for name in names):
            node.body = [_Mute(calls=True).visit(statement) for statement in node.body]
        if WORDED in names:
            _quieten(statement.value for statement in node.body if isinstance(statement, ast.Assign))
        return self.generic_visit(node)

    def _visit_function(self, node: Function) -> ast.AST:
        for assigned in _only_said(node):
            assigned.value = _Mute(calls=False).visit(assigned.value)
        return self.generic_visit(node)

    visit_FunctionDef = visit_AsyncFunctionDef = _visit_function


def _quieten(members: Iterable[ast.AST]) -> None:
    """Empty all but the first of each tuple: a member's value stays, what it means goes."""
    for member in members:
        if isinstance(member, ast.Tuple):
            member.elts[1:] = [_Mute(calls=True).visit(said) for said in member.elts[1:]]


def _only_said(function: Function) -> list[ast.Assign]:
    """Return the assignments to a single name that nothing but ``raise``, a log, or another of them reads."""
    assigned = [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)
    ]
    while True:
        read = set(_names_read(function, {id(node) for node in assigned}))
        left = [node for node in assigned if node.targets[0].id not in read]
        if len(left) == len(assigned):
            return left
        assigned = left


def _names_read(node: ast.AST, said: set[int]) -> Iterator[str]:
    """Yield the names that logic reads below a node; ``said`` are ids of assignments whose texts are not logic."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Raise) or _is_log(child):
            continue
        if isinstance(child, ast.Global | ast.Nonlocal):
            yield from child.names
        elif isinstance(child, ast.Name) and isinstance(child.ctx, ast.Load):
            yield child.id
        elif id(child) in said:
            yield from _names_in_calls(child.value)
        else:
            yield from _names_read(child, said)


def _names_in_calls(node: ast.AST) -> Iterator[str]:
    """Yield the names that a text's calls read: they may do more than make words; those in ``{}`` are words."""
    if isinstance(node, ast.JoinedStr):
        return
    if isinstance(node, ast.Call):
        yield from (name.id for name in ast.walk(node) if isinstance(name, ast.Name))
    elif isinstance(node, ast.Name):
        yield node.id
    for child in ast.iter_child_nodes(node):
        yield from _names_in_calls(child)
