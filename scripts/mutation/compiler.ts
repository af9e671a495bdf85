import { API, type Snapshot } from "typescript/unstable/async";
import type { SourceFile } from "typescript/unstable/ast";
import { join } from "node:path";

/** Names that nothing uses any more: what was left out had a use, which tests must find. */
const UNUSED: ReadonlySet<number> = new Set([6133, 6192, 6196, 6198, 6199]);

/** The TypeScript compiler over one tree, kept running: it parses, and tells whether a changed file still compiles. */
export class Compiler {
  readonly #api: API;
  readonly #root: string;
  #snapshot: Snapshot | null = null;

  constructor(root: string) {
    this.#root = root;
    this.#api = new API({ cwd: root });
  }

  /** The parsed file as it is on disk; `file` is its path from the root. Throws Error for a file that the project doesn't have. */
  async parse(file: string): Promise<SourceFile> {
    const program = await this.#programAfter([]);
    const source = await program.getSourceFile(join(this.#root, file));
    if (source === undefined) throw new Error(`not a file of the project: ${file}`);
    return source;
  }

  /** Looks at a file anew, and gives what the compiler says against it, empty when it compiles. */
  async complaints(file: string): Promise<string[]> {
    const path = join(this.#root, file);
    const program = await this.#programAfter([path]);
    const found = [...(await program.getSyntacticDiagnostics(path)), ...(await program.getSemanticDiagnostics(path))];
    return found.filter(({ code }) => !UNUSED.has(code)).map(({ code, text }) => `TS${code} ${text}`);
  }

  async #programAfter(changed: string[]) {
    const before = this.#snapshot;
    if (before === null || changed.length > 0) {
      const config = join(this.#root, "tsconfig.json");
      this.#snapshot = await this.#api.updateSnapshot({ openProjects: [config], fileChanges: { changed } });
      await before?.dispose();
    }
    const project = this.#snapshot?.getProjects()[0];
    if (project === undefined) throw new Error("no TypeScript project");
    return project.program;
  }

  close(): Promise<void> {
    return this.#api.close();
  }
}
