import { catalogFlags, dataDirFlag, jsonFlag } from "./flags.ts";
import { type Output, printResult } from "./output.ts";
import type { Connection } from "./transport.ts";

/** Which data folder, and by which catalog where no server runs that has one: prefixes of keys, currency and tiers come out of it. */
export interface Place {
  dataDir: string | undefined;
  catalog: string | undefined;
  profile: string | undefined;
}

/** What every command that talks to the admin API is given. */
export interface AdminContext {
  connect(place: Place): Promise<Connection>;
  out: Output;
}

/** Arguments that say where the admin API is. */
export const placeFlags = { ...dataDirFlag, ...catalogFlags } as const;
/** Arguments of every command that talks to the admin API. */
export const common = { ...placeFlags, ...jsonFlag } as const;

interface PlaceArgs {
  "data-dir"?: string;
  catalog?: string;
  profile?: string;
}
type CommonArgs = PlaceArgs & { json?: boolean };

/** What `use` gives, over a connection to the admin API that is closed afterwards. */
export async function withConnection<T>(
  context: AdminContext,
  args: PlaceArgs,
  use: (connection: Connection) => Promise<T>,
): Promise<T> {
  const { "data-dir": dataDir, catalog, profile } = args;
  const connection = await context.connect({ dataDir, catalog, profile });
  try {
    return await use(connection);
  } finally {
    await connection.close();
  }
}

/** One request of the admin API, its answer printed. */
export async function call(
  context: AdminContext,
  args: CommonArgs,
  method: string,
  path: string,
  body?: unknown,
): Promise<void> {
  const answer = await withConnection(context, args, (connection) => connection.send(method, path, body));
  printResult(context.out, answer, args.json === true);
}

/** An id as part of a path. */
export const id = (text: string): string => encodeURIComponent(text);

/** Only the fields that were given, so that the API's own defaults hold for the rest. */
export function given(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** The value of a setting: `none` takes it away (null), left out it stays (undefined). */
export const orNone = (value: string | undefined): string | null | undefined => (value === "none" ? null : value);
