"""Cases: a document and its answer, side by side in the folder of a documented operation. README.md has the format."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property, reduce
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import orjson
import time_machine
from graphql import OperationDefinitionNode, OperationType, parse

from db.access.viewer import Viewer, ViewerKind
from engine.standard.execution import Request
from engine.values.upload import Uploaded
from tests.factories import store_rows
from tests.gateway import ADMIN, ANONYMOUS, CLERK, Gateway, opened
from tests.operations.seeds import SEEDS
from tests.recorded import NOW, Imported

HERE: Final = Path(__file__).parent
# May change products but not see unpublished ones.
EDITOR: Final = Viewer("token:editor", "editor", frozenset({"products/edit"}))
# The manager of the seed `staff`, signed in.
PERSON: Final = Viewer("user:9001", "mara", frozenset({"products/view"}), ViewerKind.USER, user_id=9001)
# The same person, who manages integrations.
MANAGER: Final = Viewer(
    "user:9001", "mara", frozenset({"integrations/view", "integrations/manage"}), ViewerKind.USER, user_id=9001
)
VIEWERS: Final = {
    "admin": ADMIN,
    "clerk": CLERK,
    "editor": EDITOR,
    "person": PERSON,
    "manager": MANAGER,
    "anonymous": ANONYMOUS,
}


@dataclass(frozen=True)
class Step:
    """One request of a case."""

    operation: str
    viewer: Viewer
    variables: dict[str, Any]


@dataclass(frozen=True)
class Case:
    folder: Path
    name: str

    def __str__(self) -> str:
        return f"{self.folder.name}/{self.name}"

    @cached_property
    def document(self) -> str:
        return (self.folder / f"{self.name}.graphql").read_text(encoding="utf-8")

    @cached_property
    def operations(self) -> dict[str, OperationType]:
        """Every operation by its name, in the document's order."""
        found = [d for d in parse(self.document).definitions if isinstance(d, OperationDefinitionNode)]
        return {o.name.value: o.operation for o in found if o.name}

    @cached_property
    def steps(self) -> list[Step]:
        variables = self._read("variables") or {}
        viewer = self._settings.get("viewer", "admin")
        return [
            Step(
                step.get("operation", next(iter(self.operations))),
                VIEWERS[step.get("viewer", viewer)],
                variables | step.get("variables", {}),
            )
            for step in self._settings.get("steps") or [{"operation": name} for name in self.operations]
        ]

    @property
    def writes(self) -> bool:
        return OperationType.MUTATION in self.operations.values()

    @property
    def answer_path(self) -> Path:
        return self._path("answer")

    @property
    def files(self) -> set[Path]:
        """Those it may have."""
        return {self.folder / f"{self.name}.graphql", *map(self._path, ("variables", "case", "answer"))}

    @property
    def recorded(self) -> Any:
        """The expected answer; None when there is none yet."""
        return self._read("answer")

    async def _run(self, gateway: Gateway) -> Any:
        """The answer of the only step; of several steps a list, each with its operation's name."""
        answers = await self.taken(gateway)
        if len(answers) > 1:
            return answers
        del answers[0]["operation"]
        return answers[0]

    async def taken(self, gateway: Gateway, steps: int | None = None) -> list[dict[str, Any]]:
        """The answers of the first steps (of all unless said), each with its operation's name."""
        answers: list[dict[str, Any]] = []
        for step in self.steps[:steps]:
            request = Request(self.document, self.variables_of(step, answers, gateway), step.operation)
            answer = await gateway.executor.execute(request, step.viewer, gateway.units, "the-request-id")
            answers.append({"operation": step.operation} | answer.body)
        return answers

    def variables_of(self, step: Step, answers: Sequence[Mapping[str, Any]], gateway: Gateway) -> dict[str, Any]:
        """Those of a step after these answers, its files put where they are taken from."""
        latest = {answer["operation"]: answer.get("data") for answer in answers}
        variables = self._completed(step.variables, latest)
        self._attach(variables, gateway.folder)
        return variables

    def _completed(self, variables: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
        """With the values that `from` takes out of earlier answers."""
        completed = deepcopy(dict(variables))
        for target, source in self._settings.get("from", {}).items():
            operation, *path = source.split(".")
            *outer, last = target.split(".")
            if operation in data and set(outer) <= completed.keys():
                reduce(_inside, outer, completed)[last] = reduce(_inside, path, data[operation])
        return completed

    def _attach(self, variables: dict[str, Any], folder: Path) -> None:
        """Puts the case's `files` where these variables have null for them, as a multipart request would."""
        for place, file in self._settings.get("files", {}).items():
            *outer, last = place.split(".")
            container = reduce(lambda value, key: value.get(key, {}), outer, variables)
            if last in container:
                content = file["text"].encode()
                path = Path(tempfile.mkdtemp(dir=folder)) / "upload"
                path.write_bytes(content)
                container[last] = Uploaded(path, file["name"], len(content), sha256(content).hexdigest())

    def put_stored(self, gateway: Gateway) -> None:
        """Puts the case's `stored` files where the driver `local` has its own."""
        gateway.put(*self._settings.get("stored", ()))

    @property
    def seed(self) -> str | None:
        """The rows beside the recorded ones, by their name in `seeds.py`."""
        seed: str | None = self._settings.get("seed")
        return seed

    @property
    def follows(self) -> bool:
        """Whether it asks for what its earlier answers held."""
        return bool(self._settings.get("from"))

    @cached_property
    def _settings(self) -> dict[str, Any]:
        return self._read("case") or {}

    async def answer(self, imported: Imported) -> Any:
        """Run on the recorded store: in place, or in a copy with the clock at `NOW` when it writes or has a seed."""
        seed = self.seed
        if not self.writes and seed is None:
            async with opened(imported.reading) as gateway:
                return await self._run(gateway)
        with imported.copy() as url, time_machine.travel(NOW, tick=False):
            async with opened(url) as gateway:
                if seed is not None:
                    await store_rows(gateway, SEEDS[seed]())
                self.put_stored(gateway)
                return await self._run(gateway)

    def _read(self, kind: str) -> Any:
        path = self._path(kind)
        return orjson.loads(path.read_bytes()) if path.exists() else None

    def _path(self, kind: str) -> Path:
        # The case that every folder begins with needs no name of its own: query.graphql, answer.json.
        return self.folder / (f"{kind}.json" if self.name == "query" else f"{self.name}.{kind}.json")


def _inside(value: Any, key: str) -> Any:
    return value[int(key)] if isinstance(value, list) else value[key]


def cases() -> Iterator[Case]:
    for path in sorted(HERE.glob("*/*.graphql")):
        yield Case(path.parent, path.stem)


def written(answer: Any) -> str:
    """An answer as its file holds it."""
    return orjson.dumps(answer, option=orjson.OPT_INDENT_2).decode() + "\n"
