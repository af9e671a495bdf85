import { describe, expect, test } from "bun:test";
import * as fc from "../support/property.ts";
import { JsonScanError, scanObject } from "../../src/wire/scan.ts";
import { appendFields, appendNestedFields, replaceNested, spliceFields } from "../../src/wire/splice.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (value: Uint8Array): string => new TextDecoder().decode(value);
const splice = (source: string, edits: Parameters<typeof spliceFields>[1]): string =>
  text(spliceFields(scanObject(bytes(source)), edits));

describe("spliceFields", () => {
  test("replaces in place and keeps every other byte", () => {
    expect(splice('{ "big": 12345678901234567890 , "model" :"a" }\n', { set: { model: '"b"' } })).toBe(
      '{ "big": 12345678901234567890 , "model" :"b" }\n',
    );
  });
  test("replaces a field whose name is spelled with escapes", () => {
    expect(splice('{"\\u006dodel":"a"}', { set: { model: '"b"' } })).toBe('{"\\u006dodel":"b"}');
  });
  test("appends what is missing, in order", () => {
    expect(splice('{"a":1 }', { set: { b: "2", c: "[3]" } })).toBe('{"a":1 ,"b":2,"c":[3]}');
    expect(splice(" { } ", { set: { b: "2" } })).toBe(' { "b":2} ');
  });
  test.each([
    ["a", '{ "b":2 , "c":3 }'],
    ["b", '{ "a":1 , "c":3 }'],
    ["c", '{ "a":1 , "b":2 }'],
    ["a b", '{ "c":3 }'],
    ["b c", '{ "a":1 }'],
    ["a c", '{ "b":2 }'],
    ["a b c", "{  }"],
    ["x", '{ "a":1 , "b":2 , "c":3 }'],
  ])("removes %s", (names, expected) => {
    expect(splice('{ "a":1 , "b":2 , "c":3 }', { remove: names.split(" ") })).toBe(expected);
  });
  test("removing all and appending leaves no stray comma; a name in both lists is set", () => {
    expect(splice('{"a":1}', { remove: ["a"], set: { b: "2" } })).toBe('{"b":2}');
    expect(splice('{"a":1}', { remove: ["a"], set: { a: "2" } })).toBe('{"a":2}');
  });
  test("no change gives the same array", () => {
    const doc = scanObject(bytes('{"a":1}'));
    expect(spliceFields(doc, {})).toBe(doc.bytes);
  });

  test("is what editing the parsed object gives, and leaves other fields' bytes alone", () => {
    const names = ["a", "b", "c", "d", "é"];
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom(...names), fc.jsonValue(), { maxKeys: 5 }),
        fc.dictionary(fc.constantFrom(...names, "new"), fc.jsonValue(), { maxKeys: 3 }),
        fc.subarray(names),
        fc.nat(3),
        (object, set, remove, indent) => {
          const source = JSON.stringify(object, null, indent);
          const texts = Object.fromEntries(Object.entries(set).map(([name, value]) => [name, JSON.stringify(value)]));
          const expected = JSON.parse(source) as Record<string, unknown>;
          for (const name of remove) delete expected[name];
          for (const [name, value] of Object.entries(texts)) expected[name] = JSON.parse(value);
          const result = spliceFields(scanObject(bytes(source)), { set: texts, remove });
          expect(JSON.parse(text(result))).toEqual(expected);
          const before = scanObject(bytes(source));
          const after = scanObject(result);
          for (const [name, field] of before.fields) {
            if (name in texts || remove.includes(name)) continue;
            const kept = after.fields.get(name);
            expect(text(result.subarray(kept?.valueStart, kept?.valueEnd))).toBe(
              text(before.bytes.subarray(field.valueStart, field.valueEnd)),
            );
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe("appending to answers", () => {
  test.each([
    ['{"id":"x"}\n', '{"id":"x","cost":1}\n'],
    ["{}", '{"cost":1}'],
    ["{ \n }  ", '{ \n "cost":1}  '],
    ['{"a":"}"}', '{"a":"}","cost":1}'],
    ['data: {"a":{}}\n\n', 'data: {"a":{},"cost":1}\n\n'],
    [',\r\n{"a":[{}]}', ',\r\n{"a":[{}],"cost":1}'],
  ])("fields into %p", (source, expected) => {
    expect(text(appendFields(bytes(source), '"cost":1'))).toBe(expected);
  });
  test("nothing to add leaves the array as it is; no object is an error", () => {
    const source = bytes('{"a":1}');
    expect(appendFields(source, "")).toBe(source);
    expect(() => appendFields(bytes("[]"), '"a":1')).toThrow(JsonScanError);
  });
  test("nested", () => {
    const frame = bytes(
      'event: response.completed\ndata: {"type":"x","response":{"id":"r","usage":{}, "l":[{"a":{}}]},"z":1}\n\n',
    );
    expect(text(appendNestedFields(frame, ["response"], '"cost":1'))).toBe(
      'event: response.completed\ndata: {"type":"x","response":{"id":"r","usage":{}, "l":[{"a":{}}],"cost":1},"z":1}\n\n',
    );
    expect(text(appendNestedFields(frame, ["response", "usage"], '"t":1'))).toContain('"usage":{"t":1}');
    expect(text(appendNestedFields(frame, ["response", "l", "0", "a"], '"t":1'))).toContain('[{"a":{"t":1}}]');
    expect(text(appendNestedFields(frame, [], '"t":1'))).toContain('"z":1,"t":1}\n\n');
    expect(() => appendNestedFields(frame, ["missing"], '"t":1')).toThrow(JsonScanError);
    expect(() => appendNestedFields(frame, ["z"], '"t":1')).toThrow(JsonScanError);
  });
  test("replaceNested replaces, or adds to the parent", () => {
    const source = bytes('{"a":{"b":[1,2]},"c":"\\u0022"}');
    expect(text(replaceNested(source, ["a", "b"], "null"))).toBe('{"a":{"b":null},"c":"\\u0022"}');
    expect(text(replaceNested(source, ["a", "b", "1"], "7"))).toBe('{"a":{"b":[1,7]},"c":"\\u0022"}');
    expect(text(replaceNested(source, ["a", "new"], "7"))).toBe('{"a":{"b":[1,2],"new":7},"c":"\\u0022"}');
    expect(() => replaceNested(source, ["x", "y"], "7")).toThrow(JsonScanError);
    expect(() => replaceNested(bytes("nothing"), ["x"], "7")).toThrow(JsonScanError);
  });
});
