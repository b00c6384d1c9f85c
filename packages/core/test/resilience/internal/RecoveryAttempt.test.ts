import { assert, describe, it } from "@effect/vitest"
import type { StreamEvent } from "../../../src/models/StreamEvent.ts"
import { withBoundary } from "../../../src/resilience/internal/RecoveryAttempt.ts"
import { text } from "../support/recovery.ts"

const resumed = { _tag: "Resume", reason: "StreamInterruptedError" } as const
const start: StreamEvent = { _tag: "Start", id: "chatcmpl-1", model: "kimi-k3", created: 1 }

describe("The boundary before the rest of a response", () => {
  it("names the response without what its host did not name", () => {
    assert.deepStrictEqual(withBoundary([start, text("a")], resumed), [
      { ...resumed, id: "chatcmpl-1", model: "kimi-k3" },
      text("a")
    ])
  })

  it("names the host with its ids", () => {
    const ids = { provider: "moonshot", requestId: "r-1", traceId: "t-1" }
    assert.deepStrictEqual(withBoundary([{ ...start, ...ids }], resumed), [
      { ...resumed, id: "chatcmpl-1", model: "kimi-k3", ...ids }
    ])
  })

  it("precedes events without a start", () => {
    assert.deepStrictEqual(withBoundary([text("a")], resumed), [resumed, text("a")])
  })
})
