/**
 * Writes what is made from the schema that the gateway itself checks catalogs by: docs/catalog.schema.json, which editors check files by, and
 * docs/catalog-keys.md, which lists every key for people.
 */
import { join } from "node:path";
import { loadCatalog } from "../src/catalog/load.ts";
import { CatalogSchema, editorSchema } from "../src/catalog/schema.ts";
import { DEFAULT_COMPAT } from "../src/ir/target.ts";
import { isObject, type JsonObject, type JsonValue } from "../src/lib/json.ts";
import { formatNano } from "../src/lib/money.ts";
import { type Rational, toDecimal } from "../src/lib/rational.ts";

/** A catalog that says nothing but what it must: what it has besides are the defaults. */
const BARE = `
providers: {p: {kind: openai-compatible, base_url: "https://api.example/v1"}}
models: [{id: m, provider: p}]
`;

/** The page's text. */
export function catalogKeysPage(): string {
  const schema = JSON.parse(JSON.stringify(CatalogSchema)) as JsonObject;
  const defaults = new Defaults();
  const sections = Object.entries(propertiesOf(schema)).map(([name, part]) => {
    const rows = keysBelow(part).map(({ path, node }) => {
      const cells = [`\`${path}\``, valueOf(node), defaults.of(name, path), told(node)];
      return `| ${cells.join(" | ")} |`;
    });
    return [`## \`${name}\``, "", `${told(part)}.`, "", HEAD, ...rows].join("\n");
  });
  return `# Every key of the catalog

Written by \`bun scripts/catalog-schema.ts\`. How it belongs together: [catalog.md](catalog.md). \`NAME\` stands for a name of your choice.

${sections.join("\n\n")}
`;
}

const HEAD = "| key | value | default | what |\n| --- | --- | --- | --- |";

interface Key {
  path: string;
  node: JsonObject;
}

/** Every key below a node, an object before what it holds. */
function keysBelow(node: JsonObject): Key[] {
  return formsOf(node).flatMap((form) => {
    const named = Object.values(objectOf(form["patternProperties"]))[0];
    // Names at the top of a part go without saying.
    const inside = named ?? form["items"];
    if (isObject(inside)) return keysBelow(inside);
    return Object.entries(propertiesOf(form)).flatMap(([name, child]) => [
      { path: name, node: child },
      ...(TOLD_ELSEWHERE.has(name) ? [] : keysBelow(child)).map((key) => ({
        path: `${name}${stepInto(child)}.${key.path}`,
        node: key.node,
      })),
    ]);
  });
}

/** They hold the same keys as `price`. */
const TOLD_ELSEWHERE: ReadonlySet<string> = new Set(["prices", "long_context"]);

/** What stands between the name of a key and the keys inside. */
const stepInto = (node: JsonObject): string =>
  formsOf(node).some((form) => form["patternProperties"] !== undefined) ? ".NAME" : "";

const objectOf = (value: JsonValue | undefined): JsonObject => (isObject(value) ? value : {});

const propertiesOf = (node: JsonObject): Record<string, JsonObject> =>
  objectOf(node["properties"]) as Record<string, JsonObject>;

/** The forms that a value may have. */
const formsOf = (node: JsonObject): JsonObject[] =>
  Array.isArray(node["anyOf"]) ? node["anyOf"].filter(isObject) : [node];

const told = (node: JsonObject): string =>
  (typeof node["description"] === "string" ? node["description"] : "–").replaceAll("|", "\\|");

/** What may be written, in words. */
function valueOf(node: JsonObject): string {
  return [...new Set(formsOf(node).map(formOf))].join(" or ");
}

const WORDS: Readonly<Record<string, string>> = { string: "text", boolean: "true, false", array: "list" };

function formOf(form: JsonObject): string {
  if (Array.isArray(form["enum"])) return form["enum"].map((word) => `\`${String(word)}\``).join(", ");
  if (form["format"] === "amount") return "amount";
  if (form["type"] === "object") return form["patternProperties"] === undefined ? "keys" : "by name";
  return WORDS[String(form["type"])] ?? String(form["type"]);
}

/** What holds where a key is left out, as the gateway fills it in. */
class Defaults {
  readonly #parts: Record<string, unknown>;

  constructor() {
    const loaded = loadCatalog(BARE, { file: "bare.yaml", env: {} });
    if (!loaded.ok) throw new Error("the bare catalog is refused");
    const { access, billing, brand, features, routing } = loaded.catalog;
    this.#parts = { access, billing, brand, features, routing, providers: { compat: DEFAULT_COMPAT } };
  }

  of(part: string, path: string): string {
    let value = this.#parts[part];
    for (const name of path.split(".")) {
      const ours = path.startsWith("compat.")
        ? name
        : name.replaceAll(/_(\w)/g, (_all, letter: string) => letter.toUpperCase());
      value = isObject(value) ? value[ours] : undefined;
    }
    return shown(value);
  }
}

function shown(value: unknown): string {
  if (typeof value === "bigint") return formatNano(value);
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (typeof value === "string" && value !== "") return `\`${value}\``;
  return isRational(value) ? toDecimal(value) : "–";
}

const isRational = (value: unknown): value is Rational =>
  typeof value === "object" && value !== null && "num" in value && "den" in value;

if (import.meta.main) {
  await Bun.write(join(import.meta.dir, "../docs/catalog.schema.json"), editorSchema());
  await Bun.write(join(import.meta.dir, "../docs/catalog-keys.md"), catalogKeysPage());
}
