"""The command line. It starts in a blink: each command's file is imported when that command is called, and whatever is
heavy by the body that needs it. The music is made by the daemon; here its clients are."""

from __future__ import annotations

import sys

try:
    import io
    from collections.abc import Sequence
    from importlib import import_module

    import click

    from core.errors import Cancelled, HitpointError, WrongUse
except KeyboardInterrupt:  # Ctrl-C in the first moments, of which imports are the most
    sys.exit(6)

COMMANDS = (
    *("score", "reroll", "takes", "export", "engines", "jobs", "cancel", "watch", "daemon"),
    *("options", "install", "uninstall", "doctor"),
)
"""In the order of the help; each is a function of that name in the file of that name."""
HIDDEN = ("host",)
"""Called by scripts alone."""


class Commands(click.Group):
    """Commands that are found by name in `daemon.commands`."""

    def list_commands(self, _: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS + HIDDEN:
            return None
        command: click.Command = getattr(import_module(f"daemon.commands.{name}"), name)
        return command


@click.command(
    cls=Commands,
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


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave the process with the exit code that fits (see `core.errors`)."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        _print_anything()
        hitpoint.main(words, prog_name="hitpoint", standalone_mode=False)
    except (click.Abort, KeyboardInterrupt):
        _fail(Cancelled("Interrupted", do="`hitpoint jobs` shows what still runs."), words)
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
    from daemon.commands.output import error_line, plain

    if "--json" in words:
        click.echo(error_line(error))
    click.echo(f"hitpoint: {plain(str(error))}", err=True)
    sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
