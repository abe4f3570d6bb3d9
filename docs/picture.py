#!/usr/bin/env python3
"""Draws what a command prints on a terminal as SVG, its last lines: picture.py OUT.svg TITLE -- COMMAND...

    docs/picture.py docs/quickstart.svg 'mcpp run pipelines/quickstart.yaml --once' -- \\
        target/release/mcpp run pipelines/quickstart.yaml --once

The command runs on a real pseudo-terminal (so it colours and wraps as it does for a person); its ANSI colours become
SVG text. Needs nothing but Python."""
import fcntl, html, os, pty, re, select, struct, sys, termios, unicodedata

COLUMNS, ROWS, SHOWN, CELL, LINE = 118, 60, 52, 7.83, 17
PALETTE = ["#45475a", "#f38ba8", "#a6e3a1", "#f9e2af", "#89b4fa", "#f5c2e7", "#94e2d5", "#bac2de"]


def run(command):
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm-256color", COLUMNS=str(COLUMNS), LINES=str(ROWS), TZ="UTC")
        os.environ.pop("NO_COLOR", None)
        os.execvp(command[0], command)
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    out = b""
    while True:
        try:
            select.select([fd], [], [])
            data = os.read(fd, 65536)
        except OSError:
            data = b""
        if not data:
            break
        out += data
    os.waitpid(pid, 0)
    return out.decode("utf-8", "replace")


def colour(codes, style):
    codes = [int(c or 0) for c in codes.split(";")]
    at = 0
    while at < len(codes):
        code = codes[at]
        if code == 0:
            style.clear()
        elif code == 1:
            style["bold"] = True
        elif code == 2:
            style["dim"] = True
        elif code == 7:
            style["inverse"] = True
        elif code == 22:
            style.pop("bold", None), style.pop("dim", None)
        elif code == 27:
            style.pop("inverse", None)
        elif code == 39:
            style.pop("fill", None)
        elif 30 <= code <= 37:
            style["fill"] = PALETTE[code - 30]
        elif 90 <= code <= 97:
            style["fill"] = PALETTE[code - 90]
        elif code == 38 and codes[at + 1 : at + 2] == [5]:
            number = codes[at + 2]
            at += 2
            if number < 16:
                style["fill"] = PALETTE[number % 8]
            elif number < 232:
                number -= 16
                levels = [0, 95, 135, 175, 215, 255]
                style["fill"] = "#%02x%02x%02x" % (levels[number // 36], levels[number // 6 % 6], levels[number % 6])
            else:
                style["fill"] = "#%02x%02x%02x" % ((8 + 10 * (number - 232),) * 3)
        at += 1


def width(text):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in text)


def draw(text, title):
    lines = text.replace("\r\n", "\n").rstrip("\n").split("\n")[-SHOWN:]
    high, wide = len(lines) * LINE + 60, COLUMNS * CELL + 32
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide:.0f}" height="{high}" viewBox="0 0 {wide:.0f} {high}" role="img">',
           f"<title>{html.escape(title)}</title>",
           '<rect width="100%" height="100%" rx="8" fill="#1e1e2e"/>',
           '<circle cx="20" cy="18" r="6" fill="#f38ba8"/><circle cx="40" cy="18" r="6" fill="#f9e2af"/><circle cx="60" cy="18" r="6" fill="#a6e3a1"/>',
           f'<text x="{wide / 2:.0f}" y="22" fill="#a6adc8" font-family="ui-monospace,Menlo,Consolas,DejaVu Sans Mono,monospace" font-size="12" text-anchor="middle">{html.escape(title)}</text>',
           '<g font-family="ui-monospace,Menlo,Consolas,DejaVu Sans Mono,monospace" font-size="13" fill="#cdd6f4" xml:space="preserve">']
    style = {}
    for row, line in enumerate(lines):
        y, x = 52 + row * LINE, 0
        for part in re.split(r"(\x1b\[[0-9;]*m)", line):
            if part.startswith("\x1b["):
                colour(part[2:-1], style)
                continue
            part = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", part)
            if not part:
                continue
            look = f' fill="{style["fill"]}"' if "fill" in style else ""
            look += ' font-weight="bold"' if style.get("bold") else ""
            look += ' opacity="0.6"' if style.get("dim") else ""
            cells = width(part)
            if part.strip():
                out.append(f'<text x="{16 + x * CELL:.1f}" y="{y}" textLength="{cells * CELL:.1f}"{look}>{html.escape(part)}</text>')
            x += cells
    return "\n".join(out + ["</g>", "</svg>"]) + "\n"


def main():
    out, title, dashes, *command = sys.argv[1:]
    assert dashes == "--", __doc__
    with open(out, "w") as file:
        file.write(draw(run(command), title))


main()
