"""The command line. It starts in a blink: whatever is heavy is imported by the command that needs it."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence

import click

from core.errors import HitpointError, WrongUse
from daemon.commands import engines, export, score


@click.group(
    invoke_without_command=True,
    subcommand_metavar="COMMAND [ARGS]...",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="hitpoint", prog_name="hitpoint")
@click.pass_context
def hitpoint(context: click.Context) -> None:
    """Score a timeline range: music in stems that meets the cuts."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


hitpoint.add_command(score.score)
hitpoint.add_command(export.export)
hitpoint.add_command(engines.engines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave the process with the exit code that fits (see `core.errors`)."""
    _print_anything()
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        hitpoint.main(words, prog_name="hitpoint", standalone_mode=False)
    except click.Abort:
        sys.exit(6)
    except click.UsageError as error:
        _fail(_as_wrong_use(error), words)
    except HitpointError as error:
        _fail(error, words)


def _print_anything() -> None:
    """Names that a pipe's encoding cannot hold are printed with escapes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _as_wrong_use(error: click.UsageError) -> WrongUse:
    command = error.ctx.command_path if error.ctx else "hitpoint"
    return WrongUse(error.format_message(), do=f"See `{command} --help`.")


def _fail(error: HitpointError, words: Sequence[str]) -> None:
    """Say the error once on stderr, and as JSON on stdout where a script listens."""
    if "--json" in words:
        from daemon.commands.output import error_line

        click.echo(error_line(error))
    click.echo(f"hitpoint: {error}", err=True)
    sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
