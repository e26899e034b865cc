"""What a digest costs here beside another checkout: the benchmark of delivery in both, in turns.

    git worktree add ../before COMMIT
    python -m tests.benchmarks.compare_delivery ../before --runs 5 -- --null --subscribers 20000

Runs of one pair follow each other, the order alternating, so that whatever else the machine does
falls on both alike. What is compared is the CPU of all processes, starting them included; modules
are compiled beforehand, as they are where Broadsheet is installed. The other checkout needs an
environment of its own in `.venv`, or a link to this one's.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parents[2]


def measured(checkout: Path, arguments: list[str], environment: dict[str, str]) -> dict[str, Any]:
    """The figures of one run in this checkout."""
    command = [".venv/bin/python", "manage.py", "benchmark_delivery", *arguments, "--json"]
    done = subprocess.run(
        command, cwd=checkout, env=environment, check=False, capture_output=True, text=True
    )
    if done.returncode:
        sys.exit(f"{checkout}: {done.stderr[-2000:]}")
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def main() -> None:
    """Measure in turns, and print each pair and the median of their ratios."""
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").splitlines()[0],
        epilog="What follows -- is for benchmark_delivery.",
    )
    parser.add_argument("before", type=Path, help="the other checkout")
    parser.add_argument("--runs", type=int, default=5)
    at = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    args, arguments = parser.parse_args(sys.argv[1:at]), sys.argv[at + 1 :]
    checkouts = {"before": args.before.resolve(), "here": HERE}
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    ratios: list[float] = []
    with tempfile.TemporaryDirectory() as directory:
        environment.setdefault("PYTHONPYCACHEPREFIX", f"{directory}/compiled")
        for run in range(args.runs + 1):
            cost: dict[str, float] = {}
            peak: dict[str, float] = {}
            for name in sorted(checkouts, reverse=run % 2 == 0):
                own = environment | {"VAR_DIR": f"{directory}/{name}"}
                wanted = arguments if run else [*arguments, "--subscribers", "10"]
                figures = measured(checkouts[name], wanted, own)
                cost[name] = figures["cpu_microseconds_per_digest"]
                peak[name] = figures["worker_peak_mb"]
            if run == 0:
                continue  # that one compiled the modules
            ratios.append(cost["here"] / cost["before"])
            print(
                f"before {cost['before']:.0f} µs, {peak['before']:.0f} MB; "
                f"here {cost['here']:.0f} µs, {peak['here']:.0f} MB: {ratios[-1]:.2f}",
                flush=True,
            )
    print(
        f"median {statistics.median(ratios):.2f}, from {min(ratios):.2f} to {max(ratios):.2f} "
        f"over {len(ratios)} pairs"
    )


if __name__ == "__main__":
    main()
