/** docs/dialects.md, made of what the code does. */
import { DIALECT_IDS, type DialectId } from "../../src/ir/dialect-id.ts";
import { answerOutcome, ANSWERS } from "./answers.ts";
import { type Outcome, outcomeOf, type ProviderColumn, PROVIDERS } from "./carry.ts";
import { FEATURES } from "./features.ts";

const TITLES: Readonly<Record<DialectId, string>> = {
  "openai-chat": "Chat",
  "openai-responses": "Responses",
  "anthropic-messages": "Messages",
  gemini: "Gemini",
};

const COLUMNS: Readonly<Record<ProviderColumn["kind"], string>> = {
  openai: "Chat",
  "openai-compatible": "Compatible",
  "openai-responses": "Responses",
  anthropic: "Messages",
  gemini: "Gemini",
};

/** Reasons by number, in order of appearance. */
class Notes {
  readonly #numbers = new Map<string, number>();

  number(reason: string): string {
    const known = this.#numbers.get(reason) ?? this.#numbers.size + 1;
    this.#numbers.set(reason, known);
    return `[${known}](#n${known})`;
  }

  lines(): string[] {
    return [...this.#numbers].map(([reason, number]) => `${number}. <a id="n${number}"></a>${reason}`);
  }
}

function cell(outcome: Outcome, notes: Notes): string {
  switch (outcome.kind) {
    case "absent":
      return "";
    case "native":
      return "natively";
    case "carried":
      return "carried";
    case "partly":
    case "lost": {
      const reasons = outcome.losses.map(({ field, reason }) => notes.number(`\`${field}\`: ${reason}`));
      return `${outcome.kind} ${reasons.join(" ")}`;
    }
    case "refused":
      return `refused ${notes.number(outcome.message)}`;
    case "silent":
      return "LOST WITHOUT A WORD";
  }
}

const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
const table = (head: readonly string[], rows: readonly string[][]): string[] => [
  row(head),
  row(head.map(() => "---")),
  ...rows.map(row),
];

function requestTables(notes: Notes): string[] {
  return Object.entries(FEATURES).flatMap(([chapter, features]) => [
    "",
    `### ${chapter}`,
    "",
    ...table(
      ["feature", "asked by", ...PROVIDERS.map(({ kind }) => `→ ${COLUMNS[kind]}`)],
      features.flatMap((feature) =>
        DIALECT_IDS.filter((client) => feature.asked[client] !== null).map((client) => [
          feature.name,
          TITLES[client],
          ...PROVIDERS.map((provider) => cell(outcomeOf(feature, client, provider, false), notes)),
        ]),
      ),
    ),
  ]);
}

function answerTable(notes: Notes): string[] {
  return table(
    ["in the answer", "said by", ...DIALECT_IDS.map((id) => `${TITLES[id]} client`)],
    ANSWERS.map((feature) => [
      feature.name,
      TITLES[feature.origin],
      ...DIALECT_IDS.map((client) => cell(answerOutcome(feature, client, false), notes)),
    ]),
  );
}

const INTRODUCTION = `# What each dialect carries

This page is written by \`bun scripts/dialects.ts\` from the features in \`test/matrix/\`, each sent through the code; \`test/matrix.test.ts\` fails when it is out
of date, and when something is neither carried nor reported.

Clients stand at the left, providers at the top: **Chat** (OpenAI Chat Completions), **Compatible** (kind \`openai-compatible\`: a server that speaks Chat
Completions and is not OpenAI, without any \`compat\` flag), **Responses** (OpenAI Responses), **Messages** (Anthropic), **Gemini** (generateContent). An
empty row means that the API has no way to ask for it.

- **natively**: client and provider speak the same dialect; the client's own bytes go on.
- **carried**: said in the provider's words.
- **partly**, **lost**: the note tells the field and the reason, as the caller gets them in the \`X-Tollgate-Losses\` header (requests) or in the extension block
  (answers). Callers in strict mode get 400 \`unsupported_feature\` in place of a request loss.

The tables are about the APIs. What one model or server can't do besides (flags and \`compat\` in the catalog) is reported in the same way. Signatures of
reasoning go out sealed to clients of another dialect and come back to their minter: see
[decision 3](decisions/0003-seals-ride-in-tool-ids.md).

Fields that no API documents go on with the client's bytes where both sides speak one dialect. Across dialects each of them is a loss, however deep in the
request it stands, told by its place there (\`messages[0].content[0].image_url.new_field\`); content of the user's that not even the client's dialect knows
is refused.

Things that a provider keeps (files, containers, caches, spoken answers, conversations) belong to the account that got their ids in an answer, through the
provider and credential that gave them: such a request goes to that provider alone, and is a 404 that names the field for everybody else. On a provider
key of the account's own, ids that the gateway has never seen pass, too. An id is kept for 30 days after it was last named.`;

/** The whole page. */
export function dialectsPage(): string {
  const notes = new Notes();
  const requests = requestTables(notes);
  const answers = answerTable(notes);
  const lines = [INTRODUCTION, "", "## Requests", ...requests, "", "## Answers", "", ...answers];
  return `${[...lines, "", "## Notes", "", ...notes.lines()].join("\n")}\n`;
}
