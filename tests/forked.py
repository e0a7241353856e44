"""`python -m tests.forked DIFFERENCES MODULE ARGUMENT…`: runs a module with its own environment in a process that was forked.

DIFFERENCES is a JSON object: variables to set, and to leave out where they are null.
"""

import json
import os
import runpy
import sys

for name, value in json.loads(sys.argv[1]).items():
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value
sys.argv = sys.argv[2:]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
