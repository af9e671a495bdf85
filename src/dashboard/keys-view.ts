import { call } from "./api.ts";
import { element, field, input, table } from "./dom.ts";

interface KeyRow {
  id: string;
  name: string;
  display: string;
  models: string[];
  monthly_cap: string | null;
  created_at: string;
  last_used_at: string | null;
  revoked_at: string | null;
}

/** Lists keys, makes new ones and revokes them. `refresh` shows the view anew; a new key's plaintext stays on the page until then. */
export async function keysView(refresh: () => Promise<void>): Promise<HTMLElement> {
  const { data } = await call<{ data: KeyRow[] }>("GET", "/v1/keys");
  const note = element("p", { role: "status" });
  const fail = (error: unknown): void => {
    note.className = "error";
    note.replaceChildren(error instanceof Error ? error.message : String(error));
  };
  const revoke = (row: KeyRow) => (): void => {
    if (!confirm(`Revoke the key ${row.display}? It stops at once.`)) return;
    call("DELETE", `/v1/keys/${encodeURIComponent(row.id)}`).then(refresh, fail);
  };
  return element(
    "section",
    {},
    newKeyForm(note, fail),
    note,
    table<KeyRow>(
      [
        { title: "Name", cell: (row) => row.name },
        { title: "Key", cell: (row) => element("code", {}, row.display) },
        { title: "Models", cell: (row) => (row.models.length === 0 ? "all" : row.models.join(", ")) },
        { title: "Monthly cap", number: true, cell: (row) => row.monthly_cap ?? "none" },
        { title: "Created", cell: (row) => row.created_at.slice(0, 10) },
        { title: "Last used", cell: (row) => row.last_used_at?.slice(0, 16).replace("T", " ") ?? "never" },
        {
          title: "",
          cell: (row) =>
            row.revoked_at === null ? element("button", { type: "button", click: revoke(row) }, "Revoke") : "revoked",
        },
      ],
      data,
    ),
  );
}

function newKeyForm(note: HTMLElement, fail: (error: unknown) => void): HTMLElement {
  const form = element(
    "form",
    {},
    input("name", "Name", { maxlength: "200" }),
    input("models", "Models (globs, by commas)", { placeholder: "all" }),
    input("cap", "Monthly cap", { inputmode: "decimal", placeholder: "none" }),
    element("button", { type: "submit" }, "Create key"),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const models = field(form, "models");
    const cap = field(form, "cap");
    const body = {
      name: field(form, "name"),
      ...(models === "" ? {} : { models: models.split(",").map((glob) => glob.trim()) }),
      ...(cap === "" ? {} : { monthly_cap: cap }),
    };
    call<{ key: string }>("POST", "/v1/keys", body).then((made) => {
      note.className = "";
      note.replaceChildren("Copy this key now, it is shown once: ", element("code", {}, made.key));
      form.reset();
    }, fail);
  });
  return form;
}
