import { readFile } from "node:fs/promises";
import { decodeProtectedHeader, errors, importJWK, type JWK, type JWTPayload, jwtVerify } from "jose";
import type { Access } from "../catalog/types.ts";
import { GatewayError } from "../ir/error.ts";
import type { Clock } from "../lib/clock.ts";
import { errorText, type Logger } from "../lib/log.ts";
import { isObject } from "../lib/json.ts";

export type JwtSettings = NonNullable<Access["jwt"]>;
type VerifyKey = Awaited<ReturnType<typeof importJWK>>;

/** ms between two looks at a key set for the sake of an unknown key id. */
const REFETCH_MS = 60_000;
/** ms that a fetched key set is good for. */
const KEEP_MS = 600_000;
const CLOCK_TOLERANCE_SECONDS = 5;

interface KeySet {
  keys: JWK[];
  readAt: number;
}

/** Three base64url parts of which the first is a JSON object: what a signed JWT looks like (RFC 7519). Keys hold no dot. */
export function looksLikeJwt(text: string): boolean {
  if (!/^eyJ[\w-]*\.[\w-]+\.[\w-]*$/.test(text)) return false;
  try {
    decodeProtectedHeader(text);
    return true;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}

/**
 * Verifies JWTs by the settings of the catalog: only listed algorithms, HMAC only with the secret and public-key algorithms only with the
 * key set, so that neither can stand in for the other; keys and URLs inside the token are never looked at.
 */
export class JwtVerifier {
  readonly #clock: Clock;
  readonly #log: Logger;
  /** Reads a key set from a URL, private networks refused. */
  readonly #fetchText: (url: string) => Promise<string>;
  readonly #sets = new Map<string, KeySet>();

  constructor(options: { clock: Clock; log: Logger; fetchText: (url: string) => Promise<string> }) {
    this.#clock = options.clock;
    this.#log = options.log;
    this.#fetchText = options.fetchText;
  }

  /** Gives the claims, or throws GatewayError 401. */
  async verify(token: string, settings: JwtSettings): Promise<JWTPayload> {
    try {
      const { alg, kid } = decodeProtectedHeader(token);
      if (alg === undefined || !settings.algorithms.includes(alg)) throw badSignature();
      const key = alg.startsWith("HS") ? secretKey(settings) : await this.#publicKey(settings, alg, kid);
      const { payload } = await jwtVerify(token, key, {
        algorithms: [alg],
        requiredClaims: ["exp"],
        currentDate: new Date(this.#clock.now()),
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        ...(settings.issuer === null ? {} : { issuer: settings.issuer }),
        ...(settings.audience === null ? {} : { audience: settings.audience }),
      });
      return payload;
    } catch (error) {
      throw asRefusal(error);
    }
  }

  async #publicKey(settings: JwtSettings, alg: string, kid: string | undefined): Promise<VerifyKey> {
    const source = settings.jwksFile ?? settings.jwksUrl;
    if (source === null) throw badSignature();
    const known = await this.#keySet(source, settings.jwksFile !== null, KEEP_MS);
    const jwk = pickKey(known, alg, kid) ?? pickKey(await this.#refreshed(source, settings), alg, kid);
    if (jwk === undefined) throw badSignature();
    return importJWK(jwk, alg);
  }

  /** The key set read anew, unless that was done within the last minute. */
  #refreshed(source: string, settings: JwtSettings): Promise<JWK[]> {
    return this.#keySet(source, settings.jwksFile !== null, REFETCH_MS);
  }

  async #keySet(source: string, isFile: boolean, maxAgeMs: number): Promise<JWK[]> {
    const now = this.#clock.monotonic();
    const kept = this.#sets.get(source);
    if (kept !== undefined && now - kept.readAt < maxAgeMs) return kept.keys;
    try {
      const text = isFile ? await readFile(source, "utf8") : await this.#fetchText(source);
      const keys = readKeySet(text);
      this.#sets.set(source, { keys, readAt: now });
      return keys;
    } catch (error) {
      this.#log.error("the JWT key set could not be read", { error: errorText(error) });
      this.#sets.set(source, { keys: kept?.keys ?? [], readAt: now });
      return kept?.keys ?? [];
    }
  }
}

function readKeySet(text: string): JWK[] {
  const value: unknown = JSON.parse(text);
  if (!isObject(value) || !Array.isArray(value["keys"])) throw new Error("no `keys` in the key set");
  return value["keys"].filter((key) => isObject(key) && key["kty"] !== "oct") as JWK[];
}

function pickKey(keys: readonly JWK[], alg: string, kid: string | undefined): JWK | undefined {
  const fitting = keys.filter((key) => (key.alg === undefined || key.alg === alg) && (key.use ?? "sig") === "sig");
  if (kid !== undefined) return fitting.find((key) => key.kid === kid);
  return fitting.length === 1 ? fitting[0] : undefined;
}

function secretKey(settings: JwtSettings): Uint8Array {
  if (settings.secret === null || settings.secret === "") throw badSignature();
  return new TextEncoder().encode(settings.secret);
}

function badSignature(): GatewayError {
  return refusal("invalid_jwt_signature", "The token's signature does not verify.");
}

function asRefusal(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  if (error instanceof errors.JWTExpired) return refusal("key_expired", "The token has expired.");
  if (error instanceof errors.JWTClaimValidationFailed) {
    return refusal("invalid_bearer", `The token's claim \`${error.claim}\` does not hold here.`);
  }
  if (error instanceof errors.JWTInvalid) return refusal("invalid_bearer", "The token's claims can't be read.");
  return badSignature();
}

function refusal(code: "invalid_jwt_signature" | "invalid_bearer" | "key_expired", message: string): GatewayError {
  return new GatewayError({ status: 401, code, message, headers: { "www-authenticate": "Bearer" } });
}
