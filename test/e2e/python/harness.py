"""Runs the cases of one SDK against every provider and prints one JSON line per result."""

import json
import os
import sys
import traceback
import urllib.request

URL = os.environ["GATEWAY_URL"]
KEY = os.environ["GATEWAY_KEY"]
POOR_KEY = os.environ["GATEWAY_POOR_KEY"]
CONTROL = os.environ["CONTROL_URL"]
PROVIDERS = os.environ["PROVIDERS"].split(",")

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
WEATHER = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
REPORT = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "degrees": {"type": "integer"}},
    "required": ["city", "degrees"],
    "additionalProperties": False,
}


def control(path, body=None):
    data = json.dumps(body or {}).encode()
    request = urllib.request.Request(CONTROL + path, data=data, headers={"content-type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def sent():
    """The bodies that reached the provider in this case, as text."""
    return control("/seen")["bodies"]


def same(have, want):
    assert have == want, f"{have!r} is not {want!r}"


def raises(kind, run):
    """The error that `run` raises, which has to be a `kind`."""
    try:
        run()
    except kind as error:
        return error
    raise AssertionError(f"no {kind} was raised")


def run_case(client, name, answers, provider, stream, run):
    control("/script", {"answers": answers, "provider": provider})
    failure = None
    try:
        run()
        broken = control("/seen")["violations"]
        assert not broken, f"the provider would have refused it: {broken}"
    except Exception as error:  # every failure of a case is its result
        failure = "".join(traceback.format_exception_only(type(error), error)).strip()
        where = traceback.extract_tb(error.__traceback__)
        failure += " at " + ", ".join(f"{os.path.basename(f.filename)}:{f.lineno}" for f in where[-4:])
    result = {"client": client, "case": name, "provider": provider, "stream": stream, "failure": failure}
    print(json.dumps(result), flush=True)


def run_all(client, cases, extras=()):
    """`cases`: (name, scripted answers, function(model, stream, provider), streams). `extras`: (name, provider, answers, function())."""
    for provider in PROVIDERS:
        for name, answers, run, streams in cases:
            for stream in streams:
                run_case(client, name, answers, provider, stream, lambda: run(f"m-{provider}", stream, provider))
    for name, provider, answers, run in extras:
        run_case(client, name, answers, provider, False, run)
    sys.stdout.flush()


BOTH = (False, True)
