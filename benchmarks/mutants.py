"""Small faults in the syntax tree of a module, for `benchmarks/mutation.py`."""

import ast
import copy
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
"""Over the border, and the other way round."""
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
NAMES = {"min": "max", "max": "min", "any": "all", "all": "any", "argmax": "argmin", "argmin": "argmax"}
QUARTER = 1.25
"""A threshold is moved by this factor, up and down."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault: the place in the walk through the tree, which change there, and both in words."""

    place: int
    change: int
    words: str


def mutants_of(source: str) -> list[Mutant]:
    """Every fault that is tried in a module, in the order of its text; faults of equal words are numbered."""
    found: list[Mutant] = []
    seen: Counter[str] = Counter()
    for place, (scope, node) in enumerate(_walk(ast.parse(source))):
        for change, altered in enumerate(_changes(node)):
            words = f"{scope}: {_words(node)} → {_words(altered)}"
            seen[words] += 1
            found.append(Mutant(place, change, words if seen[words] == 1 else f"{words} [{seen[words]}]"))
    return found


def make(mutant: Mutant, source: str, module: str) -> None:
    """Put one fault into a loaded module, and into every other module that took names from it.

    Only the statement with the fault is run again, and the constants that rest on its names: what tests hold of the
    module stays the same object.
    """
    tree = ast.parse(source)
    _, node = list(_walk(tree))[mutant.place]
    altered = list(_changes(node))[mutant.change]
    statement = next(one for one in tree.body if node in set(ast.walk(one)))
    faulty = ast.fix_missing_locations(_Replace(node, altered).visit(statement))
    changed = _run(faulty, module)
    for later in tree.body[tree.body.index(statement) + 1 :]:
        if isinstance(later, ast.Assign | ast.AnnAssign) and changed & _names_in(later):
            changed |= _run(later, module)
    for value in vars(sys.modules[module]).values():
        getattr(value, "cache_clear", lambda: None)()


def _run(statement: ast.stmt, module: str) -> set[str]:
    """Run one statement of a module again and replace what it defines wherever it was imported; the names."""
    space = vars(sys.modules[module])
    before = dict(space)
    exec(compile(ast.Module([statement], []), module, "exec"), space)
    changed = {name for name, value in space.items() if value is not before.get(name, _ABSENT)}
    for other in list(sys.modules.values()):
        for name in changed & set(vars(other) if hasattr(other, "__dict__") else ()):
            if vars(other)[name] is before.get(name, _ABSENT):
                vars(other)[name] = space[name]
    return changed


_ABSENT = object()


def _names_in(statement: ast.stmt) -> set[str]:
    return {one.id for one in ast.walk(statement) if isinstance(one, ast.Name)}


class _Replace(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self._old, self._new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return self._new if node is self._old else self.generic_visit(node)


def _words(node: ast.AST) -> str:
    """The first line of a piece of source, shortened."""
    text = ast.unparse(node).splitlines()[0]
    return text if len(text) <= 90 else f"{text[:87]}…"


def _walk(tree: ast.AST, scope: str = "module") -> Iterator[tuple[str, ast.AST]]:
    """Every piece that may be altered, with the function or constant it stands in; no types, decorators, defaults."""
    for child in ast.iter_child_nodes(tree):
        inner = _name_of(child) or scope
        if isinstance(child, ast.JoinedStr | ast.Import | ast.ImportFrom):
            continue
        yield inner, child
        kept = copy.copy(child)
        for field in ("annotation", "returns", "decorator_list", "args" if isinstance(child, ast.FunctionDef) else ""):
            if field in getattr(kept, "_fields", ()):
                setattr(kept, field, [] if field == "decorator_list" else None)
        yield from _walk(kept, inner)


def _name_of(node: ast.AST) -> str | None:
    """What a definition defines."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return node.name
    if isinstance(node, ast.Assign | ast.AnnAssign):
        name = ast.unparse(node.targets[0] if isinstance(node, ast.Assign) else node.target)
        return name if name.isupper() else None
    return None


def _changes(node: ast.AST) -> Iterator[ast.AST]:
    """What a piece of a module may wrongly be."""
    for kind, change in CHANGES:
        if isinstance(node, kind):
            yield from change(node)


def _compare(node: ast.Compare) -> Iterator[ast.AST]:
    for index, operator in enumerate(node.ops):
        for other in COMPARISONS[type(operator)]:
            yield _with(node, ops=[*node.ops[:index], other(), *node.ops[index + 1 :]])


def _boolean(node: ast.BoolOp) -> Iterator[ast.AST]:
    yield _with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())


def _arithmetic(node: ast.BinOp) -> Iterator[ast.AST]:
    is_type = isinstance(node.right, ast.Constant) and node.right.value is None
    if type(node.op) in ARITHMETIC and not is_type:
        yield _with(node, op=ARITHMETIC[type(node.op)]())


def _unary(node: ast.UnaryOp) -> Iterator[ast.AST]:
    if not isinstance(node.op, ast.UAdd):
        yield node.operand


def _constant(node: ast.Constant) -> Iterator[ast.AST]:
    if isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node.value, int):
        yield ast.Constant(node.value + 1)
    elif isinstance(node.value, float):
        yield from (
            map(ast.Constant, (node.value * QUARTER, node.value / QUARTER)) if node.value else [ast.Constant(1.0)]
        )


def _returned(node: ast.Return) -> Iterator[ast.AST]:
    is_none = node.value is None or (isinstance(node.value, ast.Constant) and node.value.value is None)
    if not is_none:
        yield ast.Return(ast.Constant(None))


def _branch(node: ast.If | ast.IfExp) -> Iterator[ast.AST]:
    """A condition without a comparison of its own, turned round."""
    if not isinstance(node.test, ast.Compare | ast.UnaryOp):
        yield _with(node, test=ast.UnaryOp(op=ast.Not(), operand=node.test))


def _call(node: ast.Call) -> Iterator[ast.AST]:
    """The smallest for the largest, any for all."""
    name = node.func
    if isinstance(name, ast.Name) and name.id in NAMES:
        yield _with(node, func=ast.Name(NAMES[name.id], ctx=ast.Load()))
    elif isinstance(name, ast.Attribute) and name.attr in NAMES:
        yield _with(node, func=_with(name, attr=NAMES[name.attr]))


CHANGES: tuple[tuple[type | tuple[type, ...], Callable], ...] = (
    (ast.Compare, _compare),
    (ast.BoolOp, _boolean),
    (ast.BinOp, _arithmetic),
    (ast.UnaryOp, _unary),
    (ast.Constant, _constant),
    (ast.Return, _returned),
    ((ast.If, ast.IfExp), _branch),
    (ast.Call, _call),
)


def _with(node: ast.AST, **fields: object) -> ast.AST:
    """A copy of a node with other fields."""
    other = copy.copy(node)
    for name, value in fields.items():
        setattr(other, name, value)
    return other
