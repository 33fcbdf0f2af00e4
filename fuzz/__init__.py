"""Coverage-guided fuzzing: what reads untrusted bytes, and what must hold whatever they are.

    python -m fuzz images --seconds 300

looks for bytes that break a target of `fuzz.targets`, by atheris (libFuzzer). Found input that
breaks one is kept in `fuzz/corpus/TARGET/`, where the tests replay it for good.
"""
