"""The vendor's description of one section, as tests look at it: its examples, and what answers deviate from it."""

from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from jsonschema import Draft202012Validator, FormatChecker


class Section(NamedTuple):
    """One of the vendor's files."""

    document: Any

    def content(self, method: str, path: str, status: int) -> Any:
        """What is said about the JSON of an answer: its schema and its examples."""
        answer = self.document["paths"][path][method.lower()]["responses"][str(status)]
        return answer["content"]["application/json"]

    def example(self, method: str, path: str, status: int) -> Any:
        """The first example of an answer."""
        return next(iter(self.content(method, path, status)["examples"].values()))["value"]

    def request_examples(self, method: str, path: str) -> dict[str, Any]:
        """The examples of request bodies, by their names."""
        content = self.document["paths"][path][method.lower()]["requestBody"]["content"]["application/json"]
        return {name: example["value"] for name, example in content["examples"].items()}

    def deviations(self, method: str, path: str, answer: Any) -> list[str]:
        """What an answer has that its schema does not allow."""
        schema = self.content(method, path, answer.status_code)["schema"]
        whole = {**schema, "components": self.document["components"]}
        validator = Draft202012Validator(whole, format_checker=FormatChecker())
        return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(answer.json())]


@cache
def section(folder: Path, name: str) -> Section:
    """The section with this name."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return Section(yaml.load((folder / f"{name}.yaml").read_text("utf-8"), loader))
