# SPDX-License-Identifier: Apache-2.0
"""pages.py PENSTOCK VERSION EPOCH FOLDER: writes the manual's pages, penstock.8, one a command and penstock.yaml.5.

Of commands they say what the command's own --help says; of the configuration what docs/configuration.md does, whose tables are made of the model.
"""

import datetime
import pathlib
import re
import subprocess
import sys

CONFIGURATION = pathlib.Path(__file__).parents[2] / "docs/configuration.md"
FILES = [
    ("/etc/penstock/penstock.yaml, /etc/penstock/conf.d/*.yaml", "The configuration, penstock.yaml(5)."),
    ("/etc/penstock/tls", "A place for keys, which root and the daemon's group may read."),
    ("/run/penstock/admin.sock", "The daemon's admin socket. Members of the group penstock may use it."),
    ("/var/lib/penstock", "What the daemon keeps over restarts."),
    ("/var/log/penstock", "A place for access logs, which logrotate(8) looks after."),
    ("/sys/fs/bpf/penstock", "What the L4 tier has in the kernel."),
]


def escape(text):
    """Plain text, as roff has it."""
    return text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga").replace("^", "\\(ha").replace("~", "\\(ti")


def line(text):
    """A line of text that is no request."""
    return "\\&" + text if text.startswith((".", "'")) else text


def inline(text):
    """Markdown within a line: code and emphasis are set off, of links the words stay."""
    parts = []
    for number, part in enumerate(text.split("`")):
        if number % 2:
            parts.append(f"\\fB{escape(part)}\\fR")
        else:
            part = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", part)
            parts.append(re.sub(r"(?<!\w)\*([^*]+)\*(?!\w)", r"\\fI\1\\fR", escape(part)))
    return line("".join(parts))


def verbatim(lines):
    return [".PP", ".RS 4", ".nf", *(line(escape(text)) for text in lines), ".fi", ".RE"]


def cells(row):
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", row.strip().strip("|"))]


def table(rows):
    """Keys as a list: a name, what it takes, what it means. Another table: a line each, its first column in front."""
    head, *body = [cells(row) for row in rows if not re.fullmatch(r"[|\s:-]+", row)]
    for row in body:
        named = dict(zip(head, row))
        yield ".TP"
        yield inline(row[0])
        if "key" not in named:
            yield inline("; ".join(cell for cell in row[1:] if cell))
            continue
        default = named["default"]
        yield inline(f"{named['type']}; " + ("required" if default == "**required**" else f"default {default}" if default else "no default") + f"; since {named['since']}.")
        yield ".br"
        yield inline(named["meaning"])
        if named["example"]:
            yield ".br"
            yield inline(f"Example: {named['example']}")


def markdown(text):
    """The roff of a document of headings, paragraphs, lists, tables and blocks of code."""
    lines = text.split("\n")
    while lines:
        first = lines.pop(0)
        if first.startswith("```"):
            end = lines.index("```")
            yield from verbatim(lines[:end])
            lines = lines[end + 1:]
        elif first.startswith("## "):
            yield f".SH {inline(first[3:]).upper()}"
        elif first.startswith("### "):
            yield f'.SS "{inline(first[4:])}"'
        elif first.startswith("|"):
            rows = [first]
            while lines and lines[0].startswith("|"):
                rows.append(lines.pop(0))
            yield from table(rows)
            yield ".PP"
        elif first.startswith("- "):
            yield ".IP \\(bu 2"
            yield inline(first[2:])
        elif first.startswith("  ") and first.strip():
            yield inline(first.strip())
        else:
            yield inline(first) if first else ".PP"


def page(name, section, title, date, version, body):
    lines = [f'.TH {name.upper()} {section} "{date}" "Penstock {version}" "Penstock"', ".SH NAME", f"{escape(name)} \\- {escape(title)}", *body]
    kept = []
    for number, text in enumerate(lines):
        following = next((after for after in lines[number + 1:] if after != ".PP"), ".SH")
        before = kept[-1] if kept else ""
        # A paragraph begins once, and not where something else does.
        if text == ".PP" and (before.startswith((".PP", ".SH", ".SS")) or following.startswith((".SH", ".SS", ".IP", ".TP"))):
            continue
        kept.append(text)
    return "\n".join(kept) + "\n"


class Help:
    """What `penstock WORDS --help` says, by section."""

    def __init__(self, program, words):
        self.words = words
        text = subprocess.run([program, *words, "--help"], check=True, capture_output=True, text=True).stdout
        self.sections = {}
        for part in re.split(r"^(?=\S.*:$)", text, flags=re.MULTILINE):
            if part.strip():
                title, *lines = part.strip("\n").split("\n")
                self.sections[title.rstrip(":")] = [one.strip() for one in lines if one.strip()]

    @property
    def name(self):
        return "-".join(["penstock", *self.words])

    @property
    def description(self):
        return " ".join(self.sections["Description"])

    @property
    def title(self):
        """The first sentence, up to a colon unless too little is before it, as a name's line has it."""
        first = re.split(r"(?<=[a-z])\. ", self.description)[0].rstrip(".")
        before = first.split(": ")[0]
        short = before if len(before.split()) > 4 or not self.words else first
        return short[0].lower() + short[1:] if self.words else short.removeprefix("Penstock, ")

    def entries(self, title):
        """Pairs of the two columns of a section."""
        return [re.split(r"\s{2,}", one, maxsplit=1) for one in self.sections.get(title, [])]

    @property
    def commands(self):
        """Names of the commands below it, without their arguments, and what they do."""
        return [(name.split()[0], text) for name, text in self.entries("Commands")]

    def body(self, others):
        synopsis = [f"\\fB{escape(one)}\\fR" for one in self.sections["Usage"]]
        yield from [".SH SYNOPSIS", *synopsis, ".SH DESCRIPTION", line(escape(self.description))]
        if "Commands" in self.sections:
            yield ".SH COMMANDS"
            for name, text in self.commands:
                yield from [".TP", f"\\fB{escape('-'.join([self.name, name]))}\\fR(8)", line(escape(text))]
        if "Arguments" in self.sections:
            yield ".SH ARGUMENTS"
            for argument, text in self.entries("Arguments"):
                yield from [".TP", f"\\fI{escape(argument)}\\fR", line(escape(text))]
        yield ".SH OPTIONS"
        for option, text in self.entries("Options"):
            yield from [".TP", f"\\fB{escape(option)}\\fR", line(escape(text))]
        if "Example" in self.sections:
            yield from [".SH EXAMPLE", *verbatim(self.sections["Example"])]
        yield ".SH EXIT STATUS"
        for code, text in (entry.split(" ", 1) for entry in re.split(r"\s{2,}", " ".join(self.sections["Exit codes"]))):
            yield from [".TP", f"\\fB{code}\\fR", escape(text)]
        if not self.words:
            yield ".SH FILES"
            for name, text in FILES:
                yield from [".TP", f"\\fI{escape(name)}\\fR", line(escape(text))]
        yield ".SH SEE ALSO"
        yield ",\n".join(f"\\fB{escape(name)}\\fR({section})" for name, section in others)


def helps(program, words=()):
    """The program's help, and that of every command below."""
    own = Help(program, list(words))
    yield own
    for name, _ in own.commands:
        yield from helps(program, [*words, name])


def main(program, version, epoch, folder):
    date = datetime.datetime.fromtimestamp(int(epoch), datetime.timezone.utc).date().isoformat()
    folder = pathlib.Path(folder)
    for one in helps(program):
        others = [("penstock.yaml", 5)] if not one.words else [("penstock", 8), ("penstock.yaml", 5)]
        (folder / f"{one.name}.8").write_text(page(one.name, 8, one.title, date, version, one.body(others)))
    text = CONFIGURATION.read_text().split("\n", 1)[1]
    body = [".SH DESCRIPTION", *markdown(text), ".SH SEE ALSO", "\\fBpenstock\\fR(8)"]
    (folder / "penstock.yaml.5").write_text(page("penstock.yaml", 5, "configuration of Penstock, a load balancer", date, version, body))


if __name__ == "__main__":
    main(*sys.argv[1:])
