import { assert, describe, it } from "@effect/vitest"
import { ConnectionLostError, ConnectionRefusedError } from "@kimi-effect/core/NetworkErrors"
import { ServerError } from "@kimi-effect/core/ProviderErrors"
import { QuotaExceededError, RateLimitError } from "@kimi-effect/core/RateLimitErrors"
import { ResponseTooLargeError } from "@kimi-effect/core/ResourceErrors"
import { outcomeOf } from "../../../../src/batch/internal/host/outcome.ts"

const message = "test"

describe("outcomeOf", () => {
  for (const [error, outcome] of [
    [new QuotaExceededError({ message, status: 429 }), "refused"],
    [new RateLimitError({ message, kind: "unknown", status: 429 }), "not sent"],
    [new ConnectionRefusedError({ message }), "not sent"],
    [new ConnectionLostError({ message }), "unknown"],
    [new ServerError({ message, status: 500 }), "unknown"],
    [new ResponseTooLargeError({ message, limit: 1, status: 200 }), "unknown"],
    [new ResponseTooLargeError({ message, limit: 1, status: 400 }), "unknown"]
  ] as const) {
    it(`is ${outcome} after ${error._tag} with ${error.status ?? "no status"}`, () => {
      assert.strictEqual(outcomeOf(error), outcome)
    })
  }
})
