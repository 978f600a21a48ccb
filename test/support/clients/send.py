# The Python client of Debian (python3-fluent-logger) sends 20 events; the 4th is read from EVENT.
import json, os, sys
from fluent import sender

port, match = int(os.environ["PORT"]), json.loads(os.environ["EVENT"])
for nanoseconds in (False, True):
    logger = sender.FluentSender("app", host="127.0.0.1", port=port, nanosecond_precision=nanoseconds)
    for n in range(10):
        record = match if n == 3 else {"n": n, "text": "ünï", "big": 2**63 + 1, "list": [1, None, {"a": 1.5}]}
        if not logger.emit("py.%s" % nanoseconds, record):
            sys.exit(str(logger.last_error))
    logger.close()
