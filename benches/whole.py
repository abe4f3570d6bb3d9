"""Runs the works of whole.sh, checks them and prints their speed. See there."""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(HERE, "..", "bench-data")
TARGET = os.environ.get("CARGO_TARGET_DIR", os.path.join(HERE, "..", "target"))

# MB per CPU-second that a work is to reach on a machine whose yardstick is 908.
GOALS = {"W1": 2000, "W2a": 1000, "W2b": 800, "W3": 2000}
YARDSTICK = 908
# MiB of peak memory.
MEMORY = 40

UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9}


class Wrong(Exception):
    """A run that does not come to the truth."""


def main():
    args = arguments()
    source = args.input or data(args.size)
    with open(source + ".truth.json") as file:
        truth = json.load(file)
    size = os.path.getsize(source) / 1e6
    read_once(source)
    limits = os.path.join(TARGET, "limits", "release", "limits")
    text, yardstick = measured([limits, source], {}, args.runs, lambda text: expect("lines", text.split()[1], truth["lines"]))
    show("yardstick", "serde_json-struct", size, yardstick)
    unit = size / yardstick[0]
    failed = False
    for work in args.works:
        try:
            figures = run(work, source, truth, args.runs)
        except Wrong as wrong:
            print(f"{work} mcpp is wrong: {wrong}", flush=True)
            failed = True
            continue
        goal = GOALS[work] * unit / YARDSTICK
        speed = size / figures[0]
        met = speed >= goal and figures[2] <= MEMORY
        failed |= args.strict and not met
        note = f"goal {goal:.0f} {'met' if met else 'MISSED'}"
        show(work, "mcpp", size, figures, note)
    sys.exit(1 if failed else 0)


def arguments():
    parser = argparse.ArgumentParser(prog="benches/whole.sh")
    parser.add_argument("works", nargs="*", metavar="WORK", help="W1 W2a W2b W3; without one, all")
    parser.add_argument("--input", metavar="FILE", help="a json-file log with FILE.truth.json beside it")
    parser.add_argument("--size", default="1GB", help="size of the data that is made, 1GB by default")
    parser.add_argument("--runs", type=int, default=3, help="runs of each work; their medians are shown")
    parser.add_argument("--strict", action="store_true", help="fail if a goal is missed")
    args = parser.parse_intermixed_args()
    args.works = args.works or list(GOALS)
    for work in args.works:
        if work not in GOALS:
            parser.error(f"no work {work}; there are {' '.join(GOALS)}")
    number = args.size.rstrip("KMGB")
    try:
        args.size = int(float(number) * UNITS[args.size[len(number):] or "B"])
    except (ValueError, KeyError):
        parser.error(f"--size {args.size}: write 20MB or 1GB")
    return args


def data(size):
    os.makedirs(DATA, exist_ok=True)
    path = os.path.normpath(os.path.join(DATA, f"docker-{size // 10**6}MB.log"))
    if not os.path.exists(path + ".truth.json"):
        print(f"making {path}", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, os.path.join(HERE, "gen.py"), "docker", path, str(size)], check=True,
                       stdout=subprocess.DEVNULL)
    return path


def read_once(path):
    """Puts the file into the page cache, so that the first run is like the others."""
    with open(path, "rb", buffering=0) as file:
        while file.read(1 << 20):
            pass


def measured(command, environment, runs, check):
    """Medians of CPU seconds, wall seconds and peak MiB; `check` sees what each run printed."""
    figures = []
    text = ""
    for _ in range(runs):
        out = os.path.join(DATA, "printed")
        os.makedirs(DATA, exist_ok=True)
        with open(out, "w+") as printed:
            began = time.monotonic()
            process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=printed, stderr=printed)
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.monotonic() - began
            process.returncode = os.waitstatus_to_exitcode(status)
            printed.seek(0)
            text = printed.read()
        if process.returncode != 0:
            raise Wrong(f"exit code {process.returncode}: {text[-500:]}")
        check(text)
        figures.append((usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024))
    return text, tuple(statistics.median(column) for column in zip(*figures))


def run(work, source, truth, runs):
    binary = os.path.join(TARGET, "release", "mcpp")
    command = [binary, "run", os.path.join(HERE, work.lower() + ".yaml"), "--once"]
    output = os.path.join(DATA, work + ".ndjson")
    environment = {"INPUT": os.path.abspath(source), "OUTPUT": os.path.abspath(output)}
    checked = []

    def check(text):
        if work == "W1":
            check_sums(text, truth)
        elif work == "W3":
            check_tools(text, truth)
        elif checked:
            expect("bytes written", os.path.getsize(output), checked[0])
        else:
            check_kept(output, work.lower(), truth)
            checked.append(os.path.getsize(output))

    try:
        return measured(command, environment, runs, check)[1]
    finally:
        if os.path.exists(output):
            os.remove(output)


def expect(what, found, truth):
    if str(found) != str(truth):
        raise Wrong(f"{what} {found}, in truth {truth}")


def check_sums(text, truth):
    words = text.split()
    if "events" not in words:
        raise Wrong(f"no sums in {text[-200:]!r}")
    words = words[words.index("events"):]
    found = dict(zip(words[::2], words[1::2]))
    for name, true in [("events", "lines"), ("with_time", "lines"), ("message_bytes", "stored_message_bytes"),
                       ("stdout", "stdout"), ("stderr", "stderr")]:
        expect(name, found.get(name), truth[true])


def check_kept(path, work, truth):
    lines = messages = 0
    levels = {"ERROR": 0, "WARN": 0}
    with open(path, "rb") as file:
        for line in file:
            event = json.loads(line)
            lines += 1
            messages += len(event["message"].encode())
            levels[event["level"]] += 1
    expect("lines", lines, truth[work + "_lines"])
    expect("bytes of messages", messages, truth[work + "_message_bytes"])
    if work == "w2a":
        expect("levels", levels, {level: truth["json_level"].get(level, 0) for level in levels})


def check_tools(text, truth):
    found = {}
    durations = 0
    for tool in json.loads(text[text.index("{"):])["tools"]:
        for what in ("calls", "errors", "durations"):
            if tool.get(what):
                found[what.removesuffix("s") + ":" + tool["tool"]] = tool[what]
        durations += tool.get("durations", 0)
        for name, true in truth["tool_durations"].get(tool["tool"], {}).items():
            # The histogram keeps two significant digits.
            if abs(tool.get(name, 0) - true) > 0.01 * true:
                raise Wrong(f"{tool['tool']}: {name} {tool.get(name)}, in truth {true}")
    expect("tools", sorted(found.items()), sorted(truth["tool"].items()))
    expect("durations", durations, truth["durations"])


def show(work, who, size, figures, note=""):
    cpu, wall, memory = figures
    print(f"{work} {who} {size / cpu:.0f} MB/CPU-s {size / wall:.0f} MB/s {memory:.0f} MiB {note}".rstrip(), flush=True)


main()
