import { isObject, isRawNumber, type JsonObject, type JsonValue } from "../../lib/json.ts";
import type { AuditFilter } from "../../audit/filter.ts";
import type { AuditReader } from "../ports.ts";

const PAGE = 500;
const encoder = new TextEncoder();

/**
 * All records of a filter as a download, read page by page as the client takes them: memory does not grow with their number. A failure in
 * the middle breaks the connection, so that nobody takes a part for the whole.
 */
export function exportRecords(
  reader: AuditReader,
  filter: AuditFilter,
  options: { format: "csv" | "ndjson"; operator: boolean; name: string },
): Response {
  let cursor: string | null = null;
  let columns: string[] | null = null;
  let done = false;
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (done) return controller.close();
        const page = await reader.page(filter, { limit: PAGE, cursor, operator: options.operator });
        cursor = page.nextCursor;
        done = cursor === null;
        let text = "";
        if (options.format === "csv") {
          for (const record of page.records.map(flat)) {
            if (columns === null) {
              columns = Object.keys(record);
              text += csvLine(columns);
            }
            text += csvLine(columns.map((name) => record[name] ?? null));
          }
        } else for (const record of page.records) text += `${JSON.stringify(record)}\n`;
        controller.enqueue(encoder.encode(text));
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(body, {
    headers: {
      "content-type": options.format === "csv" ? "text/csv; charset=utf-8; header=present" : "application/x-ndjson",
      "content-disposition": `attachment; filename="${options.name}.${options.format}"`,
    },
  });
}

/** A record without objects in it, as a table wants it: `tokens: {cached}` is the column `tokens_cached`. */
function flat(record: JsonObject): JsonObject {
  const row: JsonObject = {};
  for (const [name, value] of Object.entries(record)) {
    if (!isObject(value) || isRawNumber(value)) row[name] = value;
    else for (const [inner, part] of Object.entries(value)) row[`${name}_${inner}`] = part;
  }
  return row;
}

/** One line by RFC 4180. */
export function csvLine(values: readonly (JsonValue | undefined)[]): string {
  return `${values.map((value) => csvCell(value)).join(",")}\r\n`;
}

/** Text that a spreadsheet would take for a formula gets an apostrophe in front: model names come from clients (OWASP, CSV injection). */
function csvCell(value: JsonValue | undefined): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const safe = typeof value === "string" && /^[=+\-@\t\r\n＝＋－＠]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
