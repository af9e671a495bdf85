type Child = Node | string | null;
type Attributes = Record<string, string | boolean | ((event: Event) => void)>;

/** Makes an element. Text only ever becomes text nodes, so nothing that the API says can become markup. */
export function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(key, value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

export interface Column<Row> {
  title: string;
  number?: boolean;
  cell(row: Row): Child;
}

/** A table of rows, or a sentence when there are none. */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): HTMLElement {
  if (rows.length === 0) return element("p", {}, "Nothing here yet.");
  const kind = (column: Column<Row>): Attributes => (column.number === true ? { class: "number" } : {});
  return element(
    "table",
    {},
    element("thead", {}, element("tr", {}, ...columns.map((column) => element("th", kind(column), column.title)))),
    element(
      "tbody",
      {},
      ...rows.map((row) =>
        element("tr", {}, ...columns.map((column) => element("td", kind(column), column.cell(row)))),
      ),
    ),
  );
}

/** The element of the page. Throws Error when there is none. */
export function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`no element #${id}`);
  return found;
}

/** A labelled field of a form. */
export const input = (name: string, label: string, attributes: Attributes = {}): HTMLElement =>
  element("label", {}, label, element("input", { name, ...attributes }));

/** The trimmed text of a form's field. */
export function field(form: HTMLFormElement, name: string): string {
  const value = new FormData(form).get(name);
  return typeof value === "string" ? value.trim() : "";
}
