import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { isObject, type JsonObject } from "../lib/json.ts";
import type { HttpDeps } from "./deps.ts";

/** Prometheus metrics. Labels are path templates, statuses, providers and model ids of the catalog: nothing that a caller can invent. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #calls = new Counter({
    name: "tollgate_requests_total",
    help: "Inference requests answered, by endpoint and status",
    labelNames: ["endpoint", "status"],
    registers: [this.#registry],
  });
  readonly #seconds = new Histogram({
    name: "tollgate_request_seconds",
    help: "Seconds until the answer's headers, by endpoint",
    labelNames: ["endpoint"],
    buckets: [0.005, 0.02, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers: [this.#registry],
  });
  /** Label sets already resolved: looking one up by its object costs more than the count. */
  readonly #known = new Map<string, Counter.Internal>();
  readonly #timers = new Map<string, Histogram.Internal<"endpoint">>();

  constructor(deps: Pick<HttpDeps, "inFlight" | "health" | "clock" | "ledger" | "accounting">) {
    const gauge = (name: string, help: string, value: () => number): Gauge =>
      new Gauge({
        name,
        help,
        registers: [this.#registry],
        collect() {
          this.set(value());
        },
      });
    gauge("tollgate_in_flight", "Calls and streams under way", () => deps.inFlight());
    gauge("tollgate_ledger_healthy", "1 while the ledger takes writes", () => (deps.ledger.healthy() ? 1 : 0));
    gauge(
      "tollgate_breakers_open",
      "Targets that are not tried at present",
      () =>
        deps.health.snapshot(deps.clock.now()).filter((row) => row.state === "open" || row.state === "disabled").length,
    );
    this.#reconciliations(deps.accounting);
    gauge("process_resident_memory_bytes", "Resident memory in bytes", () => process.memoryUsage.rss());
    gauge("process_uptime_seconds", "Seconds since the start of the process", () => process.uptime());
  }

  /** What the last reconciliation with each provider gave. */
  #reconciliations(accounting: HttpDeps["accounting"]): void {
    const gauge = (name: string, help: string, value: (view: JsonObject) => number): Gauge =>
      new Gauge({
        name,
        help,
        labelNames: ["provider"],
        registers: [this.#registry],
        collect() {
          for (const { provider, view } of accounting.reconciliations()) this.set({ provider }, value(view));
        },
      });
    gauge("tollgate_provider_cost_alarm", "1 when a provider's report has drifted from the records", (view) =>
      view["alarm"] === true ? 1 : 0,
    );
    gauge("tollgate_provider_cost_drift_percent", "Records less the provider's report, in percent of it", (view) => {
      const total = isObject(view["total"]) ? view["total"] : {};
      return Number(total["drift_percent"] ?? Number.NaN);
    });
  }

  observeCall(endpoint: string, status: number, milliseconds: number): void {
    const key = `${endpoint} ${status}`;
    let counter = this.#known.get(key);
    if (counter === undefined) {
      counter = this.#calls.labels(endpoint, String(status));
      this.#known.set(key, counter);
    }
    counter.inc();
    let timer = this.#timers.get(endpoint);
    if (timer === undefined) {
      timer = this.#seconds.labels(endpoint);
      this.#timers.set(endpoint, timer);
    }
    timer.observe(milliseconds / 1000);
  }

  /** The text exposition format. */
  render(): Promise<string> {
    return this.#registry.metrics();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }
}
