"""Which processes run, from /proc where there is one: a bare Debian has no `ps`."""

import subprocess
from pathlib import Path

PROC = Path("/proc")


def is_running(process_id: int) -> bool:
    """Whether the process lives; a zombie that nobody waited for does not."""
    try:
        state = _after_name(process_id)[0]
    except FileNotFoundError:
        if (PROC / "self" / "stat").exists():
            return False
        state = _ps("stat=", process_id)
    except ProcessLookupError:
        return False
    return bool(state) and not state.startswith(("Z", "X"))


def children_of(parent: int) -> dict[int, str]:
    """The command line of each child of a process, by its id."""
    if not (PROC / "self" / "stat").exists():
        lines = _ps("pid=,ppid=,args=").splitlines()
        rows = [line.split(None, 2) for line in lines if len(line.split()) > 2]
        return {int(row[0]): row[2] for row in rows if int(row[1]) == parent}
    found = {}
    for process in PROC.glob("[0-9]*"):
        try:
            if int(_after_name(int(process.name))[1]) == parent:
                command = (process / "cmdline").read_text(errors="replace")
                found[int(process.name)] = command.replace("\0", " ").strip()
        except OSError:
            continue  # it ended meanwhile
    return found


def _after_name(process_id: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on; the name before may hold anything."""
    text = (PROC / str(process_id) / "stat").read_text(errors="replace")
    return text.rpartition(")")[2].split()


def _ps(columns: str, process_id: int | None = None) -> str:
    which = ["-A"] if process_id is None else ["-p", str(process_id)]
    done = subprocess.run(
        ["ps", *which, "-o", columns], capture_output=True, text=True, check=False
    )
    return done.stdout.strip()
