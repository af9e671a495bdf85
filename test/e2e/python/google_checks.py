"""The official `google-genai` package: contents, counting, embeddings, models, errors."""

import base64
import functools
import json

from google import genai
from google.genai import errors, types
from harness import BOTH, KEY, PIXEL, POOR_KEY, REPORT, URL, WEATHER, raises, run_all, same, sent

ASK = "What is the weather in Oslo?"
DECLARATION = types.FunctionDeclaration(name="get_weather", description="d", parameters_json_schema=WEATHER)


@functools.cache  # a client that nobody holds closes its connections
def client(key=KEY):
    return genai.Client(api_key=key, http_options=types.HttpOptions(base_url=URL))


def ask(model, stream, key=KEY, contents=ASK, **config):
    """The chunks of the answer; one when it isn't streamed."""
    models = client(key).models
    options = {"model": model, "contents": contents, "config": types.GenerateContentConfig(**config)}
    return list(models.generate_content_stream(**options)) if stream else [models.generate_content(**options)]


def parts(chunks):
    return [part for chunk in chunks for part in (chunk.candidates or [None])[0].content.parts or []]


def text_of(chunks):
    return "".join(part.text for part in parts(chunks) if part.text and not part.thought)


def text(model, stream, provider):
    chunks = ask(model, stream, system_instruction="You are terse.")
    same((text_of(chunks), chunks[-1].candidates[0].finish_reason), ("Hello wörld 🌍", types.FinishReason.STOP))
    usage = chunks[-1].usage_metadata
    same((usage.prompt_token_count, usage.candidates_token_count, usage.cached_content_token_count), (25, 9, 5))
    assert "You are terse." in sent()[-1]


def tools(model, stream, provider):
    offered = [types.Tool(function_declarations=[DECLARATION])]
    said = parts(ask(model, stream, tools=offered))
    calls = [part.function_call for part in said if part.function_call]
    same([call.args for call in calls], [{"city": "Oslo"}, {"city": 'Köln "Süd"'}])
    results = [
        types.Part(
            function_response=types.FunctionResponse(id=call.id, name=call.name, response={"result": f"result {i}"})
        )
        for i, call in enumerate(calls)
    ]
    history = [
        types.Content(role="user", parts=[types.Part(text=ASK)]),
        types.Content(role="model", parts=said),
        types.Content(role="user", parts=results),
    ]
    same(text_of(ask(model, stream, contents=history, tools=offered)), "It is cold.")
    assert "result 0" in sent()[-1] and "result 1" in sent()[-1]


def structured(model, stream, provider):
    chunks = ask(model, stream, response_mime_type="application/json", response_json_schema=REPORT)
    same(json.loads(text_of(chunks)), {"city": "Oslo", "degrees": 3})
    assert '"degrees"' in sent()[-1]


def reasoning(model, stream, provider):
    thinking = types.ThinkingConfig(include_thoughts=True, thinking_budget=2048)
    chunks = ask(model, stream, thinking_config=thinking)
    same(text_of(chunks), "42")
    usage = chunks[-1].usage_metadata
    same((usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0), 30)


def image(model, stream, provider):
    """This package writes bytes in the URL-safe alphabet, which only Google's own API takes."""
    data = base64.b64decode(PIXEL) + b"\xfb\xff\xfe" * 3
    pixel = types.Part.from_bytes(data=data, mime_type="image/png")
    same(text_of(ask(model, stream, contents=["What?", pixel])), "Hello there")
    encode = base64.urlsafe_b64encode if provider == "gemini" else base64.b64encode
    assert encode(data).decode() in sent()[-1], sent()[-1][:300]


def count(model, stream, provider):
    tokens = client().models.count_tokens(model=model, contents=ASK).total_tokens
    assert 3 <= tokens <= 60, tokens


def mid_stream(model, stream, provider):
    raises((errors.APIError, errors.UnknownApiResponseError), lambda: ask(model, True))


def status(kind, number, **options):
    def run(model, stream, provider):
        error = raises(kind, lambda: ask(options.get("model", model), stream, key=options.get("key", KEY)))
        same(error.code, number)
        assert error.status and error.message, error

    return run


def models():
    names = [model.name for model in client().models.list()]
    assert "models/m-anthropic" in names, names
    same(client().models.get(model="m-anthropic").name, "models/m-anthropic")


def embeddings():
    answer = client().models.embed_content(model="google-embedder", contents="one")
    same(answer.embeddings[0].values, [0.5, -0.25, 1.0])


run_all(
    "google-genai",
    [
        ("text", ["text"], text, BOTH),
        ("parallel tools loop", ["tools", "cold"], tools, BOTH),
        ("structured output", ["structured"], structured, BOTH),
        ("reasoning", ["reasoning"], reasoning, BOTH),
        ("image", ["plain"], image, BOTH),
        ("count tokens", ["count"], count, (False,)),
        ("error in mid-stream", ["broken"], mid_stream, (True,)),
        ("cut in mid-stream", ["cut"], mid_stream, (True,)),
        ("401", [], status(errors.ClientError, 401, key="tg-wrong"), BOTH),
        ("402", [], status(errors.ClientError, 402, key=POOR_KEY, model="dear"), BOTH),
        ("404", [], status(errors.ClientError, 404, model="no-such-model"), BOTH),
        ("400 of the provider", ["refused"], status(errors.ClientError, 400), BOTH),
        ("429 of the provider", ["limited"], status(errors.ClientError, 429), BOTH),
        ("401 of the provider", ["unauthorized"], status(errors.ServerError, 503), BOTH),
    ],
    [("models", "gemini", [], models), ("embeddings", "gemini", ["embed"], embeddings)],
)
