import { assert, describe, it } from "@effect/vitest"
import * as Headers from "effect/http/Headers"
import { readId, responseIds } from "../../src/internal/responseIds.ts"

const key = "abcdef1234567890"

describe("responseIds", () => {
  it("reads the headers of a gateway", () => {
    const headers = Headers.fromInput({ "x-request-id": "r-1", "x-trace-id": "t-1" })
    assert.deepStrictEqual(responseIds(headers, {}), { requestId: "r-1", traceId: "t-1" })
  })

  it("prefers Moonshot's headers to those of a gateway", () => {
    const both = { "x-request-id": "r-1", "msh-request-id": "m-1", "x-trace-id": "t-1", "x-msh-trace-id": "n-1" }
    assert.deepStrictEqual(responseIds(Headers.fromInput(both), {}), { requestId: "m-1", traceId: "n-1" })
  })

  it("reads the header of a gateway where Moonshot's is no id", () => {
    const headers = Headers.fromInput({ "x-request-id": "r-1", "msh-request-id": "tell me a joke" })
    assert.deepStrictEqual(responseIds(headers, {}), { requestId: "r-1" })
  })

  it("is empty without such headers", () => {
    assert.deepStrictEqual(responseIds(Headers.empty, {}), {})
  })
})

describe("readId", () => {
  it("omits an id with the caller's key", () => {
    assert.isUndefined(readId(`r-${key}`, { secret: key }))
    assert.isUndefined(readId(key, { secret: key }))
  })

  it("omits an id with the form of a key", () => {
    assert.isUndefined(readId("sk-abcdef123", {}))
  })

  it("omits a quote of the conversation", () => {
    const messages = [{ role: "user", content: "order-4711-x" }] as const
    assert.isUndefined(readId("order-4711-x", { messages }))
  })
})
