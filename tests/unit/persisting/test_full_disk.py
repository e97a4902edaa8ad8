from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

UNSHARE, MOUNT = shutil.which("unshare"), shutil.which("mount")

HINT = "what was saved there before is as it was; is the disk full, or the folder not yours?"

#: Save, fill the disk but for so many bytes, save again, and look at what is there; then make room.
PROGRAM = """
import os, sys
from svcctl.application import sob
from svcctl.application.persisting.errors import StateNotSavedError
from tests.unit.persisting import shops

folder, room, large = sys.argv[1], int(sys.argv[2]), b"x" * 20_000
saved = lambda: sob.load(folder + "/data.tap", "pickle")[0]
sob.Persistent([1, large], "data").save()
sob.Persistent([2, large], "data").save()
if room < 0:  # no file can be made, not even an empty one
    for number in range(1000):
        try:
            open(f"{folder}/{number}", "x").close()
        except OSError:
            break
else:
    with open(folder + "/filler", "wb", buffering=0) as filler:
        free = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize
        filler.write(bytes(max(0, free - room)))
before = sorted(os.listdir(folder))
try:
    sob.Persistent([3, large], "data").save()
except StateNotSavedError as error:
    print(error.message, "|", error.hint)
print(saved(), sorted(os.listdir(folder)) == before)
for name in os.listdir(folder):
    if "data" not in name and "key" not in name:
        os.unlink(f"{folder}/{name}")
sob.Persistent([4, large], "data").save()
print(saved())
"""


@pytest.mark.skipif(
    os.geteuid() != 0 or not UNSHARE or not MOUNT, reason="only root can mount, with unshare and mount"
)
@pytest.mark.parametrize("room", [-1, 0, 4096, 8192, 16384])
def test_a_full_disk_loses_nothing_that_was_saved(room: int, folder: Path) -> None:
    """One clear error, no half file; as soon as there is room, it can be saved again."""
    mount = f'{MOUNT} -t tmpfs -o size=160k,nr_inodes=20,mode=0700 tmpfs "$STATE_DIRECTORY" && exec "$@"'
    command = [
        str(UNSHARE),
        "--mount",
        "sh",
        "-c",
        mount,
        "sh",
        sys.executable,
        "-c",
        PROGRAM,
        str(folder),
        str(room),
    ]
    path = os.pathsep.join(each for each in sys.path if each)
    done = subprocess.run(
        command, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": path}, check=False
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        f"cannot save {folder}/data.tap: No space left on device | {HINT}",
        "2 True",
        "4",
    ]


@pytest.mark.parametrize("room", [10, 500])
def test_a_limit_of_file_sizes_loses_nothing_that_was_saved(room: int, folder: Path) -> None:
    """The same without root: the process may write no larger files."""
    program = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({room}, {room}))\n"
    program += (
        "from svcctl.application import sob\n"
        "try:\n    sob.Persistent('x' * 1000, 'data').save()\n"
        "except Exception as error:\n    print(type(error).__name__, error)\n"
    )
    subprocess.run(
        [sys.executable, "-c", "from svcctl.application import sob; sob.Persistent(1, 'data').save()"],
        check=True,
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == f"StateNotSavedError cannot save {folder}/data.tap: File too large\n"
    assert sorted(each.name for each in folder.iterdir()) == ["data.tap", "svcctl-state.key"]
