"""What whoever typed a command can mend."""


class Mistake(Exception):
    """One line for standard error, and exit code 2. Never for what is wrong inside storegraph."""
