"""Runs a command that can write below some folders only, as a container with a read-only root.

    python -m tests.support.confined FOLDER… -- COMMAND…

Linux's Landlock holds the command to that, root or not, and all that it starts.
"""

import ctypes
import os
import sys
from pathlib import Path

# Of the kernel's headers: linux/landlock.h, linux/prctl.h and the table of system calls, which is
# the same for all machines since before Landlock.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_PATH_BENEATH = 1
_NO_NEW_PRIVILEGES = 38
_WRITE_FILE = 1 << 1
# Removing, making and linking files of each kind, and cutting them short.
_WRITING = _WRITE_FILE | sum(1 << bit for bit in range(4, 15))
# As in every container.
_DEVICES = ("/dev/null", "/dev/shm", "/dev/zero")


class _Ruleset(ctypes.Structure):
    _fields_ = (("handled_access_fs", ctypes.c_uint64),)


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


_libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    split = sys.argv.index("--")
    confine([Path(each) for each in (*sys.argv[1:split], *_DEVICES)])
    command = sys.argv[split + 1 :]
    os.execvp(command[0], command)


def confine(writable: list[Path]) -> None:
    """Take from this process the right to write elsewhere; raises `OSError` where that fails."""
    ruleset = _Ruleset(_WRITING)
    rules = _called(_CREATE_RULESET, ctypes.byref(ruleset), ctypes.sizeof(ruleset), 0)
    for path in writable:
        folder = os.open(path, os.O_PATH | os.O_CLOEXEC)
        rights = _WRITING if path.is_dir() else _WRITE_FILE
        rule = _PathBeneath(rights, folder)
        _called(_ADD_RULE, rules, _PATH_BENEATH, ctypes.byref(rule), 0)
        os.close(folder)
    if _libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
    _called(_RESTRICT_SELF, rules, 0)


def _called(number: int, *arguments: object) -> int:
    result: int = _libc.syscall(number, *arguments)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"Landlock: {os.strerror(code)}")
    return result


if __name__ == "__main__":
    main()
