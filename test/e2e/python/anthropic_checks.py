"""The official `anthropic` package: messages, counting, models, errors."""

import functools
import json

import anthropic
from harness import BOTH, KEY, PIXEL, POOR_KEY, REPORT, URL, WEATHER, raises, run_all, same, sent

ASK = [{"role": "user", "content": "What is the weather in Oslo?"}]
TOOL = {"name": "get_weather", "description": "d", "input_schema": WEATHER}


@functools.cache
def client(key=KEY):
    return anthropic.Anthropic(api_key=key, base_url=URL, max_retries=0)


def ask(model, stream, key=KEY, **options):
    messages = client(key).messages
    options = {"messages": ASK, "max_tokens": 8000, **options}
    if not stream:
        return messages.create(model=model, **options)
    with messages.stream(model=model, **options) as events:
        return events.get_final_message()


def text_of(message):
    return "".join(block.text for block in message.content if block.type == "text")


def text(model, stream, provider):
    answer = ask(model, stream, system="You are terse.")
    same((text_of(answer), answer.stop_reason), ("Hello wörld 🌍", "end_turn"))
    same((answer.usage.input_tokens, answer.usage.cache_read_input_tokens), (20, 5))
    same(answer.usage.output_tokens, 9)
    assert "You are terse." in sent()[-1]


def tools(model, stream, provider):
    first = ask(model, stream, tools=[TOOL])
    same(first.stop_reason, "tool_use")
    calls = [block for block in first.content if block.type == "tool_use"]
    same([call.input for call in calls], [{"city": "Oslo"}, {"city": 'Köln "Süd"'}])
    results = [{"type": "tool_result", "tool_use_id": call.id, "content": f"result {i}"} for i, call in enumerate(calls)]
    history = [*ASK, {"role": "assistant", "content": first.content}, {"role": "user", "content": results}]
    same(text_of(ask(model, stream, tools=[TOOL], messages=history)), "It is cold.")
    assert "result 0" in sent()[-1] and "result 1" in sent()[-1]


def structured(model, stream, provider):
    answer = ask(model, stream, output_config={"format": {"type": "json_schema", "schema": REPORT}})
    same(json.loads(text_of(answer)), {"city": "Oslo", "degrees": 3})
    assert '"degrees"' in sent()[-1]


def reasoning(model, stream, provider):
    answer = ask(model, stream, thinking={"type": "enabled", "budget_tokens": 2048})
    same((text_of(answer), answer.usage.output_tokens), ("42", 30))


def image(model, stream, provider):
    source = {"type": "base64", "media_type": "image/png", "data": PIXEL}
    content = [{"type": "image", "source": source}, {"type": "text", "text": "What?"}]
    same(text_of(ask(model, stream, messages=[{"role": "user", "content": content}])), "Hello there")
    assert PIXEL[:30] in sent()[-1]


def count(model, stream, provider):
    tokens = client().messages.count_tokens(model=model, messages=ASK).input_tokens
    assert 3 <= tokens <= 60, tokens


def mid_stream(model, stream, provider):
    raises(anthropic.APIError, lambda: ask(model, True))


def status(kind, number, **options):
    def run(model, stream, provider):
        error = raises(kind, lambda: ask(options.get("model", model), stream, key=options.get("key", KEY)))
        same(error.status_code, number)
        same(error.body["type"], "error")
        assert error.body["error"]["details"]["error_code"] and error.body["request_id"], error.body

    return run


def models():
    ids = [model.id for model in client().models.list()]
    assert "m-gemini" in ids, ids
    same(client().models.retrieve("m-gemini").id, "m-gemini")


run_all(
    "anthropic",
    [
        ("text", ["text"], text, BOTH),
        ("parallel tools loop", ["tools", "cold"], tools, BOTH),
        ("structured output", ["structured"], structured, BOTH),
        ("reasoning", ["reasoning"], reasoning, BOTH),
        ("image", ["plain"], image, BOTH),
        ("count tokens", ["count"], count, (False,)),
        ("error in mid-stream", ["broken"], mid_stream, (True,)),
        ("cut in mid-stream", ["cut"], mid_stream, (True,)),
        ("401", [], status(anthropic.AuthenticationError, 401, key="tg-wrong"), BOTH),
        ("402", [], status(anthropic.APIStatusError, 402, key=POOR_KEY, model="dear"), BOTH),
        ("404", [], status(anthropic.NotFoundError, 404, model="no-such-model"), BOTH),
        ("400 of the provider", ["refused"], status(anthropic.BadRequestError, 400), BOTH),
        ("429 of the provider", ["limited"], status(anthropic.RateLimitError, 429), BOTH),
        ("401 of the provider", ["unauthorized"], status(anthropic.APIStatusError, 503), BOTH),
    ],
    [("models", "anthropic", [], models)],
)
