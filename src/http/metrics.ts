import { Counter, Gauge, Histogram, Registry } from "prom-client";
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

  constructor(deps: Pick<HttpDeps, "inFlight" | "health" | "clock" | "ledger">) {
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
    gauge("process_resident_memory_bytes", "Resident memory in bytes", () => process.memoryUsage.rss());
    gauge("process_uptime_seconds", "Seconds since the start of the process", () => process.uptime());
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
