"""The result as a table for people and as an object for programs."""

from rig.figure import middle


def as_text(figures, about):
    rows = [("figure", "ours", "nginx", "ratio", "must", "strive", "verdict",
             "min..max over the rounds: ours / nginx / ratio")]
    for figure in figures:
        target = figure.target
        bound = ratio_bound if target.judged == "ratio" else number
        unit = f", {target.unit}" if target.unit else ""
        rows.append((target.name + unit, median(figure.ours), median(figure.nginx),
                     ratio(figure.ratio),
                     bound(target.must), bound(target.strive), figure.verdict,
                     spread(figure.ours, figure.nginx, figure.round_ratios)))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    rows.insert(1, tuple("-" * width for width in widths))
    lines = [" | ".join(cell.ljust(width) if column in (0, 6, 7) else cell.rjust(width)
                        for column, (cell, width) in enumerate(zip(row, widths))).rstrip()
             for row in rows]
    lines += ["", *(f"{figure.target.name}: {figure.problem or figure.note}"
                    for figure in figures if figure.problem or figure.note)]
    lines += [f"{name}: {value}" for name, value in about.items()]
    return "\n".join(lines)


def as_object(figures, about):
    """Medians at the top, under plain names; rounds and verdicts in `figures`."""
    result = {}
    for figure in figures:
        if figure.ratio is not None:
            result[f"{figure.key}_ratio_vs_nginx"] = round(figure.ratio, 4)
        if figure.ours:
            result[figure.key] = round(middle(figure.ours), 3)
    return {**result, "figures": {figure.key: figure.as_json() for figure in figures},
            "machine": about}


def number(value):
    if value is None:
        return ""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def ratio(value):
    if value is None:
        return ""
    return f"{value:.2f}" if value >= 0.01 else f"{value:.4f}"


def ratio_bound(value):
    return "" if value is None else f"{value:g}x"


def median(values):
    return number(middle(values)) if values else ""


def spread(*sides):
    return " / ".join(f"{number(min(side))}..{number(max(side))}"
                      for side in sides if len(side) > 1)
