"""What people read of a step: the sentences stand in templates, the numbers come from the steps."""

from goldilocks.formatting import number, percent, signed
from goldilocks.report.workflow.results import StepReport, Table
from goldilocks.run.rendering import environment


def report(step: str, *, passed: bool = True, table: Table = (), **values: object) -> StepReport:
    """Return what people read of a step; its template has a title, a decision, and reasons."""
    title, decision, *reasons = sentences(step, passed=passed, **values)
    return StepReport(
        name=step,
        title=title,
        passed=passed,
        decision=decision,
        reasons=tuple(reasons),
        table=table,
    )


def sentences(template: str, **values: object) -> list[str]:
    """Return the paragraphs of a template, which empty lines set apart, each in one line."""
    pages = environment("goldilocks.workflow")
    pages.finalize = _in_one_line  # A value with an empty line in it would be two paragraphs.
    pages.filters |= {"count": "{:,}".format, "number": number, "percent": percent}
    pages.filters |= {"signed": signed}
    text = pages.get_template(f"{template}.md.j2").render(values)
    return [_in_one_line(paragraph) for paragraph in text.split("\n\n") if paragraph.strip()]


def _in_one_line(value: object) -> str:
    return " ".join(str(value).split())
