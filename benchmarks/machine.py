"""What the figures were taken on, for the record."""

import os
import platform
from pathlib import Path


def facts() -> dict[str, str]:
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / (1 << 20)
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return {
        "processors": str(len(os.sched_getaffinity(0))),
        "processor": models[0] if models else platform.machine(),
        "memory": f"{memory:.0f} GiB",
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load average at the start": " ".join(f"{x:.2f}" for x in os.getloadavg()),
    }
