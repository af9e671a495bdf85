import { writeFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { JsonObject, JsonValue } from "../../src/lib/json.ts";
import { isObject } from "../../src/lib/json.ts";
import type { ToolCallSpec } from "../../test/support/upstream.ts";

/** Where an agent runs, and the gateway that it is given. */
export interface Place {
  home: string;
  work: string;
  url: string;
  key: string;
}

export interface Agent {
  name: string;
  /** Its command and environment, non-interactive, asked for `prompt`. */
  command(place: Place, model: string, prompt: string): { command: string[]; env: Record<string, string> };
  /** The call of its own tool that writes `text` to `file`. */
  write(file: string, text: string): ToolCallSpec;
}

const claude: Agent = {
  name: "Claude Code",
  command: (place, model, prompt) => ({
    command: ["claude", "-p", prompt, "--model", model, "--allowedTools", "Write", "--permission-mode", "acceptEdits"],
    env: {
      ANTHROPIC_BASE_URL: place.url,
      ANTHROPIC_AUTH_TOKEN: place.key,
      ANTHROPIC_SMALL_FAST_MODEL: model,
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
      DISABLE_AUTOUPDATER: "1",
    },
  }),
  write: (file, text) => ({ id: "call_1", name: "Write", arguments: { file_path: file, content: text } }),
};

const codex: Agent = {
  name: "Codex",
  command(place, model, prompt) {
    const folder = join(place.home, ".codex");
    mkdirSync(folder, { recursive: true });
    const provider = `[model_providers.gateway]\nname = "gateway"\nbase_url = "${place.url}/v1"\nenv_key = "GATEWAY_KEY"\nwire_api = "responses"\n`;
    writeFileSync(join(folder, "config.toml"), `model = "${model}"\nmodel_provider = "gateway"\n\n${provider}`);
    const flags = ["--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"];
    return { command: ["codex", "exec", ...flags, prompt], env: { GATEWAY_KEY: place.key, CODEX_HOME: folder } };
  },
  write: (file, text) => ({
    id: "call_1",
    name: "exec_command",
    arguments: { cmd: `printf %s '${text}' > '${file}'` },
  }),
};

const gemini: Agent = {
  name: "Gemini CLI",
  command(place, model, prompt) {
    const folder = join(place.home, ".gemini");
    mkdirSync(folder, { recursive: true });
    const settings = {
      security: { auth: { selectedType: "gemini-api-key" } },
      privacy: { usageStatisticsEnabled: false },
    };
    writeFileSync(join(folder, "settings.json"), JSON.stringify(settings));
    return {
      command: ["gemini", "-m", model, "--approval-mode", "yolo", "--skip-trust", "-p", prompt],
      env: { GOOGLE_GEMINI_BASE_URL: place.url, GEMINI_API_KEY: place.key, GEMINI_TELEMETRY_ENABLED: "false" },
    };
  },
  write: (file, text) => ({ id: "call_1", name: "write_file", arguments: { file_path: file, content: text } }),
};

export const AGENTS: readonly Agent[] = [claude, codex, gemini];

/** Names of the tools that a request of any dialect offers. */
export function offeredTools(body: JsonObject): string[] {
  const named = (tool: JsonValue): string[] => {
    if (!isObject(tool)) return [];
    const inner = tool["function"] ?? tool;
    if (Array.isArray(tool["functionDeclarations"])) return tool["functionDeclarations"].flatMap(named);
    return isObject(inner) && typeof inner["name"] === "string" ? [inner["name"]] : [];
  };
  return Array.isArray(body["tools"]) ? body["tools"].flatMap(named) : [];
}
