import { describe, expect, test } from "bun:test";
import * as fc from "../support/property.ts";
import { JsonScanError, scanObject } from "../../src/wire/scan.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const scan = (text: string) => scanObject(bytes(text));

function scanError(input: string | Uint8Array): JsonScanError {
  try {
    scanObject(typeof input === "string" ? bytes(input) : input);
  } catch (error) {
    if (error instanceof JsonScanError) return error;
    throw error;
  }
  throw new Error(`accepted: ${String(input)}`);
}

describe("scanObject", () => {
  test("finds the fields where they stand", () => {
    const text = ' {"model" : "m", "n":[1,{"a":"}"}] ,"é":1e3}\n';
    const doc = scan(text);
    const part = (from: number, to: number): string => new TextDecoder().decode(doc.bytes.subarray(from, to));
    const found = [...doc.fields].map(([name, at]) => [
      name,
      part(at.keyStart, at.keyEnd),
      part(at.valueStart, at.valueEnd),
    ]);
    expect(found).toEqual([
      ["model", '"model"', '"m"'],
      ["n", '"n"', '[1,{"a":"}"}]'],
      ["é", '"é"', "1e3"],
    ]);
  });

  test("decodes escaped names, so that a duplicate can't hide", () => {
    expect([...scan('{"\\u006dodel":1}').fields.keys()]).toEqual(["model"]);
    expect(scanError('{"model":1,"\\u006dodel":2}').message).toContain('duplicate field "model"');
    expect([...scan('{"a":{"x":1,"x":2}}').fields.keys()]).toEqual(["a"]);
  });

  test.each(["__proto__", "constructor", "prototype"])("refuses %s at the top level only", (name) => {
    expect(scanError(`{"a":1,"${name}":{}}`).message).toContain(name);
    expect(scanError(`{"\\u00${name.charCodeAt(0).toString(16)}${name.slice(1)}":{}}`).path).toBe(name);
    const nested = scan(`{"a":{"${name}":{"polluted":true}}}`).parse();
    expect(Object.hasOwn(nested["a"] as object, name)).toBe(true);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  test("values are parsed on demand, once, and keep long numbers", () => {
    const doc = scan('{"a":{"b":12345678901234567890},"c":null}');
    expect(JSON.stringify(doc.value("a"))).toBe('{"b":12345678901234567890}');
    expect(doc.value("a")).toBe(doc.value("a"));
    expect(doc.value("c")).toBeNull();
    expect(doc.value("missing")).toBeUndefined();
    expect(doc.value("toString")).toBeUndefined();
    expect(JSON.stringify(doc.parse())).toBe('{"a":{"b":12345678901234567890},"c":null}');
    expect(doc.parse()).toBe(doc.parse());
  });

  test("includes looks at bytes", () => {
    const german = scan('{"a":"grüße"}');
    expect([german.includes("grüße"), german.includes("gruss"), german.includes("Ã¼")]).toEqual([true, false, false]);
    for (const size of [1, 1_000_000]) {
      const doc = scan(JSON.stringify({ a: "ü".repeat(size), b: "words" }));
      expect([doc.includes('"words"'), doc.includes("word "), doc.includes("sword")]).toEqual([true, false, false]);
    }
  });

  test("depth: 64 containers pass, 65 do not", () => {
    const nested = (depth: number): string => `{"a":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}}`;
    expect(scan(nested(64)).fields.size).toBe(1);
    expect(scanError(nested(65)).message).toContain("nested deeper than 64");
    expect(scanError(`{"a":${"[".repeat(100_000)}`).message).toContain("nested deeper than 64");
    expect(() => scanObject(bytes('{"a":{}}'), { maxDepth: 1 })).toThrow(JsonScanError);
  });

  test("errors tell offset and path", () => {
    const error = scanError('{"messages":[{"role":"user","content":tru}]}');
    expect([error.offset, error.path]).toEqual([38, "messages[0].content"]);
    expect(scanError('{"a":[1,2,]}').path).toBe("a[2]");
    expect(scanError(`{"${"k".repeat(5000)}":x}`).path.length).toBeLessThan(250);
    expect(scanError('{"a":1').message).toContain("the text ends");
  });

  test("UTF-8 is checked", () => {
    const bad: number[][] = [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82], [0xf5, 0x80, 0x80, 0x80]];
    for (const sequence of bad) {
      const text = Uint8Array.from([...bytes('{"text":"'), ...sequence, ...bytes('"}')]);
      const error = scanError(text);
      expect(error.message).toContain("UTF-8");
      expect(Math.abs(error.offset - 9)).toBeLessThanOrEqual(3);
    }
    expect(scan('{"a":"\\ud800"}').value("a")).toBe("\ud800");
  });

  const refused = [
    ...` |[]|null|1|"a"|{|}|{]|[1|{"a"|{"a":|{"a":1,|{"a":1,}|{,"a":1}|{a:1}|{'a':1}|{"a":1}}|{"a":1}x|{"a" 1}`.split(
      "|",
    ),
    ...`{"a":1 "b":2}|{"a":01}|{"a":-}|{"a":1.}|{"a":.5}|{"a":1e}|{"a":+1}|{"a":0x1}|{"a":NaN}|{"a":tru}|{"a":nul}`.split(
      "|",
    ),
    ...String.raw`{"a":"\x"}|{"a":"\u12g4"}|{"a":"\u"}|{"a":[1,]}|{"a":[,1]}|{"a":[1 2]}|{"a":1}/**/`.split("|"),
    "",
    '{"a":"\n"}',
    '{"a":"\u0000"}',
    "\ufeff{}",
    '{"a":\u00a01}',
    `{"a":"${"x".repeat(100)}\t"}`,
    `{"a":"${"x".repeat(100)}`,
    `{"a":"${"x".repeat(100)}\\"}`,
  ];
  test.each(refused)("refuses %p", (text) => {
    expect(scanError(text)).toBeInstanceOf(JsonScanError);
  });

  test("agrees with JSON.parse on every object", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: "grapheme" }), fc.jsonValue()), fc.nat(3), (object, indent) => {
        const safe = Object.fromEntries(
          Object.entries(object).filter(([name]) => !/^(__proto__|constructor|prototype)$/.test(name)),
        );
        const text = JSON.stringify(safe, null, indent);
        const doc = scan(text);
        expect([...doc.fields.keys()].toSorted()).toEqual(Object.keys(safe).toSorted());
        for (const name of doc.fields.keys())
          expect(doc.value(name)).toEqual((JSON.parse(text) as Record<string, unknown>)[name]);
      }),
      { numRuns: 300 },
    );
  });

  test("accepts and refuses exactly what JSON.parse does, over mutated texts", () => {
    const piece = fc.constantFrom(
      ...'{}[],:"\\u0019-+.eE tfn\n\taé'.split(""),
      "true",
      "null",
      '"a"',
      "\\ud800",
      "x".repeat(40),
      "\u0001",
    );
    const mutated = fc
      .tuple(fc.jsonValue({ maxDepth: 3 }), fc.array(fc.tuple(fc.nat(), fc.nat(2), piece), { maxLength: 3 }))
      .map(([value, edits]) => {
        let text = JSON.stringify({ key: value, other: "y".repeat(50) });
        for (const [at, drop, insert] of edits) {
          const pos = at % (text.length + 1);
          text = text.slice(0, pos) + insert + text.slice(pos + drop);
        }
        return text;
      });
    fc.assert(
      fc.property(mutated, (text) => {
        let expected: unknown;
        try {
          expected = JSON.parse(text);
        } catch {
          expected = undefined;
        }
        if (!text.isWellFormed()) return;
        const names = new Set<string>();
        const isPlain = typeof expected === "object" && expected !== null && !Array.isArray(expected);
        try {
          const doc = scan(text);
          for (const name of doc.fields.keys()) names.add(name);
          expect(isPlain).toBe(true);
          expect([...names].toSorted()).toEqual(Object.keys(expected as object).toSorted());
        } catch (error) {
          if (!(error instanceof JsonScanError)) throw error;
          if (isPlain) expect(error.message).toMatch(/duplicate field|not allowed/);
        }
      }),
      { numRuns: 3000 },
    );
  });

  test("random bytes never throw anything else", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (input) => {
        try {
          scanObject(input);
        } catch (error) {
          expect(error).toBeInstanceOf(JsonScanError);
        }
      }),
    );
  });
});

test("what was made out of the bytes can be let go of and is made anew", () => {
  const doc = scanObject(Buffer.from('{"model":"m","messages":[{"content":"hello"}]}'));
  const before = { whole: doc.parse(), value: doc.value("messages"), includes: doc.includes("hello") };
  doc.forget();
  expect(doc.value("messages")).toEqual(before.value);
  expect(doc.parse()).toEqual(before.whole);
  expect(doc.parse()).not.toBe(before.whole);
  expect(doc.includes("hello")).toBe(before.includes);
});
