"""The words of the demo's shop: its products are called by a finish and a kind (`Amber Mug`)."""

from dataclasses import dataclass
from html import escape
from typing import Final


@dataclass(frozen=True)
class Kind:
    """Which categories it stands in, what it is in a line, and what there is to say of it."""

    categories: tuple[str, ...]
    excerpt: str
    facts: tuple[str, ...]


_LICENCE: Final = "One licence for each site, yours for good"

KINDS: Final = {
    "Mug": Kind(("Kitchen",), "A stoneware mug for a large coffee", ("Holds 350 ml", "Safe in the dishwasher")),
    "Bottle": Kind(
        ("Outdoor", "Travel"), "An insulated bottle for the day", ("Holds 750 ml", "Cold for a day, hot for six hours")
    ),
    "Poster": Kind(
        ("Decor",), "A poster for a wall that is too white", ("Printed on 200 g matte paper", "Comes rolled in a tube")
    ),
    "Print": Kind(("Decor",), "A print in a small edition", ("Pigment ink on cotton paper", "Numbered by hand")),
    "Lamp": Kind(("Lighting",), "A lamp for the desk and for reading", ("LED, 2700 K", "Two metres of cable in cloth")),
    "Chair": Kind(("Home",), "A chair that can be stacked", ("Ash and steel", "Carries 130 kg")),
    "Speaker": Kind(
        ("Home",), "A small speaker for a large room", ("Plays for twelve hours", "Two make a stereo pair")
    ),
    "Keyboard": Kind(
        ("Home",), "A quiet keyboard with low keys", ("USB-C, and three machines by radio", "Keys can be exchanged")
    ),
    "Notebook": Kind(("Learning",), "A notebook that lies flat", ("160 dotted pages", "Thread bound")),
    "Planner": Kind(
        ("Learning",), "A planner for a year that begins when you do", ("No dates printed", "A page for each week")
    ),
    "Course": Kind(("Courses",), "A course in twelve lessons", ("Six hours of video", "Exercises with answers")),
    "Ebook": Kind(("Ebooks",), "A book to read tonight", ("EPUB and PDF", "Corrections are sent to you")),
    "Font": Kind(("Software",), "A typeface in three weights", ("OpenType and WOFF2", "Latin, Greek and Cyrillic")),
    "License": Kind(("Software",), "A licence for the whole tool box", (_LICENCE, "A year of updates")),
    "Plugin": Kind(("Plugins",), "A plugin that does one thing well", (_LICENCE, "Installed in a minute")),
    "Theme": Kind(("Themes",), "A theme that loads in a blink", (_LICENCE, "Light and dark")),
    "Template": Kind(
        ("Templates",), "A template to begin with", ("Every part can be changed", "Comes with a style guide")
    ),
    "Tent": Kind(
        ("Camping", "Outdoor"), "A tent that one person can pitch", ("Stands in four minutes", "2.1 kg with its pegs")
    ),
    "Backpack": Kind(("Bags", "Travel"), "A backpack for three days", ("32 litres", "A sleeve for 15 inches")),
    "Jacket": Kind(
        ("Apparel", "Jackets"), "A jacket for wind and light rain", ("Recycled nylon", "Folds into its own pocket")
    ),
}
FINISHES: Final = {
    "Amber": "warm as late light",
    "Brisk": "quick and plain-spoken",
    "Cobalt": "a blue that stays blue",
    "Dusky": "for the hour after sunset",
    "Ember": "with a glow at its edges",
    "Frosted": "cool to the touch",
    "Golden": "a little festive",
    "Hollow": "lighter than it looks",
    "Indigo": "dyed deep",
    "Jade": "a calm green",
    "Keen": "sharp in every detail",
    "Lunar": "pale and even",
    "Mellow": "easy to live with",
    "Noble": "for every day, and for good ones",
    "Opal": "never twice the same colour",
    "Plain": "nothing that could be left out",
    "Quiet": "you forget that it is there",
    "Rustic": "with the marks of its making",
    "Silver": "bright without glare",
    "Tidal": "made for the coast",
}


def kind_of(title: str) -> Kind | None:
    return KINDS.get(title.rsplit(" ", maxsplit=1)[-1])


def excerpt_of(title: str) -> str:
    """A line for lists; empty for what is called in another way."""
    kind, finish = kind_of(title), FINISHES.get(title.split(" ", maxsplit=1)[0])
    return f"{kind.excerpt}, {finish}." if kind and finish else ""


def content_of(title: str) -> str:
    """The product's page, as HTML."""
    kind = kind_of(title)
    if kind is None:
        return ""
    facts = "".join(f"<li>{escape(fact)}</li>" for fact in kind.facts)
    return f"<p>{escape(excerpt_of(title))}</p>\n<ul>{facts}</ul>"
