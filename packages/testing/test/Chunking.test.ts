import { assert, describe, it } from "@effect/vitest"
import * as Chunking from "../src/Chunking.ts"
import * as Fixtures from "../src/node/Fixtures.ts"
import * as SseText from "../src/SseText.ts"

const events = ["data: 1\n\n", "data: é👋\n\n", "data: 3\n\n"]
const texts = (chunking: Chunking.Chunking) =>
  Chunking.applyChunking(chunking)(events).map((part) => Buffer.from(part).toString("utf8"))

describe("Chunking", () => {
  it("puts everything into one write", () => {
    assert.deepStrictEqual(texts("whole"), [events.join("")])
  })

  it("puts a number of events into each write", () => {
    assert.deepStrictEqual(texts({ events: 1 }), events)
    assert.deepStrictEqual(texts({ events: 2 }), [events.slice(0, 2).join(""), events[2] ?? ""])
    assert.deepStrictEqual(texts({ events: 9 }), [events.join("")])
  })

  it("splits UTF-8 sequences", () => {
    const parts = Chunking.applyChunking({ bytes: 1 })(events)
    assert.strictEqual(parts.length, 32)
    assert.isTrue(parts.every((part) => part.length === 1))
    assert.strictEqual(Buffer.concat(parts).toString("utf8"), events.join(""))
  })

  it("counts a size below 1 as 1", () => {
    assert.deepStrictEqual(texts({ events: 0 }), events)
    assert.strictEqual(Chunking.applyChunking({ bytes: 0 })(events).length, 32)
  })

  it("makes no write for no events", () => {
    for (const chunking of ["whole", { bytes: 3 }, { events: 3 }] as const) {
      assert.deepStrictEqual(Chunking.applyChunking(chunking)([]), [])
    }
  })

  it("keeps every byte of a recording at any size", () => {
    const text = Fixtures.sse("stream-03-k2.7-code-details-in-choice")
    for (let bytes = 1; bytes <= Buffer.byteLength(text); bytes++) {
      const parts = Chunking.applyChunking({ bytes })(SseText.split(text))
      assert.strictEqual(Buffer.concat(parts).toString("utf8"), text)
      assert.isTrue(parts.slice(0, -1).every((part) => part.length === bytes))
    }
  })
})
