"""``python -m frm_bridge.cli``: the program, by the interpreter that has it."""

import sys

from frm_bridge.cli.program import main

sys.exit(main())
