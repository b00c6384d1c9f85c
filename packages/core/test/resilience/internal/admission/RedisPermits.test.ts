import { assert, describe, it } from "@effect/vitest"
import { RedisPermits } from "../../../../src/resilience/internal/admission/RedisPermits.ts"

describe("RedisPermits", () => {
  it("is not empty while a call holds a permit", () => {
    const permits = new RedisPermits()
    permits.hold("a")
    assert.isFalse(permits.isEmpty)
    permits.endHold("a")
    assert.isTrue(permits.isEmpty)
  })

  it("is not empty while Redis may still have a released permit", () => {
    const permits = new RedisPermits()
    permits.addReleased("a")
    assert.isFalse(permits.isEmpty)
  })

  it("forgets only the released permits that Redis has confirmed", () => {
    const permits = new RedisPermits()
    for (const id of ["a", "b", "c"]) permits.addReleased(id)
    permits.confirmReleased(["a", "c"])
    assert.deepStrictEqual(permits.released, ["b"])
  })

  it("takes held permits for stored ones once Redis is sent all of them", () => {
    const permits = new RedisPermits()
    permits.hold("a")
    assert.isFalse(permits.deleteStored("a"))
    permits.addHeldToStored()
    assert.isTrue(permits.deleteStored("a"))
  })
})
