import { readsInside, readsOnly } from "../shared/half-read.ts";

const MEDIA = {
  inlineData: readsOnly(["mimeType", "data", "displayName"]),
  fileData: readsOnly(["mimeType", "fileUri", "displayName"]),
  mediaResolution: readsOnly(["level"]),
};
/** Media of a function's result; other parts of it are kept whole. */
const RESULT_PART = readsInside(MEDIA);
const PART = readsInside({ ...MEDIA, functionResponse: readsInside({ parts: RESULT_PART }) });

/** What of a generateContent request's inner objects is read. */
export const HALF_READ = readsInside({
  contents: readsInside({ parts: PART }),
  systemInstruction: readsOnly(["role"], { parts: PART }),
});
