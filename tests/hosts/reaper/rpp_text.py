"""The text of project files: lines of words, and blocks between `<NAME …` and `>`.

A word is bare, or between the first of `"`, `'`, `` ` `` that it does not hold; one that holds all three loses its
backquotes. Words hold no line ends.
"""

from __future__ import annotations

from dataclasses import dataclass, field

_QUOTES = "\"'`"


@dataclass
class Block:
    """A block: the words after `<`, and its lines and blocks. A line is kept as it was written, without its indent."""

    head: list[str]
    body: list[str | Block] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The first word."""
        return self.head[0] if self.head else ""

    def lines(self) -> list[str]:
        """The block as lines, indented by two spaces per level."""
        inner = [f"  {line}" for entry in self.body for line in lines(entry)]
        return [f"<{written(*self.head)}", *inner, ">"]


Entry = str | Block


def lines(entry: Entry) -> list[str]:
    """A line or block as lines."""
    return entry.lines() if isinstance(entry, Block) else [entry]


def key(entry: Entry) -> str:
    """The first word of a line, or the name of a block after `<`."""
    return f"<{entry.name}" if isinstance(entry, Block) else (entry.split(" ", 1)[0] if entry else "")


def words(line: str) -> list[str]:
    """The words of a line, without their quotes."""
    found: list[str] = []
    at = 0
    while at < len(line):
        if line[at] == " ":
            at += 1
            continue
        quote = line[at] if line[at] in _QUOTES else " "
        start = at + (quote != " ")
        end = line.find(quote, start)
        end = len(line) if end < 0 else end
        found.append(line[start:end])
        at = end + 1
    return found


def word(value: object) -> str:
    """A value as a word: numbers without needless digits, texts quoted where they must be."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        return number(value)
    text = str(value).replace("\r", " ").replace("\n", " ")
    if text and " " not in text and text[0] not in _QUOTES + "<>|#;":
        return text
    for quote in _QUOTES:
        if quote not in text:
            return f"{quote}{text}{quote}"
    return f"`{text.replace('`', chr(39))}`"


def number(value: float, digits: int = 14) -> str:
    """A number with at most that many decimals."""
    text = repr(float(value))
    if "e" in text or len(text.partition(".")[2]) > digits:
        text = f"{value:.{digits}f}"
    text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def written(*values: object) -> str:
    """Values as a line of words."""
    return " ".join(word(value) for value in values)


def parse(text: str) -> Block:
    """The outermost block of a text; line ends of both kinds may mix.

    Raises:
        ValueError: there is none, or it does not end.
    """
    stack: list[Block] = []
    for raw in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        line = raw.strip(" \t")
        if line.startswith("<"):
            block = Block(words(line[1:]))
            if stack:
                stack[-1].body.append(block)
            stack.append(block)
        elif line == ">" and stack:
            done = stack.pop()
            if not stack:
                return done
        elif line and stack:
            stack[-1].body.append(line)
    raise ValueError("no complete block in the text")
