import { assert, describe, it } from "@effect/vitest"
import { BodyParser } from "../../src/internal/BodyParser.ts"

const parse = (pieces: Iterable<string>, isDeclaredSse = false) => {
  const events: Array<string> = []
  const parser = new BodyParser(isDeclaredSse, (data) => events.push(data))
  for (const piece of pieces) parser.feed(piece)
  parser.end()
  return { events, format: parser.format }
}

describe("BodyParser", () => {
  it("finds the same format after comments that are cut at any position", () => {
    for (const [body, format] of [
      [": a\r\n\r\n: b\n\ndata: 1\n\n", "sse"],
      ["\uFEFF:\n: x: y\n{}", "json"],
      [": a\n\n <html>", "unknown"],
      [": only a comment", "sse"],
      [": a whole comment\n", undefined]
    ] as const) {
      const whole = parse([body])
      assert.strictEqual(whole.format, format, body)
      assert.deepStrictEqual(parse(body), whole, body)
      for (let at = 1; at < body.length; at++) {
        assert.deepStrictEqual(parse([body.slice(0, at), body.slice(at)]), whole, `${body} cut after ${at}`)
      }
    }
  })

  it("takes linear time for a long first comment: otherwise this would take minutes", () => {
    const parser = new BodyParser(false, () => undefined)
    for (let at = 0; at < 1_000_000; at++) parser.feed(":")
    assert.strictEqual(parser.pendingLength, 1_000_000)
    parser.feed("\ndata: 1")
    assert.strictEqual(parser.format, "sse")
  })

  it("has the length of the part of a document that is not complete", () => {
    const parser = new BodyParser(false, () => undefined)
    parser.feed('{"a":')
    parser.feed("1}")
    assert.strictEqual(parser.documentLength, 7)
    parser.feed("\n{")
    assert.strictEqual(parser.documentLength, 1)
  })
})
