import { toOpenAPISchema } from "@elysiajs/openapi";
import type { AnyElysia } from "elysia";
import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";
import type { HttpDeps } from "../deps.ts";
import { capSchema } from "../models/cap.ts";
import { ROUTES, type RouteDoc } from "../route-table.ts";
import { parametersOf } from "./parameters.ts";
import { bodyAt } from "./schemas.ts";

const made = new WeakMap<AnyElysia, JsonObject>();

/** Names of the security schemes. */
const SECURITY = { key: "apiKey", admin: "adminToken" } as const;

/**
 * The OpenAPI 3.1 document: the route table, and the schemas of the bodies that Elysia checks. Those that it does not parse (inference) have
 * schemas of their own here.
 */
export function openapiDocument(deps: HttpDeps, app: AnyElysia): JsonObject {
  const { brand } = deps.catalog();
  let paths = made.get(app);
  if (paths === undefined) {
    paths = buildPaths(app);
    made.set(app, paths);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: `${brand.name} API`,
      version: deps.version,
      description:
        "OpenAI, Anthropic and Gemini compatible gateway. Errors come in the shape of the dialect that was called.",
    },
    servers: [{ url: "/" }],
    tags: ["inference", "models", "account", "operation", "admin"].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: {
        [SECURITY.key]: {
          type: "http",
          scheme: "bearer",
          description: "An API key; x-api-key and x-goog-api-key work, too",
        },
        [SECURITY.admin]: { type: "http", scheme: "bearer", description: "The admin token" },
      },
      schemas: { Error: ERROR_SCHEMA },
    },
  };
}

const ERROR_SCHEMA: JsonObject = {
  type: "object",
  description: "OpenAI's error object; at Anthropic and Gemini routes theirs",
  properties: {
    error: {
      type: "object",
      properties: {
        message: { type: "string" },
        type: { type: ["string", "null"] },
        param: { type: ["string", "null"] },
        code: { type: ["string", "integer", "null"] },
      },
    },
    request_id: { type: "string" },
  },
};

function buildPaths(app: AnyElysia): JsonObject {
  const typed = toOpenAPISchema(app).paths as Record<string, Record<string, JsonObject> | undefined>;
  const bodies = checkedBodies(app);
  // A route that the table forgot is shown all the same.
  const paths: Record<string, JsonObject> = Object.fromEntries(
    Object.entries(typed).map(([path, methods]) => [path, { ...methods }]),
  );
  for (const doc of ROUTES) {
    const own = typed[doc.path]?.[doc.method.toLowerCase()];
    const path = (paths[doc.path] ??= {});
    path[doc.method.toLowerCase()] = {
      ...operation(doc, bodies.get(`${doc.method} ${doc.path}`) ?? null),
      ...withoutBody(own),
      responses: responsesOf(doc),
      parameters: parametersOf(doc),
    };
  }
  return paths;
}

/** What is made of the app's own routes knows no content type: bodies are read by a parser of ours. They are put in by `operation`. */
function withoutBody(own: JsonValue | undefined): JsonObject {
  if (!isObject(own)) return {};
  const { requestBody: _body, ...rest } = own;
  return rest;
}

/** Schemas of the bodies that Elysia checks, by method and path. */
function checkedBodies(app: AnyElysia): Map<string, object> {
  const bodies = new Map<string, object>();
  for (const { method, path, hooks } of app.routes) {
    const body: unknown = (hooks as { body?: unknown }).body;
    if (typeof body === "object" && body !== null) bodies.set(`${method} ${path.replace(/:(\w+)/g, "{$1}")}`, body);
  }
  return bodies;
}

function operation(doc: RouteDoc, checked: object | null): JsonObject {
  const isCap = doc.method === "PUT" && doc.path.endsWith("/cap");
  const takesBody = doc.method !== "GET" && doc.method !== "DELETE";
  const schema = takesBody ? (isCap ? capSchema : (checked ?? bodyAt(doc.path))) : null;
  return {
    summary: doc.summary,
    tags: [doc.group],
    ...(doc.auth === "none" ? {} : { security: [{ [SECURITY[doc.auth]]: [] }] }),
    operationId: `${doc.method.toLowerCase()}${doc.path.replace(/[^a-zA-Z0-9]+(.)?/g, (_all, next?: string) => (next ?? "").toUpperCase())}`,
    ...(schema === null ? {} : { requestBody: requestBodyOf(schema) }),
  };
}

/** No body counts as an empty object, so only one with required fields is required itself. */
function requestBodyOf(schema: object): JsonObject {
  // TypeBox schemas are JSON Schemas; a copy through JSON leaves their symbols out.
  const copy = JSON.parse(JSON.stringify(schema)) as JsonObject;
  return { required: Array.isArray(copy["required"]), content: { "application/json": { schema: copy } } };
}

function responsesOf(doc: RouteDoc): JsonObject {
  const created = doc.method === "POST" && /\/(?:keys|accounts)$/.test(doc.path);
  return {
    [created ? "201" : "200"]: { description: doc.summary },
    default: {
      description: "An error",
      content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } },
    },
  };
}
