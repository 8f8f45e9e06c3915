"""What people see when they ask for help: what can be asked, by example."""

from bot.question.help import HELP, NOTES
from bot.render.report import Notes, Report, Section, Table


def help_report() -> Report:
    """What can be asked, one table for each kind of question."""
    rows = tuple((entry.title, example) for entry in HELP for example in entry.examples[:2])
    section = Section(
        heading="hubgauge",
        mood="note",
        verdict="Name a model and a machine: will it fit, how fast, at what cost, and if not, what would?",
        tables=(Table("For example", rows),),
        notes=(Notes("Words that are understood", NOTES),),
    )
    return Report(title="hubgauge: name a model and a machine", sections=(section,))
