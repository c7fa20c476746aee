# SPDX-License-Identifier: Apache-2.0
"""Takes about half of a core, in turns of half a millisecond, so that what else runs there never has nothing to do. Run as `neighbour.py CORE`, as root."""

import os
import sys
import time

# Above what the .NET runtime gives its threads where it is started with a real-time policy, which is 50.
PRIORITY = 60
BUSY, IDLE = 0.0006, 0.0005


def main():
    os.sched_setaffinity(0, {int(sys.argv[1])})
    os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(PRIORITY))
    while True:
        end = time.monotonic() + BUSY
        while time.monotonic() < end:
            pass
        time.sleep(IDLE)


if __name__ == "__main__":
    main()
