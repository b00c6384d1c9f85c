import { assert, describe, it } from "@effect/vitest"
import { parse } from "../../../src/internal/host/multipartForm.ts"

const type = "multipart/form-data; boundary=xyz"

const bodyOf = (...lines: ReadonlyArray<string>): Buffer => Buffer.from(lines.join("\r\n"), "latin1")

const whole = bodyOf(
  "--xyz",
  'Content-Disposition: form-data; name="purpose"',
  "",
  "batch",
  "--xyz",
  'Content-Disposition: form-data; name="file"; filename="a %22b%22.jsonl"',
  "Content-Type: application/jsonl",
  "",
  "\x00\xff--xy\r\n-",
  "--xyz--",
  ""
)

describe("a form", () => {
  it("has the bytes of a part after text with several bytes per character", () => {
    const form = Buffer.from(
      [
        "--xyz",
        'Content-Disposition: form-data; name="one"',
        "",
        "é漢🙂",
        "--xyz",
        'Content-Disposition: form-data; name="other"; filename="é.txt"',
        "",
        "after",
        "--xyz--",
        ""
      ].join("\r\n")
    )
    const parts = parse(type, form)?.map(({ bytes, filename }) => [filename, new TextDecoder().decode(bytes)])
    assert.deepStrictEqual(parts, [
      [undefined, "é漢🙂"],
      ["é.txt", "after"]
    ])
  })

  it("has its parts in order", () => {
    const [purpose, file] = parse(type, whole) ?? []
    assert.strictEqual(purpose?.name, "purpose")
    assert.isUndefined(purpose?.filename)
    assert.strictEqual(Buffer.from(purpose?.bytes ?? []).toString(), "batch")
    assert.deepInclude(file, { name: "file", filename: 'a "b".jsonl', contentType: "application/jsonl" })
    assert.strictEqual(Buffer.from(file?.bytes ?? []).toString("latin1"), "\x00\xff--xy\r\n-")
  })

  it("may have its boundary in quotes", () => {
    assert.strictEqual(parse('multipart/form-data; boundary="xyz"', whole)?.length, 2)
  })

  it("is none when it is cut anywhere", () => {
    for (let end = 0; end < whole.indexOf("--xyz--") + 7; end++) {
      assert.isUndefined(parse(type, whole.subarray(0, end)), `cut at ${end}`)
    }
  })

  it("is none with another content type", () => {
    assert.isUndefined(parse("application/json", whole))
    assert.isUndefined(parse("multipart/form-data", whole))
  })
})
