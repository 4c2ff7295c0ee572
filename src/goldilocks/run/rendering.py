"""What renders the templates of a package: HTML, whose names are escaped, and Markdown."""

import functools

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from goldilocks.formatting import counted


@functools.cache  # It compiles a template once.
def environment(package: str) -> Environment:
    """Return what renders the templates of a package."""
    made = Environment(
        loader=PackageLoader(package, "templates"),
        autoescape=select_autoescape(["html.j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Jinja types its filters by those that it has itself.
    made.filters["counted"] = counted  # pyright: ignore[reportArgumentType]
    return made
