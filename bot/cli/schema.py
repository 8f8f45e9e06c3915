"""`hubgauge schema NAME`: the JSON Schema of an output or a request."""

import json

import click

from bot.schemas import NAMES, json_schema


@click.command("schema")
@click.argument("name", type=click.Choice(NAMES), required=False)
@click.option("--json", "as_json", is_flag=True, help="The output is JSON either way.")
def command(name: str | None, as_json: bool) -> None:
    """Print the JSON Schema of NAME; without it, the names."""
    del as_json  # accepted so that every command takes it
    click.echo(json.dumps(json_schema(name), indent=2) if name else "\n".join(NAMES))
