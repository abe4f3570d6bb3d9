"""A client of server.py: `client.py PORT…` waits for each server, then makes the same calls to all of them at the same time.

Nine calls: search_orders 4 (one with a wrong argument), build_report 2, charge_card 2 (both fail), refund_order 1 (no such
tool); four of them fail. What the client saw is printed as JSON, a line a server.
"""

import asyncio
import json
import sys

from fastmcp import Client

CALLS = [
    ("search_orders", {"query": "open"}),
    ("build_report", {"seconds": 0.6}),
    ("charge_card", {"reason": "declined"}),
    ("charge_card", {"reason": "stolen"}),
    ("search_orders", {"wrong": 1}),
    ("refund_order", {"order": 7}),
]
TOGETHER = [
    ("build_report", {"seconds": 0.3}),
    ("search_orders", {"query": "late"}),
    ("search_orders", {"query": "returned", "limit": 1}),
]


async def listens(port):
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        except OSError:
            await asyncio.sleep(0.05)


async def drive(port):
    await asyncio.wait_for(listens(port), 60)
    calls, errors = {}, {}

    async def call(tool, arguments):
        calls[tool] = calls.get(tool, 0) + 1
        try:
            await client.call_tool(tool, arguments)
        except Exception:
            errors[tool] = errors.get(tool, 0) + 1

    async with Client(f"http://127.0.0.1:{port}/mcp") as client:
        await client.list_tools()
        for tool, arguments in CALLS:
            await call(tool, arguments)
        await asyncio.gather(*(call(tool, arguments) for tool, arguments in TOGETHER))
    print(json.dumps({"port": port, "calls": calls, "errors": errors}), flush=True)


async def main():
    await asyncio.gather(*(drive(int(port)) for port in sys.argv[1:]))


asyncio.run(main())
