import { assert, describe, it } from "@effect/vitest"
import { fromBytes, fromFilename, headSize, suffixOf } from "../../../src/files/internal/mediaTypes.ts"
import { accepted, refused } from "../support/media.ts"

describe("the format of bytes", () => {
  for (const [name, [mimeType, bytes]] of Object.entries(accepted)) {
    it(`is recognized: ${name}`, () => {
      assert.strictEqual(fromBytes(bytes)?.mimeType, mimeType)
    })

    it(`is recognized in a large file: ${name}`, () => {
      const large = new Uint8Array(1_000)
      large.set(bytes)
      assert.strictEqual(fromBytes(large)?.mimeType, mimeType)
    })
  }

  for (const [name, bytes] of Object.entries(refused)) {
    it(`is none that hosts accept: ${name}`, () => {
      assert.isUndefined(fromBytes(bytes))
    })
  }

  it("depends on the first bytes only", () => {
    const [, bytes] = accepted["a webm"] ?? ["", new Uint8Array()]
    const shifted = new Uint8Array(headSize + bytes.length)
    shifted.set(bytes.subarray(0, 4))
    shifted.set(bytes, headSize)
    assert.isUndefined(fromBytes(shifted))
  })
})

describe("the format of a name", () => {
  for (const [filename, mimeType] of [
    ["photo.JPG", "image/jpeg"],
    ["film.mov", "video/mov"],
    ["film.3gp", "video/3gpp"],
    ["a.b.webm", "video/webm"],
    ["photo", undefined],
    ["photo.svg", undefined],
    ["jpg", undefined],
    ["folder.png/photo", undefined]
  ] as const) {
    it(`is that of its suffix: ${filename}`, () => {
      assert.strictEqual(fromFilename(filename)?.mimeType, mimeType)
    })
  }

  it("ignores case", () => {
    assert.strictEqual(suffixOf("A.JsonL"), "jsonl")
  })
})
