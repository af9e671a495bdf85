import type { Provider } from "../catalog/types.ts";
import { isReady } from "../catalog/resolve.ts";
import type { Credential } from "./types.ts";

/** The operator's own way into a provider: its key, or none where the catalog names none. Null = it can't be called by the operator. */
export function operatorCredential(provider: Provider): Credential | null {
  if (!isReady(provider)) return null;
  return { id: "operator", kind: "operator", apiKey: provider.apiKey };
}
