"""The official `openai` package: chat completions, responses, embeddings, models, errors."""

import functools
import json

import openai
from harness import BOTH, KEY, PIXEL, POOR_KEY, URL, WEATHER, raises, run_all, same, sent
from pydantic import BaseModel


class Report(BaseModel):
    city: str
    degrees: int


@functools.cache
def client(key=KEY, base=URL + "/v1"):
    return openai.OpenAI(api_key=key, base_url=base, max_retries=0)


CHAT_TOOL = {"type": "function", "function": {"name": "get_weather", "description": "d", "parameters": WEATHER}}
TOOL = {"type": "function", "name": "get_weather", "description": "d", "parameters": WEATHER, "strict": False}
ASK = [{"role": "user", "content": "What is the weather in Oslo?"}]


def chat(model, stream, key=KEY, **options):
    """The final completion, streamed or not, as the SDK's own accumulator gives it."""
    completions = client(key).chat.completions
    options.setdefault("messages", ASK)
    if not stream:
        return completions.create(model=model, **options)
    options.setdefault("stream_options", {"include_usage": True})
    with completions.stream(model=model, **options) as events:
        for _ in events:
            pass
        return events.get_final_completion()


def chat_text(model, stream, provider):
    answer = chat(model, stream, messages=[{"role": "system", "content": "You are terse."}, *ASK])
    same(answer.choices[0].message.content, "Hello wörld 🌍")
    same(answer.choices[0].finish_reason, "stop")
    same((answer.usage.prompt_tokens, answer.usage.completion_tokens), (25, 9))
    same(answer.usage.prompt_tokens_details.cached_tokens, 5)
    assert "You are terse." in sent()[-1]


def chat_plain_loop(model, stream, provider):
    text, ids = "", set()
    for chunk in client().chat.completions.create(model=model, messages=ASK, stream=True):
        text += chunk.choices[0].delta.content or ""
        ids.add(chunk.id)
    same((text, len(ids)), ("Hello wörld 🌍", 1))


def chat_tools(model, stream, provider):
    first = chat(model, stream, tools=[CHAT_TOOL]).choices[0]
    same(first.finish_reason, "tool_calls")
    calls = first.message.tool_calls
    same([json.loads(call.function.arguments) for call in calls], [{"city": "Oslo"}, {"city": 'Köln "Süd"'}])
    same(len({call.id for call in calls}), 2)
    results = [{"role": "tool", "tool_call_id": call.id, "content": f"result {i}"} for i, call in enumerate(calls)]
    said = first.message.model_dump(exclude_none=True)
    for call in said["tool_calls"]:
        call["function"].pop("parsed_arguments", None)
    second = chat(model, stream, tools=[CHAT_TOOL], messages=[*ASK, said, *results])
    same(second.choices[0].message.content, "It is cold.")
    assert "result 0" in sent()[-1] and "result 1" in sent()[-1]


def chat_structured(model, stream, provider):
    answer = client().chat.completions.parse(model=model, messages=ASK, response_format=Report)
    same(answer.choices[0].message.parsed, Report(city="Oslo", degrees=3))
    assert '"degrees"' in sent()[-1]


def chat_reasoning(model, stream, provider):
    answer = chat(model, stream, reasoning_effort="medium", max_completion_tokens=8000)
    same(answer.choices[0].message.content, "42")
    same(answer.usage.completion_tokens, 30)


def chat_image(model, stream, provider):
    url = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
    answer = chat(model, stream, messages=[{"role": "user", "content": [{"type": "text", "text": "What?"}, url]}])
    same(answer.choices[0].message.content, "Hello there")
    assert PIXEL[:30] in sent()[-1]


def chat_mid_stream(model, stream, provider):
    def run():
        for _ in client().chat.completions.create(model=model, messages=ASK, stream=True):
            pass

    raises(openai.APIError, run)


def errors(call):
    """Typed errors, through either API of the package."""

    def status(kind, number, **options):
        def run(model, stream, provider):
            error = raises(kind, lambda: call(options.get("model", model), stream, key=options.get("key", KEY)))
            same(error.status_code, number)
            assert error.code and error.message and error.response.headers["x-tollgate-request-id"]

        return run

    return [
        ("401", [], status(openai.AuthenticationError, 401, key="tg-wrong"), BOTH),
        ("402", [], status(openai.APIStatusError, 402, key=POOR_KEY, model="dear"), BOTH),
        ("404", [], status(openai.NotFoundError, 404, model="no-such-model"), BOTH),
        ("400 of the provider", ["refused"], status(openai.BadRequestError, 400), BOTH),
        ("429 of the provider", ["limited"], status(openai.RateLimitError, 429), BOTH),
        ("401 of the provider", ["unauthorized"], status(openai.InternalServerError, 503), BOTH),
    ]


def respond(model, stream, key=KEY, **options):
    responses = client(key).responses
    options.setdefault("input", "What is the weather in Oslo?")
    options.setdefault("store", False)
    if not stream:
        return responses.create(model=model, **options)
    with responses.stream(model=model, **options) as events:
        numbers = [event.sequence_number for event in events]
        same(numbers, list(range(len(numbers))))
        return events.get_final_response()


def responses_text(model, stream, provider):
    answer = respond(model, stream, instructions="You are terse.")
    same((answer.output_text, answer.status), ("Hello wörld 🌍", "completed"))
    same((answer.usage.input_tokens, answer.usage.output_tokens), (25, 9))
    same(answer.usage.input_tokens_details.cached_tokens, 5)


def responses_tools(model, stream, provider):
    first = respond(model, stream, tools=[TOOL])
    calls = [item for item in first.output if item.type == "function_call"]
    same([json.loads(call.arguments) for call in calls], [{"city": "Oslo"}, {"city": 'Köln "Süd"'}])
    said = [item.model_dump(exclude_none=True, exclude={"parsed_arguments"}) for item in first.output]
    results = [{"type": "function_call_output", "call_id": call.call_id, "output": "result"} for call in calls]
    second = respond(model, stream, tools=[TOOL], input=[*ASK, *said, *results])
    same(second.output_text, "It is cold.")


def responses_structured(model, stream, provider):
    answer = client().responses.parse(model=model, input="x", text_format=Report, store=False)
    same(answer.output_parsed, Report(city="Oslo", degrees=3))


def responses_reasoning(model, stream, provider):
    include = ["reasoning.encrypted_content"]
    answer = respond(model, stream, reasoning={"effort": "medium", "summary": "auto"}, include=include)
    same((answer.output_text, answer.usage.output_tokens), ("42", 30))


def responses_image(model, stream, provider):
    image = {"type": "input_image", "detail": "auto", "image_url": f"data:image/png;base64,{PIXEL}"}
    content = [{"type": "input_text", "text": "What?"}, image]
    same(respond(model, stream, input=[{"role": "user", "content": content}]).output_text, "Hello there")
    assert PIXEL[:30] in sent()[-1]


def responses_count(model, stream, provider):
    counted = client().responses.input_tokens.count(model=model, input="What is the weather in Oslo?")
    same(counted.object, "response.input_tokens")
    assert 3 <= counted.input_tokens <= 60, counted


def responses_mid_stream(model, stream, provider):
    """This package raises on an error frame; a `response.failed` ends the stream, and is then what it gives."""
    kinds = []

    def run():
        for event in client().responses.create(model=model, input="x", stream=True, store=False):
            kinds.append(event.type)
        if kinds[-1] != "response.completed":
            raise openai.OpenAIError(kinds[-1])

    raises(openai.OpenAIError, run)


def models():
    ids = [model.id for model in client().models.list()]
    assert "m-gemini" in ids, ids
    same(client().models.retrieve("m-gemini").id, "m-gemini")


def embeddings():
    answer = client().embeddings.create(model="embedder", input=["one", "two"])
    same([item.embedding for item in answer.data], [[0.5, -0.25, 1.0], [2.0, 0.0, -8.0]])


def bases():
    for base in (URL, URL + "/v1", URL + "/v1/"):
        answer = client(base=base).chat.completions.create(model="m-anthropic", messages=ASK)
        same(answer.choices[0].message.content, "Hello there")


TEXT, LOOP, JSON_ANSWER, THOUGHT, PLAIN = ["text"], ["tools", "cold"], ["structured"], ["reasoning"], ["plain"]

run_all(
    "openai chat",
    [
        ("text", TEXT, chat_text, BOTH),
        ("unguarded chunk loop", TEXT, chat_plain_loop, (True,)),
        ("parallel tools loop", LOOP, chat_tools, BOTH),
        ("structured output", JSON_ANSWER, chat_structured, (False,)),
        ("reasoning", THOUGHT, chat_reasoning, BOTH),
        ("image", PLAIN, chat_image, BOTH),
        ("error in mid-stream", ["broken"], chat_mid_stream, (True,)),
        ("cut in mid-stream", ["cut"], chat_mid_stream, (True,)),
        *errors(chat),
    ],
    [
        ("models", "openai", [], models),
        ("embeddings", "openai", ["embed"], embeddings),
        ("base URLs", "anthropic", PLAIN * 3, bases),
    ],
)
run_all(
    "openai responses",
    [
        ("text", TEXT, responses_text, BOTH),
        ("parallel tools loop", LOOP, responses_tools, BOTH),
        ("structured output", JSON_ANSWER, responses_structured, (False,)),
        ("reasoning", THOUGHT, responses_reasoning, BOTH),
        ("image", PLAIN, responses_image, BOTH),
        ("count tokens", ["count"], responses_count, (False,)),
        ("error in mid-stream", ["broken"], responses_mid_stream, (True,)),
        ("cut in mid-stream", ["cut"], responses_mid_stream, (True,)),
        *errors(respond),
    ],
)
