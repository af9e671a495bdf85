/**
 * The word for a service tier (https://ai.google.dev/gemini-api/docs/flex-inference), also from its enum's name, which the first clients
 * sent: `SERVICE_TIER_FLEX` is `flex`. Null when none was said.
 */
export function tierWord(text: string | undefined): string | null {
  const word = text?.toLowerCase().replace(/^service_tier_/, "") ?? "unspecified";
  return word === "unspecified" ? null : word;
}
