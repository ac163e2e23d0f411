"""The work of a method that leaves a process in a session of its own behind, for processes that import it by name."""

import os
import signal
import subprocess
import sys
import time

CHILD = "import os, time; open({pid!r}, 'w').write(str(os.getpid())); time.sleep(600)"
ORPHAN = "import os, sys; os.fork() and os._exit(0); os.execv(sys.executable, ['python', '-c', {child!r}])"


def start_orphan(pid):
    """Start a process that has its own session, another group and no parent, and wait until it runs."""
    child = CHILD.format(pid=str(pid))
    subprocess.Popen([sys.executable, "-c", ORPHAN.format(child=child)], start_new_session=True).wait()
    wait_for(pid)


def wait_for(pid):
    for _ in range(6000):
        if pid.exists() and pid.read_text():
            return
        time.sleep(0.01)
    raise AssertionError("the child did not start")


def work(pid, how, progress):
    start_orphan(pid)
    progress()
    if how == "crash":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "hang":
        time.sleep(600)
    if how == "raise":
        raise ValueError("no luck")
    return how
