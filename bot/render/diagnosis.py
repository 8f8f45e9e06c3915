"""What is said of a set-up that does not start, of a figure that was measured, and of what most is asked."""

from collections.abc import Sequence
from dataclasses import replace

from bot import humanize as say
from bot.answer import Result
from bot.diagnose import Diagnosis
from bot.question.query import Capacity
from bot.render.report import Notes, Section, Table
from estimator.estimation import Estimate


def diagnosed(section: Section, result: Result) -> Section:
    """The section with the diagnosis first: why, the smallest change, the corrected line; then the figures."""
    found = result.diagnosis
    if found is None:
        return section
    commands = section.commands
    if found.fix is not None:
        command = found.fix.command
        commands = ((f"{found.fix.found.engine.name}, with {found.fix.words}", command),) if command else ()
    notes = (Notes("Where the memory goes, and why", found.causes), *section.notes)
    mood = section.mood if found.starts else "no"
    return replace(section, verdict=_diagnosis_verdict(found, section), mood=mood, notes=notes, commands=commands)


def _diagnosis_verdict(found: Diagnosis, section: Section) -> str:
    if found.starts:
        return f"By these figures it should start as it is. {section.verdict}"
    why = f"Cannot start: {found.obstacle}." if found.obstacle else section.verdict
    if found.asked is not None and found.asked.fits:
        slots, held = found.asked.request.load.concurrency, say.count(found.asked.max_concurrency)
        why = f"Cannot start: the cache of all {slots} slots is taken at once, and there is room for {held}."
    if found.fix is None:
        return f"{why} No flag alone makes it fit on this machine."
    return f"{why} The smallest change that works: {found.fix.words}."


def compared_with_own(section: Section, result: Result) -> Section:
    """The section with the asker's own figure judged in the verdict, and what may explain it."""
    own = result.expectation
    if own is None:
        return section
    notes = section.notes
    if own.causes:
        title = "What may slow it down" if own.place == "below" else "What may explain it"
        notes = (Notes(title, own.causes), *notes)
    return replace(section, verdict=f"{own.sentence} {section.verdict}", notes=notes)


def with_capacity(section: Section, found: Estimate, capacity: Capacity | None) -> Section:
    """The section with the figure that was asked for as its verdict: most users, or the longest context."""
    if capacity is None:
        return section
    said = _most_users(found) if capacity == "users" else _longest_context(found)
    return replace(section, verdict=said, mood="yes" if found.fits or found.max_context_tokens else "no")


def _most_users(found: Estimate) -> str:
    context = say.tokens(found.request.load.context_tokens)
    if not found.fits:
        return f"None: not even one request of {context} fits. {_short_by(found)}"
    held, admitted = found.max_concurrency, found.settings.max_num_seqs * found.layout.data * found.replicas
    said = f"{say.count(held)} requests of {context} fit in the cache at once"
    if held > admitted and found.engine.name != "llama.cpp":
        said += f"; the engine admits {admitted:,} unless told otherwise (max_num_seqs)"
    return f"{said}. People who read between answers share them: users at a desk are several times that."


def _longest_context(found: Estimate) -> str:
    longest, asked = found.max_context_tokens, found.request.load.concurrency or 1
    if not longest:
        return f"None: nothing is left for a context. {_short_by(found)}"
    model = found.request.spec.headline.max_position_embeddings
    limit = ", which is the model's own maximum" if longest == model else ""
    each = "for one request" if asked == 1 else f"for each of {asked:,} requests at once"
    return f"{longest:,} tokens is the longest context {each}{limit}."


def _short_by(found: Estimate) -> str:
    return f"Each GPU is short by {say.gib(found.memory.shortfall_bytes)}."


def comparison(results: Sequence[Result]) -> Section | None:
    """Several models or machines side by side; None where there is only one."""
    if len(results) < 2:
        return None
    columns = ("", "Fits", "Per GPU", "Requests at once", "TTFT", "TPOT", "Tokens/s", "$/hour", "$/M out")
    rows = tuple(_row(result.estimate, results) for result in results)
    fitting = [result.estimate for result in results if result.estimate.fits]
    return Section(
        heading=_heading(results),
        mood="note",
        verdict=_winner(fitting, results),
        tables=(Table("Side by side", rows, columns),),
    )


def _heading(results: Sequence[Result]) -> str:
    first = results[0].estimate.request
    models = tuple(dict.fromkeys(result.estimate.request.spec.repo_id for result in results))
    machines = tuple(dict.fromkeys(_machine(result.estimate) for result in results))
    context = f"{say.tokens(first.load.context_tokens)} context"
    if len(models) == 1:
        return f"{models[0]} on {len(machines)} machines, {context}"
    return f"{len(models)} models on {machines[0] if len(machines) == 1 else f'{len(machines)} machines'}, {context}"


def _machine(found: Estimate) -> str:
    return f"{found.request.gpus}× {found.request.gpu.id}"


def _name(found: Estimate, results: Sequence[Result]) -> str:
    """What tells a row from the others: the model, the machine, or both."""
    models = {result.estimate.request.spec.repo_id for result in results}
    machines = {_machine(result.estimate) for result in results}
    parts = [found.request.spec.repo_id] if len(models) > 1 else []
    parts += [_machine(found)] if len(machines) > 1 or not parts else []
    formats = {result.estimate.plan.name for result in results}
    parts += [found.plan.name] if len(formats) > 1 else []
    return ", ".join(parts)


def _row(found: Estimate, results: Sequence[Result]) -> tuple[str, ...]:
    memory = found.memory
    held = f"{say.gib(memory.required_bytes)} of {say.gib(memory.usable_bytes)}"
    if not found.fits:
        return (_name(found, results), "no", held, *["-"] * 6)
    cost = found.cost
    return (
        _name(found, results),
        "yes",
        held,
        say.count(found.max_concurrency),
        say.seconds(found.ttft.value),
        say.seconds(found.tpot.value),
        say.rate(found.throughput.value),
        say.usd(cost.usd_per_hour.median) if cost else "no price",
        say.usd(cost.usd_per_mtok_output.median) if cost else "no price",
    )


def _winner(fitting: Sequence[Estimate], results: Sequence[Result]) -> str:
    """Which is fastest for one request and which is cheapest for a million tokens, among those that fit."""
    if not fitting:
        return "None of them fits."
    if len(fitting) == 1:
        return f"Only {_name(fitting[0], results)} fits."
    fastest = min(fitting, key=lambda found: found.tpot.value)
    said = f"Fastest for each request: {_name(fastest, results)} ({say.seconds(fastest.tpot.value)} per token)"
    priced = [(found.cost.usd_per_mtok_output.median, found) for found in fitting if found.cost]
    if len(priced) > 1:
        price, cheapest = min(priced, key=lambda pair: pair[0])
        said += f"; cheapest for a million tokens at full load: {_name(cheapest, results)} ({say.usd(price)})"
    return f"{said}."
