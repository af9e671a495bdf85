import { readsInside, readsOnly } from "../shared/half-read.ts";

const MEDIA = {
  inlineData: readsOnly(["mimeType", "data", "displayName"]),
  fileData: readsOnly(["mimeType", "fileUri", "displayName"]),
  mediaResolution: readsOnly(["level"]),
};
/** Media of a function's result; other parts of it are kept whole. */
const RESULT_PART = readsInside(MEDIA);
const PART = readsInside({ ...MEDIA, functionResponse: readsInside({ parts: RESULT_PART }) });

const EMBEDDED = { content: readsOnly(["role"], { parts: readsOnly(["text"]) }) };

/** What of an embedContent or batchEmbedContents request's inner objects is read. */
export const HALF_READ_EMBED = readsInside({ ...EMBEDDED, requests: readsInside(EMBEDDED) });

/** What of a :predict request for images is read. */
export const HALF_READ_IMAGE = readsOnly(["model"], {
  instances: readsOnly(["prompt"]),
  parameters: readsInside({ outputOptions: readsOnly(["mimeType", "compressionQuality"]) }),
});

/** What of a generateContent request's inner objects is read. */
export const HALF_READ = readsInside({
  contents: readsInside({ parts: PART }),
  systemInstruction: readsOnly(["role"], { parts: PART }),
});
