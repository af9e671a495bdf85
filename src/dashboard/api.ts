/** Calls of the gateway's own HTTP API, with the key that the visitor typed in. It is kept for this tab only. */
const STORAGE = "api-key";

export class ApiError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The key that was entered in this tab; null when none was. */
export const savedKey = (): string | null => sessionStorage.getItem(STORAGE);
/** Keeps a key until the tab is closed. */
export const saveKey = (key: string): void => sessionStorage.setItem(STORAGE, key);
/** Forgets the key of this tab. */
export const forgetKey = (): void => sessionStorage.removeItem(STORAGE);

/** Sends a request and gives its JSON. Throws ApiError with the gateway's own message. */
export async function call<T>(method: string, path: string, body?: object): Promise<T> {
  const headers: Record<string, string> = {};
  const key = savedKey();
  if (key !== null) headers["authorization"] = `Bearer ${key}`;
  if (body !== undefined) headers["content-type"] = "application/json";
  const response = await fetch(path, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer = (await response.json()) as T & { error?: { message?: string } };
  if (!response.ok) throw new ApiError(response.status, answer.error?.message ?? `status ${response.status}`);
  return answer;
}
