"""What the source says of itself: each function takes a module's syntax tree and returns what breaks a rule."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Mapping

LAYERS = (
    "typing messages public",
    "problems",
    "errors warn",
    "text arrays",
    "torch_file curves statistics",
    "formats",
    "sweep runs",
    "structure",
    "disk",
    "tables",
)
"""The order of imports in the core, the lowest first; what stands beside each other is ordered, too."""

WHOLE = (
    *(name for layer in LAYERS for name in layer.split()),
    "core",
    "system",
    "runner",
    "api",
    "door",
    "cli",
)

OF_MODULES = {
    "os": "chmod chown fdopen link listdir makedirs mkdir open remove removedirs rename renames replace rmdir scandir "
    "symlink truncate unlink utime walk write",
    "io": "open open_code FileIO",
    "mmap": "mmap",
    "zipfile": "is_zipfile",
}
OF_PATHS = "chmod glob hardlink_to iterdir mkdir read_bytes read_text rglob rmdir symlink_to touch unlink write_bytes write_text"
LOOKS = {
    "os": "access lstat readlink stat statvfs",
    "os.path": "exists getmtime getsize isdir isfile islink lexists realpath samefile",
}
LOOKS_OF_PATHS = "exists is_dir is_file is_symlink lstat readlink resolve samefile stat"
OF_FILES = {  # what takes a path or a file, and which of its arguments that is
    "torch.load": 0,
    "torch.save": 1,
    **dict.fromkeys(("np.load", "np.save", "np.savez", "np.savetxt", "np.loadtxt", "np.genfromtxt"), 0),
    **dict.fromkeys(("np.fromfile", "np.memmap", "np.savez_compressed", "np.lib.format.open_memmap"), 0),
}
TO_FILES = "savefig to_csv to_feather to_json to_parquet to_pickle tofile"
LIKE_A_PATH = re.compile(r"(?i)path|folder|root|dir|home|\bcwd\b")
IN_MEMORY = re.compile(
    r"\b(BytesIO|StringIO|BinaryIO|TextIO|IO\[.*\]|OpenFile|SupportsRead|ZipFile|ZipInfo)\b"
)
PROCESSES = (
    "_exit abort execl execle execlp execv execve execvp execvpe fork forkpty kill killpg popen posix_spawn "
    "posix_spawnp spawnl spawnle spawnlp spawnv spawnve spawnvp system"
)
SIGNALS = "alarm getsignal pause pthread_kill raise_signal set_wakeup_fd setitimer signal sigwait"
LOOPS = (ast.For, ast.AsyncFor, ast.While, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
MACHINERY = (
    "numpy",
    "atexit",
    "signal",
    "threading",
    "multiprocessing",
    "subprocess",
    "concurrent",
    "re",
    "json",
    "pickle",
)


def is_under(name: str, *parents: str) -> bool:
    """Whether a module is one of some, or inside of one."""
    return any(name == parent or name.startswith(f"{parent}.") for parent in parents)


def imported(tree: ast.AST) -> Iterator[str]:
    """Every module that is imported anywhere in the tree, and every name that is imported from one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def _run_imports(tree: ast.AST, *, into: Callable[[ast.AST], bool]) -> Iterator[str]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from imported(node)
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            yield from _run_imports(ast.Module(node.orelse, []), into=into)
        elif into(node):
            yield from _run_imports(node, into=into)


def at_import(tree: ast.AST) -> list[str]:
    """The modules that are imported as soon as the module itself is."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
    return list(_run_imports(tree, into=lambda node: not isinstance(node, functions)))


def at_run_time(tree: ast.AST) -> list[str]:
    """The modules that are imported at all, if only in a function: not those for the type checker."""
    return list(_run_imports(tree, into=lambda node: True))


def modules_of(tree: ast.AST, modules: Iterable[str]) -> set[str]:
    """Which of the package's modules are imported, whether by their names or by a name in them."""
    known, found = set(modules), set[str]()
    for name in imported(tree):
        while name not in known and "." in name:
            name = name.rpartition(".")[0]
        if name in known:
            found.add(name)
    # `from pyhermes.core.text import quoting` is an import of the module, not of its package
    return {name for name in found if not any(other.startswith(f"{name}.") for other in found)}


def layer(module: str) -> str:
    """The layer that a module of the package belongs to."""
    parts = module.split(".")[1:]
    if parts[:1] == ["core"]:
        return parts[1] if len(parts) > 1 else "core"
    return parts[0] if parts and parts[0] in {"system", "runner", "api", "cli"} else "door"


def upwards(module: str, imports: Iterable[str]) -> list[str]:
    """Those imports of a module that lead up, in the order of design."""
    return sorted(name for name in imports if WHOLE.index(layer(name)) > WHOLE.index(layer(module)))


def circles(imports: Mapping[str, Iterable[str]]) -> list[set[str]]:
    """The groups of modules each of which reaches every other through imports."""

    def reached(start: str) -> set[str]:
        found, waiting = set[str](), [start]
        while waiting:
            for name in imports.get(waiting.pop(), ()):
                if name not in found:
                    found.add(name)
                    waiting.append(name)
        return found

    reach = {name: reached(name) for name in imports}
    groups = {
        frozenset(other for other in reach[name] if name in reach.get(other, ())) for name in imports
    } - {frozenset()}
    return [set(group) for group in groups]


def _in_memory(tree: ast.AST) -> set[str]:
    """The names that stand for a file in memory or one that somebody else has opened."""
    names = set[str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and IN_MEMORY.search(ast.unparse(node.value)):
            names |= {ast.unparse(target) for target in node.targets}
        elif isinstance(node, ast.arg | ast.AnnAssign) and node.annotation is not None:
            if IN_MEMORY.search(ast.unparse(node.annotation)):
                names.add(node.arg if isinstance(node, ast.arg) else ast.unparse(node.target))
        elif isinstance(node, ast.withitem) and node.optional_vars is not None:
            names |= (
                {ast.unparse(node.optional_vars)}
                if IN_MEMORY.search(ast.unparse(node.context_expr))
                else set()
            )
    return names


def _touches_path(call: ast.Call, in_memory: set[str]) -> bool:
    """Whether a call is one of a path's own methods, as far as its name tells."""
    if not isinstance(call.func, ast.Attribute):
        return False
    owner, name = ast.unparse(call.func.value), call.func.attr
    if owner in in_memory:  # an archive's `open` opens no file
        return False
    if name == "open":
        return owner != "webbrowser"
    if name in {"replace", "rename"}:  # of a text, `replace` takes two
        return len(call.args) == 1 and not call.keywords
    return name in OF_PATHS.split() and owner not in {"os", "os.path"}


def _writes_file(call: ast.Call, in_memory: set[str]) -> bool:
    """Whether a call of a library gets a path where it could get a file in memory."""
    name = ast.unparse(call.func)
    if name.rpartition(".")[2] in TO_FILES.split() and isinstance(call.func, ast.Attribute):
        place = 0
    elif name.replace("numpy.", "np.") in OF_FILES:
        place = OF_FILES[name.replace("numpy.", "np.")]
    else:
        return False
    files = [ast.unparse(call.args[place])] if len(call.args) > place else []
    files += [ast.unparse(word.value) for word in call.keywords if word.arg in {"f", "fname", "file", "path"}]
    return any(file not in in_memory and not IN_MEMORY.search(file) for file in files)


def touches_disk(tree: ast.AST) -> list[str]:
    """Calls that open, list, look at, make, write, move or remove files, and imports of what does."""
    in_memory, found = _in_memory(tree), list[str]()
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call):
            continue
        name = ast.unparse(call.func)
        owner, _, method = name.rpartition(".")
        if call.args and re.match(r"'/(proc|sys)/", ast.unparse(call.args[0])):
            continue  # the kernel answers, and there is no file
        of_module = method in OF_MODULES.get(owner, "").split() or owner == "shutil" or name == "open"
        if of_module or _touches_path(call, in_memory) or _writes_file(call, in_memory):
            found.append(name)
    return found + [
        name
        for name in imported(tree)
        if is_under(name, "shutil", "tempfile", "mmap", "glob")
        or any(name in {f"{module}.{one}" for one in names.split()} for module, names in OF_MODULES.items())
    ]


def looks_at_disk(tree: ast.AST) -> list[str]:
    """Calls that ask what is at a path, and open nothing."""
    in_memory, found = _in_memory(tree), list[str]()
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
            continue
        owner, name = ast.unparse(call.func.value), call.func.attr
        of_path = name in LOOKS_OF_PATHS.split() and owner not in {*LOOKS, *in_memory}
        if (of_path and (name != "resolve" or LIKE_A_PATH.search(owner))) or name in LOOKS.get(
            owner, ""
        ).split():  # others have such a method, too
            found.append(f"{owner}.{name}")
    names = {f"{module}.{name}" for module, some in LOOKS.items() for name in some.split()}
    return found + [name for name in imported(tree) if name in names]


def starts_processes(tree: ast.AST) -> list[str]:
    """Imports and calls that start, replace or end processes, or listen to signals."""
    modules = ("subprocess", "multiprocessing", "pty", "concurrent.futures.ProcessPoolExecutor")
    names = {f"os.{name}" for name in PROCESSES.split()} | {f"signal.{name}" for name in SIGNALS.split()}
    return [name for name in imported(tree) if is_under(name, *modules) or name in names] + [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node) in names
    ]


def machinery(tree: ast.AST) -> list[str]:
    """What no facade has: loops of any kind, numbers, parsing, signals, threads."""
    loops = [f"line {node.lineno}: a loop" for node in ast.walk(tree) if isinstance(node, LOOPS)]
    forks = [ast.unparse(node) for node in ast.walk(tree) if ast.unparse(node) in {"os.fork", "os.kill"}]
    modules = [name for name in at_run_time(tree) if is_under(name, *MACHINERY)]
    return loops + forks + [name for name in modules if not is_under(name, "numpy.typing")]  # annotations


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


def _defined(tree: ast.AST) -> Iterator[str]:
    """The names that classes and functions of a file define, attributes of `self` included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield from [node.attr] if ast.unparse(node.value) in {"self", "cls"} else []


def foreign_attributes(tree: ast.AST) -> list[str]:
    """Private attributes that the file asks of other objects, and defines nowhere itself.

    A class may use what its base defines; `os._exit` is documented.
    """
    own = set(_defined(tree))
    found = list[str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and _is_private(node.attr) and node.attr not in own:
            if ast.unparse(node.value) not in {"self", "cls", "super()"} and ast.unparse(node) != "os._exit":
                found.append(ast.unparse(node))
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in {
            "getattr",
            "setattr",
            "hasattr",
            "delattr",
        }:
            name = node.args[1]
            if isinstance(name, ast.Constant) and _is_private(str(name.value)) and name.value not in own:
                found.append(ast.unparse(node))
    return found


def private_imports(tree: ast.AST) -> list[str]:
    """What is imported by a private name."""
    names = [name for name in imported(tree) if not is_under(name, "_typeshed")]  # of every type checker
    return [name for name in names if any(_is_private(part) for part in name.split("."))]


def texts(tree: ast.AST) -> Iterator[str]:
    """Every text that stands by itself in the code: no docstring, and no part of an f-string that is prose."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            continue
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Constant) and isinstance(child.value, str | bytes):
                yield child.value if isinstance(child.value, str) else child.value.decode("latin-1")


def spelled(tree: ast.AST, names: Iterable[str]) -> list[str]:
    """Those texts of a file that are the name of a file of the format, or a path or pattern that ends in one."""
    ends = tuple(names)
    return [text for text in texts(tree) if " " not in text and text.rpartition("/")[2].endswith(ends)]


def ignores(source: str) -> list[str]:
    """The lines that switch a checker off without saying which rule and why."""
    given = re.compile(r"#\s*(type:\s*ignore|pyright:\s*ignore|noqa)\b(?P<rest>[^#]*)(?P<more>#.*)?")
    found = list[str]()
    for line in source.splitlines():
        for match in given.finditer(line):
            has_rule = re.match(r"\s*(\[[\w\-, ]+\]|:\s*[A-Z]+\d+(,\s*[A-Z]+\d+)*)", match["rest"])
            why = (match["rest"][has_rule.end() :] if has_rule else "") + (match["more"] or "")
            if not has_rule or len(re.findall(r"\w+", re.sub(r"type: ignore|noqa|\[.*?\]", "", why))) < 2:
                found.append(line.strip())
    return found
