import { assert, describe, it } from "@effect/vitest"
import type { Call, CallState } from "../../../src/pipeline/Call.ts"
import { Transcript } from "../../../src/pipeline/internal/Transcript.ts"
import { isSameOrigin, originOf } from "../../../src/resilience/internal/StreamOrigin.ts"
import { call, start } from "../support/recovery.ts"

/** The transcript of a response that has begun at a host, or has not begun. */
const begun = (provider?: string): Transcript => {
  const transcript = new Transcript()
  const event = start()
  if (provider !== undefined) transcript.add(event._tag === "Start" ? { ...event, provider } : event)
  return transcript
}

const of = (members: Partial<Call>, state: CallState = {}): Call => ({ ...call, ...members, state })

describe("The origin of a broken response", () => {
  it("is the call itself without a fallback plan", () => {
    const original = of({})
    assert.strictEqual(originOf(original, begun("moonshot")), original)
    assert.strictEqual(originOf(original, begun()), original)
  })

  it("is the last attempt of the plan", () => {
    const route = { step: 0, account: "moonshot-2", model: "kimi-k3", failures: [] }
    const lastAttempt = of({ account: "moonshot-2" })
    assert.strictEqual(originOf(of({}, { lastAttempt, route }), begun("moonshot")), lastAttempt)
  })

  it("is unknown if the last attempt was at another account", () => {
    assert.isUndefined(originOf(of({}, { lastAttempt: of({ account: "moonshot-2" }) }), begun("moonshot")))
  })

  it("is unknown if the last attempt was for another model", () => {
    const lastAttempt = of({ request: { ...call.request, model: "kimi-k2.6" } })
    assert.isUndefined(originOf(of({}, { lastAttempt }), begun("moonshot")))
  })

  it("is unknown if another host responded", () => {
    assert.isUndefined(originOf(of({}), begun("together")))
  })
})

describe("Two attempts", () => {
  const response = begun("moonshot").start
  const attempt = { start: response, call }

  it("are of the same origin if all that they name is the same", () => {
    assert.isTrue(isSameOrigin(attempt, attempt))
    assert.isTrue(isSameOrigin(attempt, { start: undefined, call: undefined }))
    assert.isTrue(isSameOrigin({ start: undefined, call: undefined }, attempt))
  })

  it("are of different origins if they name different hosts, models or accounts", () => {
    const others = [
      { start: begun("together").start, call },
      { start: response === undefined ? undefined : { ...response, model: "kimi-k2.6" }, call },
      { start: response, call: of({ account: "moonshot-2" }) },
      { start: response, call: of({ request: { ...call.request, model: "kimi-k2.6" } }) }
    ]
    for (const other of others) assert.isFalse(isSameOrigin(attempt, other))
  })
})
