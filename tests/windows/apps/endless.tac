"""Starts a program that never ends, and does not come to an end itself."""

import subprocess
import sys

subprocess.Popen((sys.executable, "-c", "'endless.tac'; import time; time.sleep(600)"))
while True:
    pass
