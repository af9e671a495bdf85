/** Resource name of a model; an id may already be one (`models/…`, `tunedModels/…`). */
export function modelName(model: string): string {
  return /^(?:models|tunedModels|publishers|projects)\//.test(model) ? model : `models/${model}`;
}

/** Path of a model's method, below the base URL. */
export function modelPath(model: string, method: string): string {
  return `/v1beta/${modelName(model).split("/").map(encodeURIComponent).join("/")}:${method}`;
}
