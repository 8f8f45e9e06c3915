"""A sweep as a report and as JSON."""

from typing import Any

from bot import humanize as say
from bot.render.report import Notes, Report, Section, Table
from bot.sweep import Swept
from estimator.cost import usd_per_mtok_output
from estimator.sweep import Point


def sweep_report(found: Swept) -> Report:
    """The front, the most of each kind, and the cards for the users."""
    request = found.request
    name = f"{found.model.name} on {request.gpus}× {request.gpu.id}"
    load = request.load
    prompt, output = say.tokens(load.prompt_tokens), say.tokens(load.output_tokens)
    if not found.front:
        section = Section(heading=name, mood="no", verdict=f"It does not fit: ask `{name}` for what would.")
        return Report(title=name, sections=(section,))
    tables = [_front_table(found), *_most_tables(found)]
    if found.query.concurrency is not None:
        tables.insert(0, _fleet_table(found, found.query.concurrency))
    section = Section(
        heading=f"{name}, {prompt} in and {output} out",
        mood="yes",
        verdict=_verdict(found),
        tables=tuple(tables),
        notes=(
            Notes("Assumed", (*load.assumptions, "every legal split of the machine, requests that follow each other")),
            Notes("Model read as", (found.model.read_as,)),
        ),
    )
    return Report(title=f"{name}: {section.verdict}", sections=(section,))


def _verdict(found: Swept) -> str:
    soonest, most = found.front[0], found.front[-1]
    return (
        f"From {say.rate(1 / soonest.tpot_s)} tokens/s for one request ({soonest.layout}) to "
        f"{say.rate(most.output_tokens_per_s)} tokens/s for {most.concurrency:,} ({most.layout})."
    )


def _front_table(found: Swept) -> Table:
    columns = ("Split", "At once", "Tokens/s each", "TPOT", "TTFT", "Tokens/s", "a GPU", "$/Mtok out")
    return Table("Worth taking: no split gives more for all and as much for each", tuple(
        _front_row(found, point) for point in found.front
    ), columns)  # fmt: skip


def _front_row(found: Swept, point: Point) -> tuple[str, ...]:
    request = found.request
    split = str(point.layout) if point.replicas == 1 else f"{point.replicas} of {point.layout}"
    cost = usd_per_mtok_output(request.gpu.id, request.gpus, point.output_tokens_per_s, request.prices)
    return (
        split,
        f"{point.concurrency:,}",
        say.rate(1 / point.tpot_s),
        say.seconds(point.tpot_s),
        say.seconds(point.ttft_s),
        say.rate(point.output_tokens_per_s),
        say.rate(point.output_tokens_per_s / request.gpus),
        say.usd(cost) if cost is not None else "no price",
    )


def _most_tables(found: Swept) -> list[Table]:
    at_once = tuple((say.tokens(context), f"{most:,}" if most else "none") for context, most in found.at_once)
    longest = tuple((f"{users:,}", say.tokens(context) if context else "none") for users, context in found.longest)
    return [
        Table("Most whole contexts in the cache at once", at_once, ("Context", "Requests")),
        Table("Longest context for so many at once", longest, ("Requests", "Context")),
    ]


def _fleet_table(found: Swept, users: int) -> Table:
    fleet, wish = found.fleet, found.query.min_tokens_per_s
    title = f"For {users:,} users at once" + (f", {wish:g} tokens/s each" if wish else "")
    if fleet is None:
        return Table(title, (("GPUs", f"no number of {found.request.gpu.id} reaches it"),))
    point = fleet.point
    rows = (
        ("GPUs", f"{fleet.gpus:,}: {say.plural(fleet.replicas, 'replica')} of {point.layout}"),
        ("Users a replica", f"{fleet.users_per_replica:,}"),
        ("Tokens/s each", say.rate(1 / point.tpot_s)),
        ("Time to first token", say.seconds(point.ttft_s)),
    )
    return Table(title, rows)


def sweep_json(found: Swept) -> dict[str, Any]:
    """The same as an object; `points` are all loads and splits, `front` those worth taking."""
    fleet = found.fleet
    return {
        "model": found.model.name,
        "hardware": found.request.gpu.id,
        "gpus": found.request.gpus,
        "prompt_tokens": found.request.load.prompt_tokens,
        "output_tokens": found.request.load.output_tokens,
        "front": [_point_json(point) for point in found.front],
        "points": [_point_json(point) for point in found.points],
        "most_requests": [{"context_tokens": context, "requests": most} for context, most in found.at_once],
        "longest_context": [{"requests": users, "context_tokens": longest} for users, longest in found.longest],
        "fleet": None
        if fleet is None
        else {
            "users": fleet.users,
            "gpus": fleet.gpus,
            "replicas": fleet.replicas,
            "users_per_replica": fleet.users_per_replica,
            "replica": _point_json(fleet.point),
        },
    }


def _point_json(point: Point) -> dict[str, Any]:
    layout = point.layout
    return {
        "parallel": {
            "tensor": layout.tensor,
            "pipeline": layout.pipeline,
            "data": layout.data,
            "expert": layout.expert,
        },
        "replicas": point.replicas,
        "concurrency": point.concurrency,
        "ttft_s": point.ttft_s,
        "tpot_s": point.tpot_s,
        "output_tokens_per_s": point.output_tokens_per_s,
        "runs_at_once": point.runs_at_once,
    }
