/** Named places at which a crash test may end the process: each stands right behind a step whose loss must not matter. */
export type Failpoint =
  | "hold-committed"
  | "dialled"
  | "headers"
  | "first-chunk"
  | "checkpoint"
  | "last-upstream-byte"
  | "before-settle-commit"
  | "after-settle-commit"
  | "after-terminal-frame";

const wanted = process.env["FAILPOINT"];
const [wantedName = "", wantedCount = "1"] = (wanted ?? "").split(":");
let left = Number(wantedCount);

/** Ends the process as `kill -9` would when `FAILPOINT=name[:n]` names this place, at the n-th time it is passed. Else nothing. */
export function failpoint(name: Failpoint): void {
  if (wanted === undefined || name !== wantedName) return;
  left -= 1;
  if (left <= 0) process.kill(process.pid, "SIGKILL");
}
