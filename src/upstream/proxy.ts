/** True when the environment names a proxy: then providers are reached by the runtime's fetch, which speaks to proxies, and not by sockets of our own. */
export const usesProxy = (env: Readonly<Record<string, string | undefined>>): boolean =>
  ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"].some((name) => (env[name] ?? "") !== "");
