#!/usr/bin/env python3
"""Makes the data of the benches: the log of an MCP tool server, the same bytes on every machine.

usage: gen.py docker|exported|plain OUT BYTES

docker    Docker's json-file, as the engine writes it
exported  lines of JSON, as `mcpp logs` exports them
plain     the messages alone

Writes OUT and OUT.truth.json, which holds every count that a run over OUT must come to.

Of the lines 55 % are text, 25 % JSON, 15 % tool lines and 5 % stack traces of 2 to 8 KiB on one line. Escapes follow the
engine's writer: `<`, `>` and `&` as \\u00XX, control characters as \\u00XX except \\n and \\r, times with trailing zeros cut.
"""

import json
import random
import sys
import time

SEED = 20250127
TOOLS = ["read_file", "write_file", "list_directory", "search_files", "execute_command", "fetch_url", "git_status",
         "git_diff", "query_database", "create_issue", "send_message", "get_weather"]
TOOL_WEIGHTS = [30, 14, 12, 10, 9, 7, 5, 4, 4, 2, 2, 1]
ERRORS = ["ENOENT", "EACCES", "ETIMEDOUT", "EPERM", "invalid_arguments", "upstream 502"]
MODULES = ["server", "transport", "session", "router", "auth", "http"]
MESSAGES = [
    "request id=%s ok", "request id=%s accepted method=tools/list", "session %s initialized protocol=2024-11-05",
    "GET /sse?session=%s HTTP/1.1 200 OK", "POST /messages/?session_id=%s 202 Accepted in 3ms",
    "ping <- client %s & pong ->", "processing request of type CallToolRequest id=%s",
    'resource "file:///srv/data/%s.json" read', "cache hit key=%s ttl=300",
    'client %s disconnected: "connection reset"',
]
PATHS = ["/a/b", "/srv/app/config.yaml", "/home/user/projects/demo/src/main.rs", "/etc/hosts",
         "/var/data/2025/01/report.csv", "/srv/docs/Gr\u00fc\u00dfe/\u6587\u6863.md"]
FRAMES = [
    'File "/usr/lib/python3.12/site-packages/mcp/server/lowlevel/server.py", line %d, in _handle_request',
    'File "/usr/lib/python3.12/asyncio/tasks.py", line %d, in wait_for',
    'File "/app/src/tools/filesystem.py", line %d, in read_file',
    'File "/usr/lib/python3.12/site-packages/anyio/_backends/_asyncio.py", line %d, in run_sync_in_worker_thread',
    "\tat com.example.mcp.ToolDispatcher.dispatch(ToolDispatcher.java:%d)",
    "\tat io.netty.channel.AbstractChannelHandlerContext.<init>(AbstractChannelHandlerContext.java:%d)",
]


class Server:
    """The lines that a server prints: (message, kind, level, what of a tool, tool, duration, time in ns)."""

    def __init__(self):
        r = self.random = random.Random(SEED)
        self.ids = ["".join(r.choices("0123456789abcdef", k=12)) for _ in range(65536)]
        self.sessions = ["".join(r.choices("0123456789abcdef", k=32)) for _ in range(512)]
        self.durations = ["%.4f" % min(r.lognormvariate(-3.5, 1.2), 60.0) for _ in range(32768)]
        self.tools = r.choices(TOOLS, TOOL_WEIGHTS, k=16384)
        self.ns = 1737996450 * 10**9 + 123456789
        self.second = -1
        self.traces = []
        for _ in range(2000):
            length = r.randint(2048, 7900)
            text = "Traceback (most recent call last):"
            while len(text) < length:
                text += " | " + r.choice(FRAMES) % r.randint(10, 2400)
            self.traces.append(text[:length] + " | FileNotFoundError: [Errno 2] No such file or directory: '%s'")

    def line(self):
        rnd = self.random.random

        def pick(items):
            return items[int(rnd() * len(items))]

        self.ns += int(rnd() * 4_000_000) + 1000
        ns = self.ns
        second, fraction = divmod(ns, 10**9)
        if second != self.second:
            self.second = second
            utc = time.gmtime(second)
            self.text_time = time.strftime("%Y-%m-%d %H:%M:%S", utc)
            self.iso_time = time.strftime("%Y-%m-%dT%H:%M:%S", utc)
        milli = fraction // 10**6
        request = pick(self.ids)
        kind, part = rnd(), rnd()
        if kind < 0.55:
            level = "INFO" if part < 0.85 else "WARN" if part < 0.92 else "DEBUG" if part < 0.97 else "ERROR"
            which = int(rnd() * 60)
            text = MESSAGES[which % 10] % request
            message = "%s,%03d %s %s: %s" % (self.text_time, milli, level, MODULES[which % 6], text)
            return message, "text", level, None, None, None, ns
        tool = pick(self.tools)
        if kind < 0.80:
            what = duration = None
            if part < 0.50:
                level = "INFO" if rnd() < 0.8 else "DEBUG"
                text, what = "tool_call: %s id=%s" % (tool, request), "call"
            elif part < 0.65:
                level = "INFO" if rnd() < 0.9 else "WARN"
                duration = pick(self.durations)
                text, what = "tool_duration: %s %ss" % (tool, duration), "duration"
            elif part < 0.75:
                level = "ERROR"
                text, what = "tool_error: %s %s" % (tool, pick(ERRORS)), "error"
            else:
                v = rnd()
                level = "INFO" if v < 0.6 else "WARN" if v < 0.85 else "DEBUG" if v < 0.97 else "ERROR"
                text = pick(MESSAGES) % request
            message = (
                '{"timestamp":"%s.%03dZ","level":"%s","message":%s,"logger":"mcp.%s","request_id":"%s","session":"%s",'
                '"attempt":%d,"elapsed_ms":%.3f}'
                % (self.iso_time, milli, level, json.dumps(text), pick(MODULES), request, pick(self.sessions),
                   int(rnd() * 4), rnd() * 250)
            )
            return message, "json", level, what, tool if what else None, duration, ns
        if kind < 0.95:
            if part < 0.5:
                return 'tool_call: %s {"path":"%s"}' % (tool, pick(PATHS)), "tool", "INFO", "call", tool, None, ns
            if part < 0.9:
                duration = pick(self.durations)
                return "tool_duration: %s %ss" % (tool, duration), "tool", "INFO", "duration", tool, duration, ns
            return "tool_error: %s %s" % (tool, pick(ERRORS)), "tool", "ERROR", "error", tool, None, ns
        trace = pick(self.traces) % pick(PATHS)
        return "%s,%03d ERROR server: %s" % (self.text_time, milli, trace), "long", "ERROR", None, None, None, ns


GO = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}
quoted = json.JSONEncoder(ensure_ascii=False).encode


def quoted_by_go(text):
    text = quoted(text)
    if "<" in text or ">" in text or "&" in text:
        text = text.translate(GO)
    return text.replace("\\t", "\\u0009") if "\\t" in text else text


def nanoseconds(iso, fraction):
    digits = ("%09d" % fraction).rstrip("0")
    return iso + ("." + digits if digits else "") + "Z"


def main():
    if len(sys.argv) != 4 or sys.argv[1] not in ("docker", "exported", "plain"):
        sys.exit(__doc__)
    mode, out, limit = sys.argv[1], sys.argv[2], int(float(sys.argv[3]))
    server = Server()
    lines = size = stored = stdout = 0
    kinds, levels, json_levels, tools = {}, {}, {}, {}
    kept = {"w2a": [0, 0], "w2b": [0, 0]}  # lines, bytes of their messages
    durations = []
    by_tool = {}

    def count(counts, key):
        counts[key] = counts.get(key, 0) + 1

    with open(out, "wb", buffering=1 << 20) as file:
        while size < limit:
            message, kind, level, what, tool, duration, ns = server.line()
            stderr = level == "ERROR" and kind in ("text", "long", "tool")
            stream = "stderr" if stderr else "stdout"
            if mode == "docker":
                log = quoted_by_go(message + "\n")
                stored += len(log.encode()) - 4
                line = '{"log":%s,"stream":"%s","time":"%s"}\n' % (log, stream,
                                                                  nanoseconds(server.iso_time, ns % 10**9))
            elif mode == "exported":
                line = (
                    '{"timestamp":"%s.%03dZ","level":"%s","deployment":"mcp-server-%d","container":"mcp-%s",'
                    '"stream":"%s","message":%s}\n'
                    % (server.iso_time, ns % 10**9 // 10**6, level, ns % 3, "abcdef0123456789"[ns % 16] * 4, stream,
                       quoted(message))
                )
            else:
                line = message + "\n"
            line = line.encode()
            file.write(line)
            lines += 1
            size += len(line)
            stdout += not stderr
            count(kinds, kind)
            count(levels, level)
            if kind == "json":
                count(json_levels, level)
            if level in ("ERROR", "WARN"):
                if kind == "json":
                    text = json.loads(message)["message"]
                    for work in ("w2a", "w2b"):
                        kept[work][0] += 1
                        kept[work][1] += len(text.encode())
                elif kind != "tool":
                    # The head, `2025-01-27 16:47:30,123 ERROR server: `, is not part of the message.
                    text = message.split(": ", 1)[1]
                    kept["w2b"][0] += 1
                    kept["w2b"][1] += len(text.encode())
            if what:
                count(tools, what + ":" + tool)
                if duration:
                    durations.append(float(duration))
                    by_tool.setdefault(tool, []).append(float(duration))
    durations.sort()

    def percentile(part):
        return durations[int(part * (len(durations) - 1))] if durations else None

    def of_tool(values):
        values.sort()
        return {"p50_ms": values[(len(values) + 1) // 2 - 1] * 1000, "max_ms": values[-1] * 1000}

    truth = {
        "lines": lines, "bytes": size, "stored_message_bytes": stored, "stdout": stdout, "stderr": lines - stdout,
        "kind": kinds, "level": levels, "json_level": json_levels, "tool": tools,
        "w2a_lines": kept["w2a"][0], "w2a_message_bytes": kept["w2a"][1],
        "w2b_lines": kept["w2b"][0], "w2b_message_bytes": kept["w2b"][1],
        "w3_events": sum(tools.values()), "durations": len(durations), "duration_sum": round(sum(durations), 4),
        "p50": percentile(0.50), "p95": percentile(0.95), "p99": percentile(0.99),
        "tool_durations": {tool: of_tool(values) for tool, values in by_tool.items()},
    }
    with open(out + ".truth.json", "w") as file:
        json.dump(truth, file, indent=1)
    print(out, lines, "lines", size, "bytes")


main()
