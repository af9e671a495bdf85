import {
  type Document,
  isMap,
  isScalar,
  isSeq,
  Pair,
  parseDocument,
  Scalar,
  type ScalarTag,
  type Tags,
  visit,
  YAMLMap,
  YAMLSeq,
} from "yaml";
import { compiledTree } from "./compiled.ts";
import type { RawModel, RawPrice } from "./schema.ts";

/** Numbers are printed as they were written: no amount passes through a binary float. */
const SOURCE_NUMBER: ScalarTag = {
  tag: "tag:yaml.org,2002:float",
  default: true,
  identify: (value) => typeof value === "number",
  test: /^[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$/,
  resolve: (text) => Number(text),
  stringify: (node) => node.source ?? String(node.value),
};
const NUMBERS: ReadonlySet<string> = new Set(["tag:yaml.org,2002:float", "tag:yaml.org,2002:int"]);
const withSourceNumbers = (tags: Tags): Tags => [
  SOURCE_NUMBER,
  ...tags.filter((tag) => typeof tag === "string" || !NUMBERS.has(tag.tag)),
];

/** One entry of `models`. */
export interface ModelEntry {
  index: number;
  id: string;
  /** The first is where the row's price is told for. */
  providers: string[];
}

/**
 * The text of a good catalog, for adding price rows and models to it: comments, anchors and amounts stay as they were written. A catalog that is
 * built into the binary has lost its comments already.
 */
export class CatalogText {
  readonly #document: Document;
  readonly #models: YAMLSeq;

  /** Throws Error when the text has no list of models. */
  constructor(text: string) {
    const tree = compiledTree(text);
    this.#document = parseDocument(tree ?? text, { schema: "core", customTags: withSourceNumbers });
    if (tree !== null) unfold(this.#document);
    const models = this.#document.get("models");
    if (!isSeq(models)) throw new Error("the catalog has no list of models that could be added to");
    this.#models = models;
  }

  /** The entries that can be told by an id, in the order of the text. */
  models(): ModelEntry[] {
    return this.#models.items.flatMap((item, index) => {
      if (!isMap(item)) return [];
      const { id, provider } = item.toJS(this.#document) as { id: unknown; provider: unknown };
      const providers = (Array.isArray(provider) ? provider : [provider]).filter((name) => typeof name === "string");
      return typeof id === "string" ? [{ index, id, providers }] : [];
    });
  }

  /** Adds a dated row to an entry; those that it has stay, so that calls keep the price that they had. Throws Error where it can't be added. */
  addPrice(index: number, price: RawPrice & { from: string }): void {
    const entry = this.#models.items[index];
    if (!isMap(entry)) throw new Error(`models[${index}] is no mapping`);
    const row = nodeOf(price);
    const rows = entry.get("prices", true);
    const single = entry.items.find(({ key }) => isScalar(key) && key.value === "price");
    if (isSeq(rows)) rows.items.push(row);
    else if (rows !== undefined) throw new Error(`models[${index}].prices is an alias; write its rows out`);
    else if (single === undefined) entry.items.push(new Pair(new Scalar("prices"), listOf([row])));
    else {
      (single.key as Scalar).value = "prices";
      single.value = listOf([single.value, row]);
    }
  }

  /** Adds an entry behind all others. */
  addModel(model: RawModel): void {
    this.#models.items.push(nodeOf(model));
  }

  toString(): string {
    return this.#document.toString({ lineWidth: 0 });
  }
}

/** JSON as people write YAML. */
function unfold(document: Document): void {
  visit(document, {
    Collection: (_key, node) => void (node.flow = false),
    Scalar: (_key, node) => void (node.type === Scalar.QUOTE_DOUBLE && delete node.type),
  });
}

function listOf(items: unknown[]): YAMLSeq {
  const list = new YAMLSeq();
  list.items = items;
  return list;
}

/** Amounts are texts in a raw row, and numbers in a file. */
const AMOUNT = /^[0-9]+(?:\.[0-9]+)?$/;

function nodeOf(value: unknown, key = ""): YAMLMap | YAMLSeq | Scalar {
  if (Array.isArray(value)) return inline(listOf(value.map((item) => nodeOf(item))));
  if (typeof value === "object" && value !== null) {
    const map = new YAMLMap();
    for (const [name, item] of Object.entries(value)) map.items.push(new Pair(new Scalar(name), nodeOf(item, name)));
    return key === "modifiers" || key === "tool_fees" || key === "cache_write" ? inline(map) : map;
  }
  const isAmount = typeof value === "string" && AMOUNT.test(value) && !TEXTS.has(key);
  const scalar = new Scalar(isAmount ? Number(value) : value);
  scalar.source = String(value);
  return scalar;
}

/** Fields that are text whatever they look like. */
const TEXTS: ReadonlySet<string> = new Set(["id", "upstream", "name", "provider", "from"]);

function inline<T extends YAMLMap | YAMLSeq>(node: T): T {
  node.flow = true;
  return node;
}
