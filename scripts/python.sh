#!/bin/sh
# Runs Python 3.13, wherever this machine keeps it: `sh scripts/python.sh ARGUMENTS`.

is_python_313() {
    [ "$("$1" -c 'import sys; print(*sys.version_info[:2])' 2>/dev/null)" = "3 13" ]
}

on_path() {
    for name in python3.13 python3 python; do
        python=$(command -v "$name") && is_python_313 "$python" && echo "$python" && return
    done
    return 1
}

from_pyenv() {
    command -v pyenv >/dev/null || return 1
    version=$(pyenv versions --bare | grep -E '^3\.13\.[0-9]+$' | tail -n 1)
    [ -n "$version" ] && echo "$(pyenv prefix "$version")/bin/python"
}

from_uv() {
    command -v uv >/dev/null || return 1
    uv python find 3.13 2>/dev/null || { uv python install 3.13 >&2 && uv python find 3.13; }
}

for find in 'echo .venv/bin/python' on_path from_pyenv from_uv; do
    python=$($find)
    if is_python_313 "$python"; then
        exec "$python" "$@"
    fi
done

echo "captioner needs Python 3.13: install it from python.org, with 'pyenv install 3.13', or" \
    "install uv, which brings it. Then try again." >&2
exit 1
