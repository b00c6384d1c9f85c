import { assert, describe, it } from "@effect/vitest"
import * as Sse from "effect/encoding/Sse"
import * as Schema from "effect/Schema"
import { SseParser } from "../../src/internal/SseParser.ts"
import { runs, seedOf } from "../../../../test/support/depth.ts"

type Event = readonly [data: string, event: string]

const parse = (texts: ReadonlyArray<string>): ReadonlyArray<Event> => {
  const events: Array<Event> = []
  const parser = new SseParser((data, event) => events.push([data, event]))
  for (const text of texts) parser.feed(text)
  return events
}

/** The result of Effect's parser, where an event without a name is a `message`. */
const reference = (texts: ReadonlyArray<string>): ReadonlyArray<Event> => {
  const events: Array<Event> = []
  const parser = Sse.makeParser((event) => {
    if (event._tag === "Event") events.push([event.data, event.event === "message" ? "" : event.event])
  })
  for (const text of texts) parser.feed(text)
  return events
}

/** Pieces that together cover every rule of the format. */
const Token = Schema.Literals([
  "data",
  "event",
  "id",
  "retry",
  ":",
  ": ",
  " ",
  "\n",
  "\r",
  "\r\n",
  "\n\n",
  "\uFEFF",
  "x",
  "7",
  "data: a\n\n",
  "data:b\r\n\r\n",
  "event: error\n"
])

describe("SseParser", () => {
  it("reports the end mark at the end of its line, at which every host stops", () => {
    for (const texts of [
      ["data: a\n\ndata: [DONE]\n"],
      ["data: a\n\ndata:[DO", "NE]\r\n"],
      ["data: a\n\ndata: [DONE]\n\n"]
    ]) {
      assert.deepStrictEqual(parse(texts), [
        ["a", ""],
        ["[DONE]", ""]
      ])
    }
  })

  it("reports no end mark before its line has ended", () => {
    assert.deepStrictEqual(parse(["data: [DONE]"]), [])
  })

  it("reports text that ends like the end mark at the blank line", () => {
    assert.deepStrictEqual(parse(["data: a\ndata: [DONE]\n", "\n"]), [["a\n[DONE]", ""]])
  })

  it("reports an event with its name at the blank line", () => {
    const events: Array<Event> = []
    const parser = new SseParser((data, event) => events.push([data, event]))
    parser.feed("event: error\ndata: 1")
    parser.feed("\n")
    assert.strictEqual(events.length, 0)
    parser.feed("\n")
    assert.deepStrictEqual(events, [["1", "error"]])
    parser.feed("data: 2\n\nevent:error\ndata:3\n\n")
    assert.deepStrictEqual(events.slice(1), [
      ["2", ""],
      ["3", "error"]
    ])
  })

  it("joins the data of several lines, without the blank after the colon", () => {
    assert.deepStrictEqual(parse(["data:a\ndata: b\ndata:  c\ndata\n\n"]), [["a\nb\n c\n", ""]])
  })

  it("ignores an event without data", () => {
    assert.deepStrictEqual(parse(["event: error\n\ndata: 1\n\n"]), [["1", ""]])
    assert.deepStrictEqual(parse([": comment\n\nid: 1\n\nretry: 1\n\ndatabase: 1\n\n data: 1\n\n"]), [])
  })

  it("counts the characters of an incomplete event", () => {
    const parser = new SseParser(() => {})
    const sizes = ["data: 12", "345", "\n", "data: 6\n", ": 12345", "\n", "\n"].map((text) => {
      parser.feed(text)
      return parser.pendingLength
    })
    assert.deepStrictEqual(sizes, [8, 11, 5, 7, 14, 7, 0])
    parser.feed("data: 1\ndata: 23")
    assert.strictEqual(parser.pendingLength, 1 + 8)
  })

  it("treats a CR with an LF in the next read as one line end", () => {
    assert.deepStrictEqual(parse(["data: 1\r", "\ndata: 2\r", "\n\r", "\n"]), [["1\n2", ""]])
    assert.deepStrictEqual(parse(["data: 1\r", "data: 2\r", "\r"]), [["1\n2", ""]])
    assert.deepStrictEqual(parse(["data: 1\r", "", "\n\n"]), [["1", ""]])
  })

  it("removes a BOM only at the start", () => {
    assert.deepStrictEqual(parse(["", "\uFEFFdata: 1\n\n", "\uFEFFdata: 2\n\n"]), [["1", ""]])
  })

  it.prop(
    "parses any text like Effect's parser",
    { texts: Schema.Array(Schema.Array(Token)) },
    ({ texts }) => {
      const reads = texts.map((tokens) => tokens.join(""))
      assert.deepStrictEqual(parse(reads), reference(reads))
    },
    { arbitrary: { seed: seedOf("cuts"), runs: runs({ sample: 500, deep: 10_000 }) } }
  )

  it.prop(
    "parses any text independently of its chunking",
    { tokens: Schema.Array(Token) },
    ({ tokens }) => {
      const text = tokens.join("")
      assert.deepStrictEqual(parse([...text]), parse([text]))
    },
    { arbitrary: { seed: seedOf("bytes"), runs: runs({ sample: 500, deep: 10_000 }) } }
  )
})
