import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { JwtVerifier, looksLikeJwt } from "../../src/gates/jwt.ts";
import { testBed, type TestBed } from "../http/support.ts";

const SECRET = "a-secret-of-at-least-thirty-two-bytes";
const providers = `
providers: {openai: {kind: openai, base_url: "https://api.openai.com/v1"}}
models: [{id: gpt-5, provider: openai, context: 1000, price: {input: 1, output: 1}}]
`;
const hmacCatalog = `
access:
  auth: required
  jwt: {algorithms: [HS256], secret: "${SECRET}", issuer: "https://id.example", audience: tollgate}
${providers}`;

interface Token {
  claims?: JWTPayload;
  alg?: string;
  header?: object;
  key?: Uint8Array | CryptoKey;
}

function sign(bed: TestBed, token: Token = {}): Promise<string> {
  const seconds = Math.floor(bed.clock.wall / 1000);
  const claims = { sub: "acc_1", iss: "https://id.example", aud: "tollgate", exp: seconds + 60, ...token.claims };
  const given = Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined));
  return new SignJWT(given)
    .setProtectedHeader({ alg: token.alg ?? "HS256", ...token.header })
    .sign(token.key ?? new TextEncoder().encode(SECRET));
}

async function ask(bed: TestBed, token: string): Promise<[number, string | null]> {
  const answer = await bed.send("GET", "/v1/credits", { key: token });
  if (answer.ok) return [answer.status, null];
  return [answer.status, ((await answer.json()) as { error: { code: string } }).error.code];
}

describe("JWT by secret", () => {
  const bed = testBed({ catalog: hmacCatalog });

  test("a good token is its account", async () => {
    expect(await ask(bed, await sign(bed))).toEqual([200, null]);
  });

  test.each<[string, Token, string]>([
    ["another secret", { key: new TextEncoder().encode("x".repeat(40)) }, "invalid_jwt_signature"],
    ["an algorithm off the list", { alg: "HS512" }, "invalid_jwt_signature"],
    ["expired", { claims: { exp: 1 } }, "key_expired"],
    ["without expiry", { claims: { exp: undefined } }, "invalid_bearer"],
    ["not yet valid", { claims: { nbf: 9_999_999_999 } }, "invalid_bearer"],
    ["another audience", { claims: { aud: "other" } }, "invalid_bearer"],
    ["without audience", { claims: { aud: undefined } }, "invalid_bearer"],
    ["another issuer", { claims: { iss: "https://evil.example" } }, "invalid_bearer"],
    ["an unknown account", { claims: { sub: "acc_9" } }, "invalid_bearer"],
    ["an account that is no text", { claims: { sub: undefined } }, "invalid_bearer"],
    ["a key id like a path", { header: { kid: "../../etc/passwd" } }, ""],
  ])("%s", async (_name, token, code) => {
    expect(await ask(bed, await sign(bed, token))).toEqual(code === "" ? [200, null] : [401, code]);
  });

  test("two tokens with one header and a common beginning are two identities", async () => {
    const one = await sign(bed, { claims: { sub: "acc_1", scope: "same" } });
    const two = await sign(bed, { claims: { sub: "acc_2", scope: "same" } });
    expect(one.slice(0, 30)).toBe(two.slice(0, 30));
    const owner = async (token: string): Promise<unknown> =>
      ((await (await bed.send("POST", "/v1/keys", { key: token, body: {} })).json()) as { account_id: string })
        .account_id;
    expect([await owner(one), await owner(two), await owner(one)]).toEqual(["acc_1", "acc_2", "acc_1"]);
  });

  test("alg none, changed payload and cut signature", async () => {
    const [header, payload, signature] = (await sign(bed)).split(".");
    const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
    const none = `${encode({ alg: "none" })}.${payload}.`;
    const changed = `${header}.${encode({ sub: "acc_2", exp: 9_999_999_999, iss: "https://id.example", aud: "tollgate" })}.${signature}`;
    for (const token of [none, changed, `${header}.${payload}.`, `${header}.${payload}.AAAA`]) {
      expect(await ask(bed, token)).toEqual([401, "invalid_jwt_signature"]);
    }
  });

  test("a key inside the token is never used", async () => {
    const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
    const jwk = await exportJWK(publicKey);
    const header = { jwk, jku: "http://127.0.0.1:1/keys", x5u: "http://127.0.0.1:1/cert" };
    expect(await ask(bed, await sign(bed, { alg: "ES256", key: privateKey, header }))).toEqual([
      401,
      "invalid_jwt_signature",
    ]);
  });

  test("a disabled account is refused at the next request", async () => {
    await bed.keys.updateAccount("acc_1", { status: "disabled" });
    expect(await ask(bed, await sign(bed))).toEqual([403, "forbidden"]);
    await bed.keys.updateAccount("acc_1", { status: "active" });
  });

  test("where no JWT is configured, a token is just an unknown bearer", async () => {
    const plain = testBed();
    expect(await ask(plain, await sign(bed))).toEqual([401, "invalid_bearer"]);
  });

  test("keys are not taken for JWTs", () => {
    for (const text of ["tg-abc", "a.b.c", "eyJ.x.y", "", "eyJhbGciOiJIUzI1NiJ9"])
      expect(looksLikeJwt(text)).toBe(false);
  });
});

describe("JWT by key set", () => {
  async function keySet(kid: string) {
    const { privateKey, publicKey } = await generateKeyPair("RS256", { extractable: true });
    return { privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: "RS256", use: "sig" } };
  }

  test("a file of keys; the public key is no HMAC secret", async () => {
    const first = await keySet("k1");
    const file = join(tmpdir(), `jwks-${process.pid}.json`);
    writeFileSync(file, JSON.stringify({ keys: [first.jwk] }));
    const bed = testBed({
      catalog: `access: {auth: required, jwt: {algorithms: [RS256], jwks_file: "${file}", issuer: "https://id.example", audience: tollgate}}\n${providers}`,
    });
    expect(await ask(bed, await sign(bed, { alg: "RS256", key: first.privateKey, header: { kid: "k1" } }))).toEqual([
      200,
      null,
    ]);
    const confused = new TextEncoder().encode(JSON.stringify(first.jwk));
    expect(await ask(bed, await sign(bed, { alg: "HS256", key: confused, header: { kid: "k1" } }))).toEqual([
      401,
      "invalid_jwt_signature",
    ]);
  });

  test("an unknown key id has the set fetched anew, at most once a minute", async () => {
    const [first, second] = [await keySet("k1"), await keySet("k2")];
    let served = [first.jwk];
    let fetches = 0;
    const bed = testBed({
      catalog: `access: {auth: required, jwt: {algorithms: [RS256], jwks_url: "https://id.example/keys", issuer: "https://id.example", audience: tollgate}}\n${providers}`,
    });
    const fetchText = async (): Promise<string> => {
      fetches += 1;
      return JSON.stringify({ keys: served });
    };
    bed.deps.jwt = new JwtVerifier({ clock: bed.clock, log: bed.deps.log, fetchText });
    const tokenOf = (pair: typeof first, kid: string) =>
      sign(bed, { alg: "RS256", key: pair.privateKey, header: { kid } });
    expect(await ask(bed, await tokenOf(first, "k1"))).toEqual([200, null]);
    for (let round = 0; round < 20; round += 1) {
      expect(await ask(bed, await tokenOf(second, "k2"))).toEqual([401, "invalid_jwt_signature"]);
    }
    expect(fetches).toBe(1);
    served = [first.jwk, second.jwk];
    bed.clock.pass(60_001);
    expect(await ask(bed, await tokenOf(second, "k2"))).toEqual([200, null]);
    expect(fetches).toBe(2);
  });
});
