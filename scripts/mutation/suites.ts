/** Which tests find mutants in which file: the ones about it first, then its neighbours', then those of whole calls, invoices and terms. */
import { readdirSync } from "node:fs";
import { basename, join } from "node:path";

/** One process that passes where nothing is broken. Arguments of `bun`. */
export interface Suite {
  name: string;
  command: string[];
  /** Takes a second or two. */
  isCheap: boolean;
}

/** Tests of these never depend on what is mutated, or start other processes for long. */
const LEFT_OUT = /simulate|crash|power-loss|seeds|backup|start-check|summaries|verify/;

const PRICE = ["ledger/price", "ledger/rerate"];
const CATALOG = ["catalog/price", "catalog/rows"];

/** The first tests by the file's name, where they are not those of the ledger's holds. */
const OWN: Readonly<Record<string, readonly string[]>> = {
  "src/ledger/price.ts": PRICE,
  "src/ledger/price-lines.ts": PRICE,
  "src/ledger/compile.ts": PRICE,
  "src/ledger/decimal.ts": ["ledger/decimal", ...PRICE],
  "src/ledger/periods.ts": ["ledger/periods"],
  "src/ledger/recover.ts": ["ledger/recover"],
  "src/ledger/audit-money.ts": ["ledger/recover"],
  "src/ledger/settling.ts": ["ledger/outcome"],
  "src/ledger/rerate.ts": ["ledger/rerate"],
  "src/ledger/sanitize.ts": ["ledger/sanitize"],
  "src/ledger/payments.ts": ["ledger/payments"],
  "src/ledger/alerts.ts": ["ledger/alerts"],
  "src/ledger/invoice.ts": ["ledger/invoice", "store/invoice"],
  "src/catalog/price.ts": CATALOG,
  "src/catalog/build-prices.ts": CATALOG,
  "src/catalog/raw-price.ts": CATALOG,
  "src/catalog/fallbacks.ts": CATALOG,
};
const HOLDS = ["ledger/settling", "ledger/admission"];

/** Tests of the running gateway that are about money. */
const WHOLE = [
  "gateway/alerts",
  "gateway/bad-money",
  "gateway/calls",
  "gateway/money-routes",
  "gateway/overspend",
  "gateway/price-fields",
  "http/books",
  "http/invoices",
  "http/models",
  "http/payments",
  "http/reports",
  "http/terms",
  "cli/accounts",
  "cli/prices",
];

const fileOf = (name: string): string => `test/${name}.test.ts`;

/** `--bail` ends at the first failure: one is enough. */
const testing = (name: string, files: readonly string[], isCheap = true): Suite => ({
  name,
  isCheap,
  command: ["test", "--bail=1", "--timeout", "20000", ...files],
});

/** The suites for a file of the tree at `root`, cheapest first. */
export function suitesOf(file: string, root: string): Suite[] {
  const folder = (name: string): string[] =>
    readdirSync(join(root, "test", name))
      .filter((found) => found.endsWith(".test.ts") && !LEFT_OUT.test(found))
      .map((found) => `test/${name}/${found}`);
  const own = (OWN[file] ?? HOLDS).map(fileOf);
  const isCatalog = file.startsWith("src/catalog/");
  const near = isCatalog ? [...folder("catalog"), fileOf("ledger/price")] : folder("ledger");
  const simulation: Suite = {
    name: "simulation",
    isCheap: true,
    command: ["scripts/simulate.ts", "--seeds", "300", "--steps", "80"],
  };
  return [
    testing(own.map((path) => basename(path, ".test.ts")).join(", "), own),
    testing(isCatalog ? "catalog" : "ledger", near),
    ...(isCatalog ? [] : [simulation, testing("store", [...folder("store"), ...folder("accounting")], false)]),
    testing("gateway", WHOLE.map(fileOf), false),
  ];
}
