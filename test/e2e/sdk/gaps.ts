import type { ProviderName } from "./bed.ts";
import type { Client } from "./clients/client.ts";

interface Gap {
  client: string;
  provider?: ProviderName;
  case: string;
  stream?: boolean;
  reason: string;
}

/** What a client itself can't do, whoever serves it. */
const GAPS: readonly Gap[] = ["error in mid-stream", "cut in mid-stream"].map((name) => ({
  client: "langchain google-genai",
  case: name,
  reason: "@google/generative-ai, which it is built on, takes an error frame for an answer without candidates",
}));

export function gapOf(client: Client, provider: ProviderName, name: string, stream: boolean): string | null {
  const gap = GAPS.find(
    (item) =>
      item.client === client.name &&
      item.case === name &&
      (item.provider === undefined || item.provider === provider) &&
      (item.stream === undefined || item.stream === stream),
  );
  return gap?.reason ?? null;
}
