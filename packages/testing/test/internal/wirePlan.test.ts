import { assert, describe, it } from "@effect/vitest"
import * as Fault from "../../src/Fault.ts"
import * as WirePlan from "../../src/internal/wirePlan.ts"

const pace: WirePlan.Pace = { latency: 0, writeDelay: 0, chunking: { events: 2 } }
const body: WirePlan.RenderedReply = { status: 201, headers: { "x-a": "1" }, events: ['{"é":1}'], isStream: false }
const stream: WirePlan.RenderedReply = {
  status: 200,
  headers: { "x-a": "1" },
  events: ["data: 1\n\n", "data: 2\n\n", "data: 3\n\n"],
  isStream: true
}
const writes = (plan: WirePlan.WirePlan) => Array.from(plan.writes, (part) => part.toString())

describe("wirePlan", () => {
  it("measures bodies in bytes and leaves the length of streams open", () => {
    assert.deepStrictEqual(WirePlan.make(body, undefined, pace).headers, { "x-a": "1", "content-length": "8" })
    assert.deepStrictEqual(WirePlan.make(stream, undefined, pace).headers, { "x-a": "1" })
  })

  it("cuts streams and ends them", () => {
    const plan = WirePlan.make(stream, undefined, pace)
    assert.deepStrictEqual(writes(plan), ["data: 1\n\ndata: 2\n\n", "data: 3\n\n"])
    assert.deepStrictEqual([plan.start, plan.bodyDelay, plan.writeDelay, plan.ending], [0, 0, 0, "end"])
  })

  it("paces single events of a stream, unless events are counted, and no body", () => {
    const paced = { latency: 7, writeDelay: 5, chunking: "whole" } as const
    assert.strictEqual(writes(WirePlan.make(stream, undefined, paced)).length, 3)
    assert.strictEqual(writes(WirePlan.make(stream, undefined, { ...paced, chunking: { bytes: 1 } })).length, 3)
    assert.strictEqual(writes(WirePlan.make(stream, undefined, { ...paced, chunking: { events: 2 } })).length, 2)
    assert.deepStrictEqual(
      [WirePlan.make(stream, undefined, paced).writeDelay, WirePlan.make(body, undefined, paced).writeDelay],
      [5, 0]
    )
    assert.strictEqual(WirePlan.make(body, undefined, paced).start, 7)
  })

  it("cuts a body at the byte, over several writes", () => {
    const cut = (afterBytes: number) =>
      WirePlan.make(stream, Fault.StallMidBody({ afterBytes }), { ...pace, chunking: { bytes: 4 } })
    assert.deepStrictEqual(writes(cut(10)), ["data", ": 1\n", "\nd"])
    assert.deepStrictEqual(writes(cut(8)), ["data", ": 1\n"])
    assert.deepStrictEqual(writes(cut(0)), [])
    assert.strictEqual(writes(cut(1000)).join(""), stream.events.join(""))
  })

  it("promises the whole length of a body that breaks off", () => {
    const plan = WirePlan.make(body, Fault.TruncatedBody({ afterBytes: 3 }), pace)
    assert.deepStrictEqual(plan.headers, { "x-a": "1", "content-length": "8" })
    assert.deepStrictEqual([plan.status, plan.ending], [201, "close"])
  })

  it("keeps status and headers where the fault is in the stream only", () => {
    for (const fault of [Fault.TruncatedStream({ afterEvents: 1 }), Fault.CorruptEvent({ afterEvents: 1 })]) {
      const plan = WirePlan.make(stream, fault, pace)
      assert.deepStrictEqual([plan.status, plan.headers, plan.ending], [200, { "x-a": "1" }, "end"])
    }
  })

  it("leaves a stream alone that is shorter than the fault expects", () => {
    for (const fault of [
      Fault.CorruptEvent({ afterEvents: 9 }),
      Fault.JoinedEvents({ afterEvents: 9 }),
      Fault.TruncatedStream({ afterEvents: 9 })
    ]) {
      assert.strictEqual(writes(WirePlan.make(stream, fault, pace)).join(""), stream.events.join(""))
    }
  })

  it("can be carried out again", () => {
    for (const fault of [Fault.HugeEvent({ afterEvents: 1, bytes: 500 }), undefined]) {
      const plan = WirePlan.make(stream, fault, pace)
      assert.deepStrictEqual(writes(plan), writes(plan))
    }
  })
})
