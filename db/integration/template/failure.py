"""What keeps a template small and quick, and how one fails that is not."""

from typing import Final

from engine.values.errors import CodedError, ErrorCode

# Long enough for a letter of thirty pages; a request's body is cut off earlier.
LONGEST_TEMPLATE: Final = 65_536
# What is sent has at most 1 MiB, and each character one byte or more.
LONGEST_OUTPUT: Final = 1_048_576
MOST_CODES: Final = 1_000
# Pieces that are rendered, each time counted: of a loop of 30 pieces over 3000 lines there are 90 000.
MOST_STEPS: Final = 100_000


class TemplateError(CodedError):
    """A template that is too large, or whose values do not belong where it goes."""

    def __init__(self, message: str) -> None:
        super().__init__(ErrorCode.VALIDATION, message)


class Budget:
    """Of one rendering, or of several that make one thing. `steps` and `length` say what was spent of it."""

    def __init__(self, steps: int = MOST_STEPS, length: int = LONGEST_OUTPUT) -> None:
        self._most_steps = steps
        self._most_length = length
        self.steps = 0
        self.length = 0

    def step(self) -> None:
        """Raises TemplateError behind the last one."""
        self.steps += 1
        if self.steps > self._most_steps:
            raise TemplateError(f"The template takes more than {self._most_steps} steps: loop over less")

    def write(self, text: str) -> str:
        """The text. Raises TemplateError where there is no room for it."""
        self.length += len(text)
        if self.length > self._most_length:
            raise TemplateError(f"What the template makes is longer than {self._most_length} characters")
        return text
