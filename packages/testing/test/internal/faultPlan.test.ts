import { assert, describe, it } from "@effect/vitest"
import * as Fault from "../../src/Fault.ts"
import * as FaultPlan from "../../src/internal/faultPlan.ts"
import * as WirePlan from "../../src/internal/wirePlan.ts"
import { body, pace, stream, textsOf } from "../support/replies.ts"

describe("faultPlan", () => {
  it("plans a reply without a fault", () => {
    const plan = FaultPlan.make(stream, undefined, pace)
    assert.deepStrictEqual(textsOf(plan), textsOf(WirePlan.make(stream, pace)))
  })

  it("truncates a body at a byte across several writes", () => {
    const textsAfter = (afterBytes: number) =>
      textsOf(FaultPlan.make(stream, Fault.StallMidBody({ afterBytes }), { ...pace, chunking: { bytes: 4 } }))
    assert.deepStrictEqual(textsAfter(10), ["data", ": 1\n", "\nd"])
    assert.deepStrictEqual(textsAfter(8), ["data", ": 1\n"])
    assert.deepStrictEqual(textsAfter(0), [])
    assert.strictEqual(textsAfter(1000).join(""), stream.events.join(""))
  })

  it("announces the whole length of a truncated body", () => {
    const plan = FaultPlan.make(body, Fault.TruncatedBody({ afterBytes: 3 }), pace)
    assert.deepStrictEqual(plan.headers, { "x-a": "1", "content-length": "8" })
    assert.deepStrictEqual([plan.status, plan.ending], [201, "close"])
  })

  it("keeps the head of the response for a fault in the stream", () => {
    for (const fault of [Fault.TruncatedStream({ afterEvents: 1 }), Fault.CorruptEvent({ afterEvents: 1 })]) {
      const plan = FaultPlan.make(stream, fault, pace)
      assert.deepStrictEqual([plan.status, plan.headers, plan.ending], [200, { "x-a": "1" }, "end"])
    }
  })

  it("does not change a stream that ends before the fault", () => {
    for (const fault of [
      Fault.CorruptEvent({ afterEvents: 9 }),
      Fault.JoinedEvents({ afterEvents: 9 }),
      Fault.TruncatedStream({ afterEvents: 9 })
    ]) {
      assert.strictEqual(textsOf(FaultPlan.make(stream, fault, pace)).join(""), stream.events.join(""))
    }
  })

  it("can be delivered repeatedly", () => {
    for (const fault of [Fault.HugeEvent({ afterEvents: 1, bytes: 500 }), undefined]) {
      const plan = FaultPlan.make(stream, fault, pace)
      assert.deepStrictEqual(textsOf(plan), textsOf(plan))
    }
  })
})
