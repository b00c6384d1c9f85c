import { assert, describe, it } from "@effect/vitest"
import { SendState } from "../../../src/pipeline/internal/SendState.ts"

describe("SendState", () => {
  it("is not known to be unsent without a report", () => {
    assert.isFalse(new SendState().isUnsent)
  })

  it("is unsent for as long as a request waits", () => {
    const state = new SendState()
    state.setWaiting()
    assert.isTrue(state.isUnsent)
    state.setSent()
    assert.isFalse(state.isUnsent)
  })

  it("stays sent when the attempt makes another request", () => {
    const state = new SendState()
    state.setSent()
    state.setWaiting()
    assert.isFalse(state.isUnsent)
    state.setRefused()
    state.setWaiting()
    assert.isFalse(state.isUnsent)
  })

  it("is not known after a request that was refused, since another client may send the next one", () => {
    const state = new SendState()
    state.setWaiting()
    state.setRefused()
    assert.isFalse(state.isUnsent)
  })
})
