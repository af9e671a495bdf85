import { type Compat, DEFAULT_COMPAT } from "../ir/target.ts";
import type { MissingVariable } from "./check.ts";
import { BASE_URL_OF_KIND, REALM_OF_KIND } from "./kinds.ts";
import type { Problems } from "./problems.ts";
import type { RawCatalog, RawProvider } from "./schema.ts";
import type { Provider } from "./types.ts";

/**
 * Provider rows. A key whose variable is unset leaves the provider without one (own keys of customers may still serve it); any other
 * unset variable switches the provider off. Both are warnings, so that one file serves machines with few keys.
 */
export function buildProviders(
  raw: RawCatalog["providers"],
  missing: readonly MissingVariable[],
  problems: Problems,
): { providers: Map<string, Provider>; warnings: string[] } {
  const providers = new Map<string, Provider>();
  const withoutKey: string[] = [];
  const warnings: string[] = [];
  for (const [name, item] of Object.entries(raw)) {
    const unset = missing.filter((variable) => variable.path[1] === name);
    const keyless = unset.filter((variable) => variable.path[2] === "api_key").flatMap((variable) => variable.names);
    const others = unset.filter((variable) => variable.path[2] !== "api_key").flatMap((variable) => variable.names);
    if (keyless.length > 0) withoutKey.push(`${name} (${keyless.join(", ")})`);
    if (others.length > 0) warnings.push(`provider ${name} is off: ${others.join(", ")} is not set`);
    providers.set(name, buildProvider(name, item, others.length === 0, problems));
  }
  if (withoutKey.length > 0) warnings.push(`no key in the environment for ${withoutKey.join(", ")}`);
  return { providers, warnings };
}

function buildProvider(name: string, raw: RawProvider, complete: boolean, problems: Problems): Provider {
  const baseUrl = raw.base_url === undefined || raw.base_url === "" ? BASE_URL_OF_KIND[raw.kind] : raw.base_url;
  if (complete) checkBaseUrl(name, raw.kind, baseUrl, problems);
  const key = raw.api_key?.trim();
  if (key !== undefined && !/^[ -~]*$/.test(key)) {
    problems.add(["providers", name, "api_key"], "holds characters that no header can carry");
  }
  checkHeaders(["providers", name, "headers"], raw.headers, problems);
  checkHeaders(["providers", name, "compat", "headers"], raw.compat?.headers, problems);
  return {
    name,
    kind: raw.kind,
    baseUrl: (baseUrl ?? "").replace(/\/+$/, ""),
    apiKey: key === undefined || key === "" ? null : key,
    realm: raw.realm ?? REALM_OF_KIND[raw.kind] ?? name,
    compat: buildCompat(raw),
    headers: raw.headers ?? {},
    enabled: complete && (raw.enabled ?? true),
    keyless: raw.api_key === undefined,
  };
}

/** Headers by which the message itself, or the connection, is read: they are the gateway's own. */
const FRAMING: ReadonlySet<string> = new Set([
  "connection", "content-length", "expect", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade",
]); // prettier-ignore

/** What a header can't say (RFC 9110, sections 5.1 and 5.5) would fail at each call. Values may be secrets and are not shown. */
function checkHeaders(place: string[], headers: Record<string, string> | undefined, problems: Problems): void {
  for (const [name, value] of Object.entries(headers ?? {})) {
    if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/i.test(name)) problems.add([...place, name], "is no name of a header");
    else if (FRAMING.has(name.toLowerCase())) problems.add([...place, name], "is set by the gateway itself");
    else if (!/^[\t -~\u0080-\u00ff]*$/.test(value)) {
      problems.add([...place, name], "holds characters that no header can carry");
    }
  }
}

function checkBaseUrl(name: string, kind: RawProvider["kind"], baseUrl: string | null, problems: Problems): void {
  const place = ["providers", name, "base_url"];
  if (kind === "echo") return;
  if (baseUrl === null) {
    problems.add(["providers", name], "base_url is missing; add the address that /chat/completions is appended to");
    return;
  }
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : null;
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    problems.add(place, "must be an http or https address, such as https://api.example.com/v1");
  } else if (url.username !== "" || url.password !== "") {
    problems.add(place, "must not hold credentials; put the key into api_key");
  } else if (url.search !== "" || url.hash !== "") {
    problems.add(place, "must end before ? and #; put query parameters into compat.query");
  }
}

/**
 * OpenAI itself refuses `max_tokens` for its reasoning models and takes the newer field for all; its messages have no field for earlier
 * reasoning (API reference, chat completions).
 */
const COMPAT_OF_OPENAI: Compat = {
  ...DEFAULT_COMPAT,
  max_tokens_field: "max_completion_tokens",
  reasoning_field: null,
};

function buildCompat(raw: RawProvider): Compat {
  const { reasoning_field: field, ...rest } = raw.compat ?? {};
  const compat: Compat = { ...(raw.kind === "openai" ? COMPAT_OF_OPENAI : DEFAULT_COMPAT), ...rest };
  if (field !== undefined) compat.reasoning_field = field === "none" ? null : field;
  return compat;
}
