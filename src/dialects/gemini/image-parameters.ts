import type { ImageRequest } from "../../ir/image.ts";
import type { JsonObject } from "../../lib/json.ts";
import { words } from "../../lib/words.ts";

type Lose = (field: string, reason: string) => void;

/** Shapes that Imagen makes (https://ai.google.dev/gemini-api/docs/imagen), width over height, and their size at 1K. */
const SHAPES: readonly { name: string; ratio: number; size: string }[] = [
  { name: "1:1", ratio: 1, size: "1024x1024" },
  { name: "3:4", ratio: 3 / 4, size: "896x1280" },
  { name: "4:3", ratio: 4 / 3, size: "1280x896" },
  { name: "9:16", ratio: 9 / 16, size: "768x1408" },
  { name: "16:9", ratio: 16 / 9, size: "1408x768" },
];
/** Largest deviation (in logarithms) of a size from a shape for it to count as that shape. */
const TOLERANCE = 0.08;
const FORMATS: Readonly<Record<string, string>> = words({ png: "image/png", jpeg: "image/jpeg", jpg: "image/jpeg" });

/** The shape nearest to a size such as `1024x1792`; a loss when none is near. */
export function aspectRatioOf(size: string | undefined, lose: Lose): string | undefined {
  if (size === undefined || size === "auto") return undefined;
  const match = /^([0-9]{1,5})x([0-9]{1,5})$/.exec(size);
  const ratio = match === null ? Number.NaN : Number(match[1]) / Number(match[2]);
  if (!Number.isFinite(ratio) || ratio <= 0) {
    lose("size", `"${size}" is not a width and height`);
    return undefined;
  }
  const distance = (shape: { ratio: number }): number => Math.abs(Math.log(shape.ratio / ratio));
  const [nearest] = SHAPES.toSorted((a, b) => distance(a) - distance(b));
  if (nearest === undefined) return undefined;
  if (distance(nearest) > TOLERANCE) lose("size", `Imagen takes shapes, not sizes; sent as ${nearest.name}`);
  return nearest.name;
}

/** The size that Imagen gives for a shape. */
export const sizeOf = (aspectRatio: string | undefined): string | undefined =>
  SHAPES.find((shape) => shape.name === aspectRatio)?.size;

/** `outputOptions` for format and compression. */
export function outputOptions(request: ImageRequest, lose: Lose): JsonObject | undefined {
  const { format, compression } = request;
  const mimeType = format === undefined ? undefined : FORMATS[format];
  if (format !== undefined && mimeType === undefined) lose("output_format", `Imagen makes no ${format}`);
  const isLossy = mimeType === "image/jpeg" && compression !== undefined;
  if (compression !== undefined && !isLossy) lose("output_compression", "only JPEG is compressed");
  if (mimeType === undefined) return undefined;
  return { mimeType, ...(isLossy ? { compressionQuality: compression } : {}) };
}
