"""``python -m mcp_platform ARGS…`` is ``mcpp ARGS…``.

mcpp is the program that the variable MCPP_BIN names, else the one on PATH. Standard input and output, signals and the
exit code are mcpp's own, since it takes the place of this process.
"""

import os
import shutil
import subprocess
import sys


def main() -> int:
    program = os.environ.get("MCPP_BIN") or shutil.which("mcpp")
    if not program:
        print("mcp_platform: mcpp is not on PATH; install it, or name it with MCPP_BIN", file=sys.stderr)
        return 127
    command = [program, *sys.argv[1:]]
    try:
        if os.name == "posix":
            os.execv(program, command)
        return subprocess.call(command)
    except OSError as error:
        print(f"mcp_platform: cannot start {program}: {error.strerror}", file=sys.stderr)
        return 126


if __name__ == "__main__":
    sys.exit(main())
