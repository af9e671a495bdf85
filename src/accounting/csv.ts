/** Records of a CSV text by RFC 4180, fields trimmed; commas, semicolons or tabs, whichever the first line has most of. Blank lines are left out. */
export function readCsv(text: string): string[][] {
  const source = text.startsWith("\uFEFF") ? text.slice(1) : text;
  const separator = separatorOf(source);
  const records: string[][] = [];
  let record: string[] = [];
  let field = "";
  let quoted = false;
  const endField = (): void => {
    record.push(field.trim());
    field = "";
  };
  const endRecord = (): void => {
    endField();
    if (record.some((item) => item !== "")) records.push(record);
    record = [];
  };
  for (let index = 0; index < source.length; index += 1) {
    const char = source[index] ?? "";
    if (quoted) {
      if (char !== '"') field += char;
      else if (source[index + 1] === '"') {
        field += char;
        index += 1;
      } else quoted = false;
    } else if (char === '"' && field.trim() === "") {
      field = "";
      quoted = true;
    } else if (char === separator) endField();
    else if (char === "\n" || char === "\r") endRecord();
    else field += char;
  }
  endRecord();
  return records;
}

function separatorOf(text: string): string {
  const [first = ""] = text.split(/[\r\n]/, 1);
  const count = (separator: string): number => first.split(separator).length;
  return [",", ";", "\t"].reduce((best, item) => (count(item) > count(best) ? item : best));
}
