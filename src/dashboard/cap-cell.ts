import { call } from "./api.ts";
import { element, field, input } from "./dom.ts";

interface Cap {
  /** The account's own; null = none. */
  cap: string | null;
  /** The catalog's. */
  default_cap: string | null;
}

/** A button that opens the account's own cap per call for a model, to be changed or removed in place. */
export function capCell(model: string, currency: string): HTMLElement {
  const path = `/v1/models/${encodeURIComponent(model)}/cap`;
  const cell = element("div", {});
  const problem = element("span", { class: "error" });
  const fail = (error: unknown): void =>
    problem.replaceChildren(error instanceof Error ? error.message : String(error));
  const send = (method: string, body?: object): void => {
    problem.replaceChildren();
    call<Cap>(method, path, body).then(draw, fail);
  };
  const edit = (known: Cap): void => {
    const form = element(
      "form",
      {},
      input("cap", currency, { inputmode: "decimal", required: true, size: "8", value: known.cap ?? "" }),
      element("button", { type: "submit" }, "Set"),
      known.cap === null ? null : element("button", { type: "button", click: () => send("DELETE") }, "Remove"),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      send("PUT", { cap: field(form, "cap") });
    });
    cell.replaceChildren(form, problem);
  };
  const draw = (known: Cap): void => {
    const text = known.cap ?? (known.default_cap === null ? "none" : `${known.default_cap} (default)`);
    cell.replaceChildren(text, " ", element("button", { type: "button", click: () => edit(known) }, "Change"));
  };
  const load = (): void => void call<Cap>("GET", path).then(draw, fail);
  cell.append(element("button", { type: "button", click: load }, "Show"), problem);
  return cell;
}
