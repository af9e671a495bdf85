import { readFileSync } from "node:fs";
import { CommandError } from "./transport.ts";

/** The text of a file that the operator has named. Throws CommandError when it can't be read. */
export function readTextFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new CommandError(`${path} can't be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}
