import { newId } from "../lib/ids.ts";

const requestIds = new WeakMap<Request, string>();

/** The id of this request: made on first use, the same in the header, the body and the logs. */
export function requestIdOf(request: Request): string {
  const known = requestIds.get(request);
  if (known !== undefined) return known;
  const id = newId("req");
  requestIds.set(request, id);
  return id;
}
