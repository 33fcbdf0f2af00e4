"""Small function apps for tests of the host that runs them."""

import json
from pathlib import Path
from textwrap import dedent
from typing import Any

BUNDLE = {"id": "Microsoft.Azure.Functions.ExtensionBundle", "version": "[4.*, 5.0.0)"}

_HEAD = """\
import asyncio, json, logging, os, threading, time
from pathlib import Path
import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
"""


def write_app(folder: Path, functions: str, /, **host_json: Any) -> Path:
    """Write an app with these functions; `host_json` goes over a host.json with storage triggers.

    The source begins after imports and `app`, an anonymous `FunctionApp`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "function_app.py").write_text(_HEAD + dedent(functions))
    everything = {"version": "2.0", "extensionBundle": BUNDLE, **host_json}
    present = {name: value for name, value in everything.items() if value is not None}
    (folder / "host.json").write_text(json.dumps(present))
    return folder
