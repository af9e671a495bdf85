import { ApiError, call, forgetKey, saveKey, savedKey } from "./api.ts";
import { byId, element, field, input } from "./dom.ts";
import { keysView } from "./keys-view.ts";
import { modelsView } from "./models-view.ts";
import { creditsView, usageView } from "./views.ts";

const VIEWS: Record<string, () => Promise<HTMLElement>> = {
  Models: modelsView,
  Credits: creditsView,
  Keys: () => keysView(() => show("Keys")),
  Usage: usageView,
};

const view = byId("view");
const leave = byId("leave");

function drawTabs(current: string): void {
  const tabs = Object.keys(VIEWS).map((name) =>
    element(
      "button",
      { type: "button", ...(name === current ? { "aria-current": "page" } : {}), click: () => void show(name) },
      name,
    ),
  );
  byId("tabs").replaceChildren(...tabs);
}

async function show(name: string): Promise<void> {
  drawTabs(name);
  leave.hidden = savedKey() === null;
  view.replaceChildren(element("p", {}, "Loading…"));
  try {
    view.replaceChildren((await VIEWS[name]?.()) ?? "");
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return askForKey(savedKey() === null ? null : error.message);
    view.replaceChildren(element("p", { class: "error" }, error instanceof Error ? error.message : String(error)));
  }
}

function askForKey(problem: string | null): void {
  const form = element(
    "form",
    {},
    input("key", "API key", { type: "password", autocomplete: "off", required: true, size: "48" }),
    element("button", { type: "submit" }, "Open"),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    saveKey(field(form, "key"));
    void show("Credits");
  });
  view.replaceChildren(form, problem === null ? "" : element("p", { class: "error" }, problem));
}

leave.addEventListener("click", () => {
  forgetKey();
  void show("Models");
});

async function start(): Promise<void> {
  await show("Models");
  const { name } = await call<{ name: string }>("GET", "/health");
  byId("brand").textContent = name;
  document.title = name;
}

start().catch((error: unknown) => {
  if (!(error instanceof ApiError)) throw error;
});
