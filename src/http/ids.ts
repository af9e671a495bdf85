/** `req_0192…`: sortable by time, unguessable enough for a trace id (UUIDv7, RFC 9562). */
export const newId = (prefix: string): string => `${prefix}_${Bun.randomUUIDv7("hex").replaceAll("-", "")}`;

const requestIds = new WeakMap<Request, string>();

/** The id of this request: made on first use, the same in the header, the body and the logs. */
export function requestIdOf(request: Request): string {
  const known = requestIds.get(request);
  if (known !== undefined) return known;
  const id = newId("req");
  requestIds.set(request, id);
  return id;
}
