"""Numbers and tables for people to read."""

import pandas as pd


def markdown(table: pd.DataFrame) -> str:
    """A table in Markdown; numbers with four significant digits, an empty cell where a value is missing."""
    lines = [list(map(str, table.columns)), ["---"] * len(table.columns)]
    lines += [[_cell(value) for value in row] for row in table.itertuples(index=False)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: object) -> str:
    if value is None or (isinstance(value, float) and pd.isna(value)):
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def number(value: float) -> str:
    """Four significant digits."""
    return f"{value:.4f}" if 0.001 <= abs(value) < 10 else f"{value:.4g}"
