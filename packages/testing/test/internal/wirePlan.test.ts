import { assert, describe, it } from "@effect/vitest"
import * as WirePlan from "../../src/internal/wirePlan.ts"
import { body, pace, stream, textsOf } from "../support/replies.ts"

describe("wirePlan", () => {
  it("sets the content length of a body in bytes", () => {
    assert.deepStrictEqual(WirePlan.make(body, pace).headers, { "x-a": "1", "content-length": "8" })
  })

  it("sets no content length for a stream", () => {
    assert.deepStrictEqual(WirePlan.make(stream, pace).headers, { "x-a": "1" })
  })

  it("splits a stream into writes by the chunking", () => {
    const plan = WirePlan.make(stream, pace)
    assert.deepStrictEqual(textsOf(plan), ["data: 1\n\ndata: 2\n\n", "data: 3\n\n"])
    assert.deepStrictEqual([plan.start, plan.bodyDelay, plan.writeDelay, plan.ending], [0, 0, 0, "end"])
  })

  it("delays single events of a stream when the chunking does not count events", () => {
    for (const chunking of ["whole", { bytes: 1 }] as const) {
      const plan = WirePlan.make(stream, { latency: 0, writeDelay: 5, chunking })
      assert.deepStrictEqual([textsOf(plan).length, plan.writeDelay], [3, 5])
    }
  })

  it("delays groups of events when the chunking counts events", () => {
    const plan = WirePlan.make(stream, { latency: 0, writeDelay: 5, chunking: { events: 2 } })
    assert.strictEqual(textsOf(plan).length, 2)
  })

  it("does not delay the write of a body", () => {
    assert.strictEqual(WirePlan.make(body, { latency: 0, writeDelay: 5, chunking: "whole" }).writeDelay, 0)
  })

  it("starts after the latency", () => {
    assert.strictEqual(WirePlan.make(body, { latency: 7, writeDelay: 0, chunking: "whole" }).start, 7)
  })

  const timed = { latency: 10, writeDelay: 0, chunking: "whole", tokensPerSecond: 100 } as const

  it("delays a body by the time of its tokens", () => {
    assert.strictEqual(WirePlan.make({ ...body, outputTokens: 50 }, timed).start, 510)
  })

  it("spreads the events of a stream over the time of its tokens", () => {
    const plan = WirePlan.make({ ...stream, outputTokens: 30 }, timed)
    assert.deepStrictEqual([plan.start, plan.writeDelay, textsOf(plan).length], [10, 100, 3])
  })

  it("prefers the timing of the reply", () => {
    const timing = { firstToken: "2 seconds", between: "1 second" } as const
    const plan = WirePlan.make({ ...stream, outputTokens: 30, timing }, timed)
    assert.deepStrictEqual([plan.start, plan.bodyDelay, plan.writeDelays, plan.writeDelay], [10, 2_000, [0], 1_000])
  })
})
