"""How long tests wait for what comes by itself."""

from typing import Final

# Seconds. Reached by what hangs alone: a machine may be ten times as busy as the one that a test was written on.
PATIENCE: Final = 300.0
