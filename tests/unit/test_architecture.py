"""Which way the parts of Kolli depend on each other, and the few other rules about where code may stand.

Each rule is a function from one parsed module to the sentences it has to say about it. The rules are run over all of
`kolli/`, and over small modules that break them: a rule that finds nothing there would be no rule.
"""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "kolli"

ROWS = (
    ("cli", "testing", "__main__"),  # what a person types, and what other people's tests start
    ("demo", "doctor"),  # an installation with example data, an installation examined
    ("app",),  # puts an installation together
    (
        "panel",
    ),  # the door for people; what they type is read by the schemas of the API, so that one rule holds for both
    ("api",),  # the door for programs
    ("operations",),  # verbs
    ("carriers",),  # plug-ins
    ("rules", "documents", "printing", "webhooks"),  # engines
    ("account", "orders", "shipments", "service_points"),  # records
    ("jobs", "sequences", "standing"),
    ("database", "database_files", "wires"),
    ("migrations",),
    ("schema", "settings", "outgoing", "addresses", "vault", "tables", "room", "marks"),
    ("drawing", "scenarios", "values"),
    ("errors",),
)
"""From the top down: a module imports from lower rows and from its own part, never from above or beside it."""

HEIGHT = {part: -row for row, parts in enumerate(ROWS) for part in parts}
DOORS_AND_ABOVE = {part for row in ROWS[: ROWS.index(("api",)) + 1] for part in row}

LATE_IMPORTS: dict[tuple[str, str], str] = {
    ("kolli.migrations", "kolli.migrations.steps.go"): "Alembic takes a tenth of a second, and few starts need it",
    ("kolli.testing", "kolli.testing.fixture.label_server"): "who tests without pytest need not have it",
}
"""(module, what it imports) → why that import cannot stand at the top."""

BROAD_EXCEPTS = {
    ("kolli.api.endpoint", "_work"): "one failing request must not take the server down",
    ("kolli.panel.web", "Door._work"): "nor one failing page",
    ("kolli.jobs.workers", "_attempted"): "one failing job must not stop its lane",
    ("kolli.jobs.workers", "_LaneWorkers._dispatch"): "whatever a lane meets, nobody else would do what waits in it",
    ("kolli.operations.reconcile", "_try_to_settle"): "one attempt nobody can settle must not keep the server down",
    ("kolli.operations.asking", "_nothing_else"): "a mistake in a carrier's code is an outcome that nobody knows",
    ("kolli.cli", "main"): "a person at a terminal gets a sentence, not a traceback",
}
"""(module, function) → why it catches everything. Request, page, job, lane, attempt, carrier, command: no eighth."""

NAMES_CARRIERS = {
    "kolli.demo": "an example has to name somebody, and names the carrier that costs nothing",
    "kolli.testing.prepared": "a server for tests has the carrier that costs nothing, ready before it starts",
    "kolli.testing.server": "and gives it a clock and numbers of its own",
}
"""Module or file → why it may name a carrier although it is not that carrier's own."""

WORDS = {
    "sandbox": r"carriers[./]sandbox|sandbox_?carrier",
}
"""Carrier → what names it, where its name is a word for something else as well."""

EDGE_LIBRARIES = {"starlette", "pydantic", "pydantic_settings"}
SHARED_CARRIER_MODULES = {
    *("__init__", "base", "functionalities", "registry", "testing", "label_promises"),
    *("answers", "check_digits", "label_files", "own_numbers", "postal_items", "routing", "specimens"),
}


@dataclass(frozen=True)
class Module:
    """One module of Kolli: its dotted name, and what it says."""

    name: str
    tree: ast.Module
    is_package: bool = False

    @property
    def part(self) -> str:
        """What the rows are about: `orders` for `kolli.orders.queries`; empty for `kolli` itself."""
        return (*self.name.split("."), "")[1]

    @property
    def package(self) -> str:
        """What a relative import starts from."""
        return self.name if self.is_package else self.name.rpartition(".")[0]


def read(path: Path) -> Module:
    names = path.relative_to(PACKAGE.parent).with_suffix("").parts
    is_package = names[-1] == "__init__"
    return Module(".".join(names[:-1] if is_package else names), ast.parse(path.read_text("utf-8")), is_package)


def module(name: str, source: str) -> Module:
    return Module(name, ast.parse(source))


MODULES = [read(path) for path in sorted(PACKAGE.rglob("*.py"))]
CARRIERS = {path.stem for path in (PACKAGE / "carriers").glob("[a-z]*") if path.stem not in SHARED_CARRIER_MODULES}


# The rules


def imports_point_down(module: Module) -> Iterator[str]:
    """A module imports from lower rows or from its own part."""
    if module.part and module.part not in HEIGHT:
        yield f"`{module.part}` is in no row: add it to ROWS, and to the page about the architecture"
        return
    for imported, line in imports(module):
        part = (*imported.split("."), "")[1]
        if not imported.startswith("kolli.") or part in (module.part, "__version__"):
            continue
        if part not in HEIGHT:
            yield f"line {line} imports {imported}, which is in no row"
        elif not module.part or HEIGHT[part] >= HEIGHT[module.part]:
            where = "beside" if module.part and HEIGHT[part] == HEIGHT[module.part] else "above"
            yield f"line {line} imports {imported}, which is {where} {module.name}"


def imports_stand_at_the_top(module: Module) -> Iterator[str]:
    """No import hides in a function, a class or a branch."""
    at_the_top = {id(statement) for statement in module.tree.body}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import | ast.ImportFrom) and id(node) not in at_the_top:
            for imported in imported_by(node, module):
                if (module.name, imported) not in LATE_IMPORTS:
                    yield f"line {node.lineno} imports {imported} further down than the top of the module"


def opens_with_a_docstring(module: Module) -> Iterator[str]:
    """The first thing in a module is the sentence that says what it is for."""
    if not (ast.get_docstring(module.tree) or "").strip():
        yield "says nowhere what it is for: a module opens with a docstring"


def only_settings_reads_the_environment(module: Module) -> Iterator[str]:
    """Everything else is handed what it needs."""
    if module.name == "kolli.settings":
        return
    for node in ast.walk(module.tree):
        match node:
            case ast.Attribute(value=ast.Name(id="os"), attr="environ" | "environb" | "getenv" | "getenvb" as name):
                yield f"line {node.lineno} reads os.{name}"
            case ast.ImportFrom(module="os", names=names):
                for alias in names:
                    if alias.name in {"environ", "environb", "getenv", "getenvb", "*"}:
                        yield f"line {node.lineno} imports {alias.name} from os"


def only_the_listed_catch_everything(module: Module) -> Iterator[str]:
    """`except Exception`, `except BaseException`, a bare `except` and suppressing any of them.

    Tidying up and raising again swallows nothing, so a handler that ends in a bare `raise` is no matter.
    """
    for function, node in with_function(module.tree):
        match node:
            case ast.ExceptHandler(body=[*_, ast.Raise(exc=None)]):
                continue
            case ast.ExceptHandler(type=caught):
                broad = caught is None or names_everything(caught)
            case ast.Call(func=ast.Name(id="suppress") | ast.Attribute(attr="suppress"), args=args):
                broad = any(map(names_everything, args))
            case _:
                continue
        if broad and (module.name, function) not in BROAD_EXCEPTS:
            yield f"line {node.lineno} catches everything, in {function or 'the module itself'}"


def only_doors_know_http(module: Module) -> Iterator[str]:
    """Below the doors there is no request, no response and no schema of the API; settings are a door of their own."""
    if module.part in DOORS_AND_ABOVE or module.name == "kolli.settings":
        return
    for imported, line in imports(module):
        if imported.split(".")[0] in EDGE_LIBRARIES:
            yield f"line {line} imports {imported}, which only the doors know"


def only_a_carrier_names_itself(module: Module) -> Iterator[str]:
    """Nothing outside a carrier's folder has its name in an identifier, an import or a text; docstrings may explain."""
    if module.name in NAMES_CARRIERS:
        return
    for text, line in texts(module.tree):
        for carrier in carriers_in(text, module.name):
            yield f"line {line} names the carrier {carrier}: {text.strip()[:60]!r}"


def numbered_migrations_stand_alone(module: Module) -> Iterator[str]:
    """What a migration did to a database it must do for ever, so it uses nothing of Kolli that may change."""
    if not module.name.startswith("kolli.migrations.versions."):
        return
    for imported, line in imports(module):
        if imported.split(".")[0] == "kolli":
            yield f"line {line} imports {imported}, which may mean something else tomorrow"


RULES: tuple[Callable[[Module], Iterator[str]], ...] = (
    imports_point_down,
    imports_stand_at_the_top,
    opens_with_a_docstring,
    only_settings_reads_the_environment,
    only_the_listed_catch_everything,
    only_doors_know_http,
    only_a_carrier_names_itself,
    numbered_migrations_stand_alone,
)


# What the rules look at


def imports(module: Module) -> Iterator[tuple[str, int]]:
    """Everything imported anywhere in the module, as an absolute dotted name, and the line."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for imported in imported_by(node, module):
                yield imported, node.lineno


def imported_by(node: ast.Import | ast.ImportFrom, module: Module) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    levels = module.package.split(".")
    above = levels[: len(levels) - node.level + 1] if node.level else []
    origin = ".".join([*above, *filter(None, [node.module])])
    return [f"{origin}.{alias.name}" for alias in node.names]


def with_function(tree: ast.AST, function: str = "") -> Iterator[tuple[str, ast.AST]]:
    """Every node, with the function or method it stands in: `Worker.run`."""
    for node in ast.iter_child_nodes(tree):
        yield function, node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from with_function(node, f"{function}.{node.name}".lstrip("."))
        else:
            yield from with_function(node, function)


def names_everything(caught: ast.expr) -> bool:
    match caught:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name in {"Exception", "BaseException"}
        case ast.Tuple(elts=elements):
            return any(map(names_everything, elements))
        case _:
            return False


def texts(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Every identifier and every text in a module that is not a docstring, and its line."""
    explanations = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)) if id(node) not in explanations:
                yield text, node.lineno
            case ast.Name(id=text) | ast.Attribute(attr=text) | ast.arg(arg=text):
                yield text, node.lineno
            case ast.keyword(arg=str(text)):
                yield text, node.value.lineno
            case ast.FunctionDef(name=text) | ast.AsyncFunctionDef(name=text) | ast.ClassDef(name=text):
                yield text, node.lineno
            case ast.ImportFrom(module=origin, names=names):
                yield ".".join([origin or "", *(alias.name for alias in names)]), node.lineno
            case ast.Import(names=names):
                yield " ".join(alias.name for alias in names), node.lineno


def carriers_in(text: str, place: str) -> list[str]:
    """The carriers a text names, other than the one whose folder it stands in."""
    own = place.removeprefix("kolli.carriers.").split(".")[0] if place.startswith("kolli.carriers.") else ""
    others = sorted(CARRIERS - {own})
    return [carrier for carrier in others if re.search(named(carrier), text, re.IGNORECASE)]


def named(carrier: str) -> str:
    """What names a carrier. A name of three letters is part of other words, such as groups, and has to stand alone."""
    if carrier in WORDS:
        return WORDS[carrier]
    return rf"(?<![a-z]){carrier}(?![a-z])" if len(carrier) <= 3 else carrier


# Kolli keeps to the rules


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_module_keeps_every_rule(rule, module):
    assert list(rule(module)) == []


def test_templates_and_static_files_name_no_carrier():
    files = [path for kind in ("html", "css", "js", "txt") for path in PACKAGE.rglob(f"*.{kind}")]
    places = {path: ".".join(path.relative_to(PACKAGE.parent).parts) for path in files}

    named = {
        place: carriers
        for path, place in places.items()
        if place not in NAMES_CARRIERS and (carriers := carriers_in(path.read_text("utf-8"), place))
    }

    assert named == {}


def test_every_part_is_in_one_row_only():
    parts = [part for row in ROWS for part in row]

    assert sorted(parts) == sorted(set(parts))


def test_only_request_job_lane_attempt_carrier_and_command_may_catch_everything():
    assert len(BROAD_EXCEPTS) <= 7


def test_every_excused_late_import_is_still_there():
    there = {(module.name, imported) for module in MODULES for imported, _line in imports(module)}

    assert LATE_IMPORTS.keys() <= there


# The rules find what they are for


@pytest.mark.parametrize(
    ("name", "source", "finding"),
    [
        ("kolli.orders.queries", "from kolli.api import auth", "imports kolli.api.auth, which is above"),
        ("kolli.orders.queries", "import kolli.api.auth", "imports kolli.api.auth, which is above"),
        ("kolli.orders.queries", "from kolli import operations", "imports kolli.operations, which is above"),
        ("kolli.orders.queries", "from ..api import auth", "imports kolli.api.auth, which is above"),
        ("kolli.orders.queries", "from kolli.shipments import model", "which is beside kolli.orders.queries"),
        ("kolli.orders.queries", "def f():\n    from kolli.api import auth", "imports kolli.api.auth, which is above"),
        ("kolli.values", "import kolli.settings", "imports kolli.settings, which is above kolli.values"),
        ("kolli.orders.queries", "from kolli.odds import ends", "imports kolli.odds.ends, which is in no row"),
        ("kolli.odds", "import json", "`odds` is in no row"),
        ("kolli", "from kolli.app import make_app", "imports kolli.app.make_app, which is above kolli"),
    ],
)
def test_an_import_that_does_not_point_down_is_found(name, source, finding):
    (found,) = imports_point_down(module(name, source))

    assert finding in found


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("kolli.orders.queries", "from kolli.orders.model import Order"),
        ("kolli.orders.queries", "from .model import Order"),
        ("kolli.orders.queries", "from . import model"),
        ("kolli.orders.queries", "from kolli import database, errors"),
        ("kolli.api.v3.user", "from kolli import __version__"),
        ("kolli.cli", "from kolli.app import make_app"),
        ("kolli.orders.queries", "import json, kollidata"),
    ],
)
def test_an_import_that_points_down_is_fine(name, source):
    assert list(imports_point_down(module(name, source))) == []


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n    import json",
        "class C:\n    import json",
        "if True:\n    import json",
        "try:\n    import json\nexcept ImportError:\n    pass",
    ],
)
def test_an_import_below_the_top_is_found(source):
    (found,) = imports_stand_at_the_top(module("kolli.jobs", source))

    assert "imports json further down" in found


@pytest.mark.parametrize("source", ["", "import json", '""', '"  "'])
def test_a_module_without_a_docstring_is_found(source):
    assert list(opens_with_a_docstring(module("kolli.jobs", source))) != []


@pytest.mark.parametrize(
    "source",
    [
        "import os\nos.environ['A']",
        "import os\nos.environ.get('A')",
        "import os\nos.getenv('A')",
        "from os import environ",
        "from os import path, getenv as look",
    ],
)
def test_a_look_at_the_environment_is_found(source):
    assert len(list(only_settings_reads_the_environment(module("kolli.jobs", source)))) == 1
    assert list(only_settings_reads_the_environment(module("kolli.settings", source))) == []


@pytest.mark.parametrize(
    "source",
    [
        "try:\n    f()\nexcept Exception:\n    pass",
        "try:\n    f()\nexcept BaseException as e:\n    pass",
        "try:\n    f()\nexcept (ValueError, Exception):\n    pass",
        "try:\n    f()\nexcept builtins.Exception:\n    pass",
        "try:\n    f()\nexcept:\n    pass",
        "with contextlib.suppress(Exception):\n    f()",
    ],
)
def test_catching_everything_is_found(source):
    (found,) = only_the_listed_catch_everything(module("kolli.jobs", source))

    assert "catches everything, in the module itself" in found


def test_catching_everything_is_fine_in_a_listed_function_only():
    source = "def {}():\n    try:\n        f()\n    except Exception:\n        pass"

    assert list(only_the_listed_catch_everything(module("kolli.cli", source.format("main")))) == []
    assert list(only_the_listed_catch_everything(module("kolli.cli", source.format("other")))) != []
    assert list(only_the_listed_catch_everything(module("kolli.api.auth", source.format("main")))) != []


@pytest.mark.parametrize(
    "source",
    [
        "try:\n    f()\nexcept (ValueError, KeyError):\n    pass",
        "try:\n    f()\nexcept BaseException:\n    undo()\n    raise",
    ],
)
def test_catching_one_kind_of_error_or_raising_again_is_fine(source):
    assert list(only_the_listed_catch_everything(module("kolli.jobs", source))) == []


@pytest.mark.parametrize("library", ["starlette.responses", "pydantic", "pydantic_settings"])
def test_a_library_of_the_doors_below_the_doors_is_found(library):
    source = f"import {library}"

    assert list(only_doors_know_http(module("kolli.operations.ship_order", source))) != []
    assert list(only_doors_know_http(module("kolli.api.v3.orders", source))) == []
    assert list(only_doors_know_http(module("kolli.settings", source))) == []


@pytest.mark.parametrize(
    "source",
    [
        "from kolli.carriers.acme import Acme",
        "from kolli.carriers import acme",
        "import kolli.carriers.acme",
        "is_acme = True",
        "def label_for_acme(): pass",
        "f(acme=1)",
        "x.acme",
        "if code.startswith('acme:'): pass",
        "f'{x}ACME'",
    ],
)
def test_a_carrier_named_elsewhere_is_found(source, monkeypatch):
    monkeypatch.setitem(globals(), "CARRIERS", {"acme"})

    assert list(only_a_carrier_names_itself(module("kolli.operations.announce", source))) != []
    assert list(only_a_carrier_names_itself(module("kolli.carriers.other", source))) != []
    assert list(only_a_carrier_names_itself(module("kolli.carriers.acme.labels", source))) == []


def test_a_docstring_may_name_a_carrier(monkeypatch):
    monkeypatch.setitem(globals(), "CARRIERS", {"acme"})

    assert list(only_a_carrier_names_itself(module("kolli.jobs", '"""Acme takes its time."""'))) == []


def test_a_migration_that_uses_kolli_is_found():
    source = "from kolli.schema import metadata"

    assert list(numbered_migrations_stand_alone(module("kolli.migrations.versions.0001_start", source))) != []
    assert list(numbered_migrations_stand_alone(module("kolli.migrations.env", source))) == []


def test_modules_are_found_and_read_as_what_they_are(tmp_path, monkeypatch):
    """The rules above are handed text; this one shows that what is on the disk reaches them."""
    monkeypatch.setitem(globals(), "PACKAGE", tmp_path / "kolli")
    (tmp_path / "kolli" / "orders").mkdir(parents=True)
    (tmp_path / "kolli" / "orders" / "__init__.py").write_text("from . import model\nfrom ..api import auth\n")

    found = read(tmp_path / "kolli" / "orders" / "__init__.py")

    assert (found.name, found.part, found.package) == ("kolli.orders", "orders", "kolli.orders")
    assert list(imports_point_down(found)) == ["line 2 imports kolli.api.auth, which is above kolli.orders"]
