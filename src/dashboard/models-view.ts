import { call, savedKey } from "./api.ts";
import { capCell } from "./cap-cell.ts";
import { type Column, element, table } from "./dom.ts";

interface Pricing {
  currency: string;
  input?: string;
  output?: string;
  cached_input?: string;
  per_image?: Record<string, { display: string } | undefined>;
}

interface ModelRow {
  id: string;
  owned_by: string;
  alias_of?: string;
  routing?: string;
  context_window?: number;
  pricing?: Pricing | null;
}

/** The models that the visitor may use, with prices; with a key also the account's caps per call. */
export async function modelsView(): Promise<HTMLElement> {
  const { data } = await call<{ data: ModelRow[] }>("GET", "/v1/models");
  const currency = data.find((row) => row.pricing)?.pricing?.currency ?? "";
  const isModel = (row: ModelRow): boolean => row.alias_of === undefined && row.routing === undefined;
  const caps: Column<ModelRow> = {
    title: "Most per call",
    cell: (row) => (isModel(row) ? capCell(row.id, currency) : ""),
  };
  return element(
    "section",
    {},
    element("p", {}, `Prices in ${currency} per 1M tokens.`),
    table<ModelRow>([...COLUMNS, ...(savedKey() === null ? [] : [caps])], data),
  );
}

const COLUMNS: readonly Column<ModelRow>[] = [
  { title: "Model", cell: (row) => element("code", {}, row.id) },
  { title: "Stands for", cell: (row) => row.alias_of ?? (row.routing === undefined ? "" : `routing: ${row.routing}`) },
  { title: "By", cell: (row) => row.owned_by },
  { title: "Context", number: true, cell: (row) => row.context_window?.toLocaleString() ?? "" },
  { title: "Input", number: true, cell: (row) => (imagePrice(row) === null ? (row.pricing?.input ?? "") : "") },
  { title: "Cached", number: true, cell: (row) => row.pricing?.cached_input ?? "" },
  { title: "Output", number: true, cell: (row) => imagePrice(row) ?? row.pricing?.output ?? "" },
];

/** Of a model that is billed by the image alone. */
function imagePrice({ pricing }: ModelRow): string | null {
  const [price] = Object.values(pricing?.per_image ?? {});
  return price === undefined || pricing?.input !== "0.00" ? null : `${price.display} per image`;
}
