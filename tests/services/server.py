"""An MCP server with one of FastMCP's own ways to log, chosen by LOGGING; its tools are those that client.py calls."""

import asyncio
import logging
import os

SETTING = os.environ["LOGGING"]

if SETTING == "basicconfig":
    logging.basicConfig(level=logging.INFO)

from fastmcp import FastMCP
from fastmcp.exceptions import ToolError

mcp = FastMCP("server-of-a-test")

if SETTING == "structured":
    from fastmcp.server.middleware.logging import StructuredLoggingMiddleware

    mcp.add_middleware(StructuredLoggingMiddleware(include_payloads=True))
elif SETTING == "structured-nopayload":
    from fastmcp.server.middleware.logging import StructuredLoggingMiddleware

    mcp.add_middleware(StructuredLoggingMiddleware())
elif SETTING == "logging":
    from fastmcp.server.middleware.logging import LoggingMiddleware

    mcp.add_middleware(LoggingMiddleware(include_payloads=True))
elif SETTING == "timing":
    from fastmcp.server.middleware.timing import TimingMiddleware

    mcp.add_middleware(TimingMiddleware())
elif SETTING == "detailed-timing":
    from fastmcp.server.middleware.timing import DetailedTimingMiddleware

    mcp.add_middleware(DetailedTimingMiddleware())
elif SETTING == "errors":
    from fastmcp.server.middleware.error_handling import ErrorHandlingMiddleware

    mcp.add_middleware(ErrorHandlingMiddleware(include_traceback=True))
elif SETTING == "all":
    from fastmcp.server.middleware.error_handling import ErrorHandlingMiddleware
    from fastmcp.server.middleware.logging import StructuredLoggingMiddleware
    from fastmcp.server.middleware.timing import DetailedTimingMiddleware

    mcp.add_middleware(ErrorHandlingMiddleware())
    mcp.add_middleware(DetailedTimingMiddleware())
    mcp.add_middleware(StructuredLoggingMiddleware(include_payloads=True))


@mcp.tool
def search_orders(query: str, limit: int = 10) -> list[str]:
    """Succeeds."""
    return [f"{query} {number}" for number in range(min(limit, 3))]


@mcp.tool
def charge_card(reason: str) -> str:
    """Fails, in two ways."""
    if reason == "declined":
        raise ToolError("card declined: [insufficient funds]")
    try:
        return {"known": "charged"}[reason]
    except KeyError as missing:
        raise ValueError(f"no such reason\nsecond line: {reason}") from missing


@mcp.tool
async def build_report(seconds: float) -> str:
    """Takes its time."""
    await asyncio.sleep(seconds)
    return "done"


mcp.run(transport="http", host="127.0.0.1", port=int(os.environ["PORT"]))
