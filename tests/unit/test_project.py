"""What is promised about the repository itself: locked requirements, documented commands, reasons for exceptions."""

import os
import re
import socket
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from pytest_socket import SocketBlockedError

REPOSITORY = Path(__file__).parents[2]
LOCK_FILES = ("requirements.txt", "requirements-dev.txt")

REGISTRIES = re.compile(r"\b(pypi|pythonhosted|npmjs|npmmirror|yarnpkg)\.(org|com|io)\b", re.IGNORECASE)
SOURCES = re.compile(r"://|index-url|find-links|trusted-host|\s@\s|file:")


def text_of(name):
    return (REPOSITORY / name).read_text("utf-8")


def project():
    return tomllib.loads(text_of("pyproject.toml"))["project"]


def locked(name):
    """The entries of a lock file: package → its whole entry, comments left out, lines joined."""
    lines = [line for line in text_of(name).splitlines() if not line.lstrip().startswith("#")]
    entries = "\n".join(lines).replace("\\\n", " ").splitlines()
    return {canonicalize_name(re.split(r"[=\[ ]", entry)[0]): entry for entry in entries if entry.strip()}


def versions(name):
    return {package: re.findall(r"==([^ ;]+)", entry)[0] for package, entry in locked(name).items()}


def unmet(requirements, lock_file):
    """The requirements a lock file has no version for, or not a right one."""
    there = versions(lock_file)
    wanted = [Requirement(requirement) for requirement in requirements]
    return [
        str(requirement)
        for requirement in wanted
        if not requirement.specifier.contains(there.get(canonicalize_name(requirement.name), "0"))
    ]


def tracked_files():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a git clone, so nothing says which files belong to it")
    return [path for name in listed.stdout.decode().split("\0") if name and (path := REPOSITORY / name).is_file()]


def make_targets():
    return set(re.findall(r"^([a-z][a-z-]*):", text_of("Makefile"), re.MULTILINE))


@pytest.mark.parametrize("name", LOCK_FILES)
def test_every_locked_package_has_one_version_and_hashes(name):
    entries = locked(name).values()

    assert [entry for entry in entries if not re.match(r"\S+==\S+ .*--hash=sha256:[0-9a-f]{64}", entry)] == []


@pytest.mark.parametrize("name", LOCK_FILES)
def test_lock_files_do_not_say_where_packages_come_from(name):
    """Whoever installs decides that: many organisations have a registry of their own."""
    assert SOURCES.findall(text_of(name)) == []


def test_what_kolli_needs_is_locked():
    assert unmet(project()["dependencies"], "requirements.txt") == []


def test_what_building_and_testing_needs_is_locked():
    extras = project()["optional-dependencies"]
    own = [requirement for requirement in extras["dev"] if not requirement.startswith("kolli[")]

    assert unmet(extras["build"], "requirements.txt") == []
    assert unmet([*project()["dependencies"], *extras["build"], *own], "requirements-dev.txt") == []


def test_what_builds_kolli_is_what_is_locked_for_it():
    build_system = tomllib.loads(text_of("pyproject.toml"))["build-system"]

    assert build_system["requires"] == project()["optional-dependencies"]["build"]


def test_tests_run_on_the_versions_that_are_shipped():
    shipped, tested = map(versions, LOCK_FILES)

    assert shipped.items() <= tested.items()


def test_no_file_names_a_package_registry():
    texts = {path: path.read_bytes().decode("utf-8", "replace") for path in tracked_files()}

    assert {str(path): found.group() for path, text in texts.items() if (found := REGISTRIES.search(text))} == {}


def test_the_readme_opens_with_the_two_commands():
    readme = REPOSITORY / "README.md"
    if not readme.exists():
        pytest.skip("there is no README.md yet")

    assert {"make demo", "make test"} <= set(re.findall(r"make [a-z-]+", readme.read_text("utf-8")))


def test_the_readme_leads_to_every_page_of_the_documentation():
    named = set(re.findall(r"\]\((docs/[a-z-]+\.md)", text_of("README.md")))

    assert named == {f"docs/{page.name}" for page in (REPOSITORY / "docs").glob("*.md")}


@pytest.mark.parametrize("page", ["README.md", *(f"docs/{page.name}" for page in (REPOSITORY / "docs").glob("*.md"))])
def test_links_between_pages_lead_somewhere(page):
    links = re.findall(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)", text_of(page))
    missing = []
    for path, heading in links:
        target = (REPOSITORY / page).parent / path if path else REPOSITORY / page
        if not target.exists() or (heading and heading not in headings_of(target)):
            missing.append((path, heading))

    assert missing == []


def headings_of(page):
    """How links name the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_every_documented_make_target_exists(name):
    if not (REPOSITORY / name).exists():
        pytest.skip(f"there is no {name} yet")
    code = " ".join(re.findall(r"```.*?```|`[^`\n]+`|\n {4}[^\n]+", text_of(name), re.DOTALL))
    named = set(re.findall(r"\bmake ([a-z][a-z-]*)", code))

    assert named
    assert named - make_targets() == set()


def test_every_make_target_for_people_says_what_it_does():
    phony = re.search(r"^\.PHONY: (.*)$", text_of("Makefile"), re.MULTILINE)
    described = set(re.findall(r"^([a-z-]+):.*## \S", text_of("Makefile"), re.MULTILINE))

    assert phony
    assert set(phony.group(1).split()) - {"test-tools"} == described


def test_every_ruff_rule_that_is_off_has_a_reason_beside_it():
    lists = re.search(
        r"\[tool\.ruff\.lint\]\n(.*?)\n\[tool\.ruff\.lint\.pydocstyle\]", text_of("pyproject.toml"), re.DOTALL
    )

    assert lists
    assert re.findall(r'^ +"[A-Z]+[0-9]*",(?! +# \S)', lists.group(1), re.MULTILINE) == []


@pytest.mark.parametrize("name", ["scripts/debian-packages", ".ci/run"])
def test_scripts_can_be_run(name):
    assert os.access(REPOSITORY / name, os.X_OK)


def test_ci_runs_what_everybody_runs():
    assert text_of(".ci/run").splitlines()[-1] == "make test"


def test_unit_tests_have_no_network():
    with pytest.raises(SocketBlockedError), pytest.warns(match="tried to use socket"):
        socket.create_connection(("localhost", 9))
