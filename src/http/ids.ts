const requestIds = new WeakMap<Request, string>();

/** The id of this request (UUIDv7, RFC 9562): made on first use, the same in the header, the body and the logs. */
export function requestIdOf(request: Request): string {
  const known = requestIds.get(request);
  if (known !== undefined) return known;
  const id = `req_${Bun.randomUUIDv7("hex").replaceAll("-", "")}`;
  requestIds.set(request, id);
  return id;
}
