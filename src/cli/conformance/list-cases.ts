import { type Case, plainAsk } from "./case.ts";
import { expectThat } from "./expect.ts";
import { Undecided } from "./types.ts";
import { jsonOf } from "./wire.ts";

/** Operations beside generating: token counts and model lists. */
export const listCases: readonly Case[] = [
  {
    name: "count tokens",
    modes: ["-"],
    async run({ client, speaker, key, model }) {
      const { count } = speaker;
      if (count === null) throw new Undecided("the dialect has no such operation");
      const short = plainAsk(model);
      const long = { ...short, turns: [...short.turns, ...short.turns, ...short.turns] };
      const tokens: number[] = [];
      for (const ask of [short, long]) {
        const answer = await client.send(count.path(model), speaker.authorization(key), count.body(ask));
        tokens.push(count.tokens(jsonOf(answer, 200)));
      }
      const [less = 0, more = 0] = tokens;
      expectThat(less > 0 && more > less, "a longer request should count more tokens", tokens);
    },
  },
  {
    name: "model list",
    modes: ["-"],
    async run({ client, speaker, key, model }) {
      const headers = { ...speaker.authorization(key), ...speaker.list.headers };
      const ids = speaker.list.ids(jsonOf(await client.send(speaker.list.path, headers), 200));
      expectThat(ids.includes(model), `the list should have ${model}`, ids.slice(0, 10));
      expectThat(new Set(ids).size === ids.length, "ids should be listed once");
    },
  },
];
