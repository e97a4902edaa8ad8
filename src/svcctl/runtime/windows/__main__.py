r"""What the service manager starts: ``python -I -X utf8 …\svcctl\runtime\windows\__main__.py NAME``.

The interpreter is isolated, and may be another one than the application's: it finds this package beside this file, and
nothing else that is installed there is imported.
"""

from __future__ import annotations

import os
import sys

sys.dont_write_bytecode = True  # whoever removes the service removes what was installed, and nothing else
sys.path.append(os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))))  # noqa: PTH100, PTH120 (before anything is imported)

from svcctl.errors import SvcctlError  # noqa: E402 (as it says)
from svcctl.runtime.windows.host import main  # noqa: E402 (the same)

if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except SvcctlError as error:
        sys.stderr.write(f"svcctl: {error}\nhint: {error.hint}\n")
        sys.exit(error.exit_status)
