import page from "./index.html";

/** A file of the dashboard; the page itself has the name "". */
export interface DashboardFile {
  path: string;
  contentType: string;
  body: string;
}

/** The dashboard, bundled: at build time in the binary, on first use from a checkout. */
export function dashboardFiles(): Promise<readonly DashboardFile[]> {
  files ??= readBundle();
  return files;
}

let files: Promise<readonly DashboardFile[]> | null = null;

async function readBundle(): Promise<readonly DashboardFile[]> {
  const parts = await (page.files === undefined ? buildFiles() : embeddedFiles(page.files));
  const names = parts.map((part) => part.path).filter((path) => path !== "");
  // The bundler links files from the root; they are served below /dashboard/.
  return parts.map((part) =>
    part.path === ""
      ? {
          ...part,
          body: names.reduce((html, name) => html.replaceAll(`"/${name}"`, `"/dashboard/${name}"`), part.body),
        }
      : part,
  );
}

async function embeddedFiles(embedded: NonNullable<typeof page.files>): Promise<DashboardFile[]> {
  return Promise.all(
    embedded.map(async (file) => ({
      path: nameOf(file.path),
      contentType: file.headers["content-type"],
      body: await Bun.file(file.path).text(),
    })),
  );
}

async function buildFiles(): Promise<DashboardFile[]> {
  const built = await Bun.build({ entrypoints: [page.index], publicPath: "/", minify: true });
  return Promise.all(
    built.outputs.map(async (file) => ({ path: nameOf(file.path), contentType: file.type, body: await file.text() })),
  );
}

const nameOf = (path: string): string => (path.endsWith(".html") ? "" : (path.split("/").at(-1) ?? path));
