"""An answer becomes a report: which figures are said, in which order, in which words.

Order of each section, from what closes such threads: yes or no, the margin, the smallest change that works, then
memory, speed and cost, then what was assumed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bot import humanize as say
from bot.answer import Answer, Recommendation, Result
from bot.launch import launch_commands, launch_obstacle, launch_title
from bot.methods import Compared, compare
from bot.render.diagnosis import compared_with_own, comparison, diagnosed, with_capacity
from bot.render.help import help_report
from bot.render.report import Notes, Report, Section, Table
from estimator.band import Interval
from estimator.energy import energy_of
from estimator.estimation import IF_IT_FITTED, Estimate
from estimator.explain import explain
from estimator.legality import reasons, ruled_out
from estimator.model_spec import ModelSpec
from estimator.recommend import Alternative
from ingest.loader import LoadedModel

ORDER_WORDS = {"cost": "cheapest", "gpus": "smallest", "speed": "fastest"}
PICK_WORDS = {"size": "largest", "gpus": "largest", "speed": "fastest", "cost": "cheapest by the token"}
CHANGES = {
    "context": "a shorter context",
    "kv_cache": "a smaller KV cache",
    "weights": "smaller weights",
    "engine": "llama.cpp",
    "hardware": "another card",
    "gpus": "more GPUs",
    "machine": "another machine",
}


def compose(answer: Answer) -> Report:
    """The report of an answer."""
    if answer.query.intent == "help":
        return help_report()
    if answer.query.intent == "pick" and answer.results:
        return Report(title="Models that fit", sections=(_with_remarks(pick_section(answer), answer.notes),))
    sections = [_led(result_section(result), result, answer) for result in answer.results]
    if answer.query.intent == "explain":
        sections = [explained_section(result) for result in answer.results] or sections
    side_by_side = comparison(answer.results)
    if side_by_side is not None:
        sections = [side_by_side, *sections]
    if answer.query.intent == "methods":
        sections += [methods_section(result) for result in answer.results]
    sections += [recommendation_section(found) for found in answer.recommendations]
    title = "; ".join(f"{section.heading}: {section.verdict}" for section in sections)
    return Report(title=title, sections=(_with_remarks(sections[0], answer.notes), *sections[1:]))


def _led(section: Section, result: Result, answer: Answer) -> Section:
    """The section with what was asked in front: the most that fits, a figure of the asker's own, why it fails."""
    section = with_capacity(section, result.estimate, answer.query.capacity)
    return compared_with_own(diagnosed(section, result), result)


def _with_remarks(section: Section, remarks: Sequence[str]) -> Section:
    """What was left out of the question or not understood, said at once: below the tables nobody would see it."""
    return replace(section, verdict=" ".join((section.verdict, *(f"Note: {each}." for each in remarks))))


# -- one model on one machine ---------------------------------------------------------------------------------------


def result_section(result: Result) -> Section:
    """The section of one result."""
    found = result.estimate
    tables = [*_change_tables(result.alternatives), _memory_table(found)]
    if found.fits and found.request.spec.generates:
        tables += [_speed_table(found), *_cost_tables(found)]
    elif found.fits:
        tables.append(Table("Speed (80 % band)", (("One input, encoded", _span(found.ttft)),)))
    tables.append(_model_table(found))
    return Section(
        heading=heading(found),
        mood="yes" if found.fits else "no",
        verdict=verdict(found),
        tables=tuple(tables),
        notes=tuple(_notes(result.model, found, result.notes)),
        commands=_commands(found),
    )


def machine_name(found: Estimate) -> str:
    """A machine as people write it: 8× h100-sxm-80gb."""
    return f"{found.request.gpus}× {found.request.gpu.id}"


def heading(found: Estimate) -> str:
    """Model, machine, format and context on one line."""
    context = say.tokens(found.request.load.context_tokens)
    return f"{found.request.spec.repo_id} on {machine_name(found)}, {found.plan.name}, {context} context"


def verdict(found: Estimate) -> str:
    """Yes or no and the margin, in one sentence."""
    memory = found.memory
    if not found.fits:
        return (
            f"Does not fit: each GPU needs {say.gib(memory.required_bytes)} and has {say.gib(memory.usable_bytes)} "
            f"to use, short by {say.gib(memory.shortfall_bytes)}."
        )
    if not found.request.spec.generates:
        free = say.gib(max(0.0, memory.free_bytes))
        return f"Fits: an encoder, which keeps no KV cache; {free} of {say.gib(memory.usable_bytes)} stay free."
    asked = found.request.load.concurrency
    held = say.count(found.max_concurrency)
    context = say.tokens(found.request.load.context_tokens)
    if asked is not None and found.max_concurrency < asked:
        return f"Fits, but holds {held} of {asked:,} requests at {context} at once; the others wait."
    noun = "request" if held == "1" else "requests"
    return f"Fits: room for {held} {noun} of {context} at once, {say.gib(memory.kv_pool_bytes)} of KV cache per GPU."


def _commands(found: Estimate) -> tuple[tuple[str, str], ...]:
    return tuple((launch_title(found), command) for command in launch_commands(found).values())


def _change_tables(changes: tuple[Alternative, ...]) -> Iterator[Table]:
    if changes:
        columns = ("Change", "Machine", "Weights", "Context", "Per GPU", "TPOT", "$/hour")
        yield Table("What would work", tuple(_change_row(change) for change in changes), columns)


def _change_row(change: Alternative) -> tuple[str, ...]:
    found = change.estimate
    cost = found.cost
    stored = _format_name(found.plan.name)
    stored += "" if found.cache_format in {"bf16", "fp16"} else f", KV {found.cache_format}"
    return (
        CHANGES[change.change],
        machine_name(found),
        stored,
        say.tokens(change.request.load.context_tokens),
        f"{say.gib(found.memory.required_bytes)} of {say.gib(found.memory.usable_bytes)}",
        say.seconds(found.tpot.value),
        say.usd(cost.usd_per_hour.median) if cost else "no price",
    )


def _format_name(name: str) -> str:
    """A format with the names that people know it by."""
    return {"int4": "int4 (AWQ)", "nf4": "nf4 (bnb)"}.get(name, name)


def _memory_table(found: Estimate) -> Table:
    memory = found.memory
    context = say.tokens(found.request.load.context_tokens)
    cache = [(f"KV cache of one request ({context})", say.gib(memory.sequence_bytes))]
    rows = [
        ("Weights", say.gib(memory.weights_bytes)),
        *(cache if found.request.spec.generates else ()),
        ("Activations", say.gib(memory.activation_bytes)),
        ("Engine and communication", say.gib(memory.overhead_bytes)),
        ("Usable", f"{say.gib(memory.usable_bytes)} of {say.gib(memory.capacity_bytes)}"),
    ]
    where = "Memory on the GPU"
    if found.request.gpus > 1:
        copies = f", {found.replicas} replicas" if found.replicas > 1 else ""
        where = f"Memory on the fullest of {found.request.gpus} GPUs ({found.layout}{copies})"
    return Table(where, tuple(rows))


def _span(interval: Interval) -> str:
    return f"{say.seconds(interval.value)} ({say.seconds(interval.low)} to {say.seconds(interval.high)})"


def _speed_table(found: Estimate) -> Table:
    rate, per_request = found.throughput, found.tpot.inverse
    spread = f"{say.rate(rate.low)} to {say.rate(rate.high)}"
    best = found.sweet_spot
    spot = f"{best.batch:,}" if best.batch is not None else f"none: {best.reason}"
    asked = found.request.load.concurrency
    load = "one request alone" if asked is None else f"{asked:,} at once"
    rows = (
        ("Time to first token (TTFT)", _span(found.ttft)),
        ("Time per token (TPOT)", _span(found.tpot)),
        (
            "Tokens/s for each request",
            f"{say.rate(per_request.value)} ({say.rate(per_request.low)} to {say.rate(per_request.high)})",
        ),
        (
            f"Tokens/s of the machine, {say.count(found.concurrency)} at once on their mean length",
            f"{say.rate(rate.value)} ({spread})",
        ),
        ("Bound by", found.bound),
        ("Roofline TPOT, uncalibrated", say.seconds(found.roofline_tpot_s)),
        ("Sweet-spot batch", spot),
    )
    return Table(f"Speed, {load} (80 % band)", rows)


def _cost_tables(found: Estimate) -> Iterator[Table]:
    cost = found.cost
    if cost is None:
        return
    hour, out, into = cost.usd_per_hour, cost.usd_per_mtok_output, cost.usd_per_mtok_input
    rows: tuple[tuple[str, str], ...] = (
        ("Machine, per hour", f"{say.usd(hour.median)} ({say.usd(hour.low)} to {say.usd(hour.high)})"),
        (
            "Million output tokens, their prompts included",
            f"{say.usd(out.median)} ({say.usd(out.low)} to {say.usd(out.high)})",
        ),
        ("Million input tokens alone", f"{say.usd(into.median)} ({say.usd(into.low)} to {say.usd(into.high)})"),
    )
    energy = energy_of(found)
    if energy is not None:
        bound = f"{energy.kwh_per_mtok_output:,.2f} kWh out, {energy.kwh_per_mtok_input:,.3f} kWh in"
        rows += (("Energy of a million tokens, at most (rated power)", bound),)
    yield Table(f"Cost, prices of {cost.prices_as_of}", rows)


def _model_table(found: Estimate) -> Table:
    spec = found.request.spec
    rows = [
        ("Parameters", _parameters(spec)),
        ("Weights", f"{say.gb(spec.weight_bytes(found.plan))} in {found.plan.name}"),
        *([("KV per token on each GPU", _cache(found))] if spec.generates else ()),
        (_longest_label(found), say.tokens(found.max_context_tokens) if found.max_context_tokens else "none"),
        ("Tier", found.tier),
    ]
    if spec.window_elements_per_sequence:
        rows.append(("KV windows of a sequence", f"{say.megabytes(2 * spec.window_elements_per_sequence)} in 16 bit"))
    if spec.state_bytes_engine:
        rows.append(("Recurrent state of a sequence", say.megabytes(spec.state_bytes_engine)))
    return Table("Model", tuple(rows))


def _longest_label(found: Estimate) -> str:
    asked = found.request.load.concurrency
    return "Longest context that fits" if not asked or asked == 1 else f"Longest context for {asked:,} at once"


def _parameters(spec: ModelSpec) -> str:
    total = say.parameters(spec.total_parameters)
    if spec.routed_parameters == 0:
        return total
    active, without = spec.active_parameters, spec.active_parameters_without_embedding
    return f"{total}, {say.parameters(active)} active ({say.parameters(without)} without the input embedding)"


def _cache(found: Estimate) -> str:
    billed, least = found.memory.cache_bytes_per_token, found.memory.layout_bytes_per_token
    said = say.bytes_per_token(billed)
    if abs(billed - least) > 1:
        said += f" as {found.engine.name} bills it, {say.bytes_per_token(least)} by the layout"
    return f"{said}, {found.cache_format}"


def _notes(model: LoadedModel, found: Estimate, notes: tuple[str, ...]) -> Iterator[Notes]:
    warnings = (*notes, *model.warnings, *(said for said in found.warnings if said != IF_IT_FITTED))
    if warnings:
        yield Notes("Mind", warnings)
    yield Notes("Assumed", found.assumptions)
    remarks = tuple(reason.text for reason in reasons(found) if reason.verdict == "costs" and reason.about != "format")
    if remarks:
        yield Notes("Split", remarks)
    obstacle = launch_obstacle(found)
    if found.fits and obstacle:
        yield Notes("No command to start it", (obstacle,))
    yield Notes("Model read as", (model.read_as,))


def methods_section(result: Result) -> Section:
    """The published methods on the machine of one result, each with where it is wrong."""
    found, rows = result.estimate, compare(result)
    own = (
        ("weights on the fullest GPU", say.gib(found.memory.weights_bytes)),
        ("cache of one request", say.gib(found.memory.sequence_bytes)),
        ("TTFT", say.seconds(found.ttft.value)),
        ("TPOT", say.seconds(found.tpot.value)),
        ("uncalibrated roofline TPOT", say.seconds(found.roofline_tpot_s)),
    )
    tables = (Table("hubgauge", own), *(Table(row.name, tuple(_figures(row))) for row in rows))
    notes = tuple(Notes(f"{row.name} is wrong where", row.where_wrong) for row in rows)
    verdict = "The whole estimate first, then each published method by its own formulas."
    return Section(heading=heading(found), mood="note", verdict=verdict, tables=tables, notes=notes)


METHOD_FIGURES = (
    "weights",
    "kv_cache",
    "ttft",
    "prefill_latency",
    "latency_s",
    "token_latency",
    "crossover",
    "optimal",
)
"""Figures of a method worth a line, by the beginning of their keys; JSON has all of them."""


def _figures(row: Compared) -> list[tuple[str, str]]:
    shown = (*METHOD_FIGURES, "bound", "tier")
    return [(key, _figure(value)) for key, value in row.figures.items() if key.startswith(shown)]


def _figure(value: object) -> str:
    if value is None:
        return "none"
    return f"{value:,.6g}" if isinstance(value, float | int) else str(value)


def explained_section(result: Result) -> Section:
    """How each figure of one result comes about."""
    found = result.estimate
    tables: tuple[Table, ...] = tuple(
        Table(
            part.title,
            tuple((f"{line.symbol} = {line.result}", f"{line.formula}: {line.numbers}") for line in part.lines),
        )
        for part in explain(found)
    )
    return Section(
        heading=heading(found),
        mood="yes" if found.fits else "no",
        verdict=verdict(found),
        tables=(*tables, _legality_table(found)),
        notes=tuple(_notes(result.model, found, result.notes)),
    )


def _legality_table(found: Estimate) -> Table:
    """The format on the card and every part of the split; then the tensor degrees that cannot be."""
    rows = [(reason.about, reason.text) for reason in reasons(found)]
    rows += [(f"not TP{degree.tensor}", "; ".join(degree.reasons)) for degree in ruled_out(found)]
    return Table("Format and split", tuple(rows))


# -- models for a machine -------------------------------------------------------------------------------------------


def pick_section(answer: Answer) -> Section:
    """The bundled models that one machine holds, ranked."""
    results, word = answer.results, PICK_WORDS[answer.order]
    first = results[0].estimate
    columns = ("Model", "Parameters", "Weights", "Requests at once", "TPOT", "Tokens/s each")
    rows = tuple(_pick_row(result.estimate) for result in results)
    context, name = say.tokens(first.request.load.context_tokens), first.request.spec.repo_id
    return Section(
        heading=f"{machine_name(first)}, {context} context",
        mood="yes",
        verdict=f"The {word} bundled model that fits is {name} in {_format_name(first.plan.name)}.",
        tables=(Table(f"Models that fit, {word} first", rows, columns),),
        notes=(
            Notes("Mind", ("only bundled models were tried; system memory is not counted",)),
            Notes("Assumed", first.assumptions),
        ),
    )


def _pick_row(found: Estimate) -> tuple[str, ...]:
    spec = found.request.spec
    total = say.parameters(spec.total_parameters)
    if spec.routed_parameters:
        total += f", {say.parameters(spec.active_parameters)} active"
    return (
        spec.repo_id,
        total,
        _format_name(found.plan.name),
        say.count(found.max_concurrency),
        say.seconds(found.tpot.value),
        say.rate(1 / found.tpot.value),
    )


# -- machines for a model -------------------------------------------------------------------------------------------


def recommendation_section(found: Recommendation) -> Section:
    """The section that lists machines for one model."""
    spec = found.model.spec
    if not found.machines:
        return Section(
            heading=spec.repo_id,
            mood="no",
            verdict=f"No machine to offer: {'; '.join(found.notes)}.",
            notes=(Notes("Model read as", (found.model.read_as,)),),
        )
    best = found.machines[0]
    columns = ("Machine", "Split", "Per GPU", "Requests at once", "TTFT", "TPOT", "$/hour")
    table = Table(
        f"Machines, {ORDER_WORDS[found.order]} first",
        tuple(_machine_row(machine) for machine in found.machines),
        columns,
    )
    context = say.tokens(best.request.load.context_tokens)
    return Section(
        heading=f"{spec.repo_id}, {best.plan.name}, {context} context",
        mood="yes",
        verdict=f"The {ORDER_WORDS[found.order]} machine that holds it is {machine_name(best)} ({best.layout}).",
        tables=(table, _model_table(best)),
        notes=tuple(_notes(found.model, best, found.notes)),
        commands=_commands(best),
    )


def _machine_row(found: Estimate) -> tuple[str, ...]:
    return (
        machine_name(found),
        str(found.layout),
        f"{say.gib(found.memory.required_bytes)} of {say.gib(found.memory.usable_bytes)}",
        say.count(found.max_concurrency),
        say.seconds(found.ttft.value),
        say.seconds(found.tpot.value),
        say.usd(found.cost.usd_per_hour.median) if found.cost else "no price",
    )
