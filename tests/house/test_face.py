"""The face for scripts: functions and types, whatever was imported before them."""

import importlib
import inspect
import subprocess
import sys

import pytest

import estimator
import ingest
from tests.house.tree import modules


@pytest.mark.parametrize("package", [estimator, ingest], ids=lambda package: str(package.__name__))
def test_every_name_of_the_face_is_documented_and_no_module(package: object) -> None:
    names: list[str] = getattr(package, "__all__")  # noqa: B009  # a module known only as an object
    for name in names:
        found = getattr(package, name)
        assert not inspect.ismodule(found)
        assert inspect.getdoc(found)
    assert not hasattr(package, "no_such_name")


def test_no_module_hides_a_name_of_the_face() -> None:
    for path in modules("estimator", "ingest"):
        if path.name != "__init__.py" and path.parent.name in {"estimator", "ingest"}:
            importlib.import_module(f"{path.parent.name}.{path.stem}")
            assert path.stem not in {*estimator.__all__, *ingest.__all__}
    assert inspect.isfunction(ingest.load)
    assert inspect.isfunction(estimator.estimate)


def test_naming_the_packages_alone_imports_none_of_their_parts() -> None:
    program = (
        "import sys, ingest, estimator; print([n for n in sys.modules if n.startswith(('ingest.', 'estimator.'))])"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert found.stdout == "[]\n"
