import { assert, describe, it } from "@effect/vitest"
import type { Message } from "@kimi-effect/core/Message"
import { Effect } from "effect"
import * as HostApi from "../src/HostApi.ts"
import { providers } from "../src/Provider.ts"
import { base, errorResponse, get, hostApiOver } from "./support/httpHost.ts"
import { balanceJson } from "./support/hosts.ts"

const messages: ReadonlyArray<Message> = [{ role: "user", content: "Where is the treasure buried?" }]

describe("HostApi.models", () => {
  it.effect("reads a list in an envelope", () =>
    Effect.gen(function* () {
      const { api, sent } = yield* hostApiOver(() => Response.json({ object: "list", data: [{ id: "kimi-k3" }] }))
      assert.deepStrictEqual(yield* HostApi.models(api), [{ id: "kimi-k3" }])
      assert.strictEqual(sent[0]?.url, `${base}/models`)
    })
  )

  it.effect("reads a bare list", () =>
    Effect.gen(function* () {
      const { api } = yield* hostApiOver(() => Response.json([{ id: "kimi-k3" }]))
      assert.deepStrictEqual(yield* HostApi.models(api), [{ id: "kimi-k3" }])
    })
  )

  it.effect("reports an error about a model as InvalidRequestError", () =>
    Effect.gen(function* () {
      const { api } = yield* hostApiOver(() => errorResponse(404, "Not found the model", "resource_not_found_error"))
      const error = yield* Effect.flip(HostApi.models(api))
      assert.deepInclude(error, { _tag: "InvalidRequestError", status: 404, message: "Not found the model" })
    })
  )
})

describe("HostApi.estimateTokens", () => {
  const counting = hostApiOver(() => Response.json({ data: { total_tokens: 80 } }))

  it.effect("returns the count", () =>
    Effect.gen(function* () {
      const { api } = yield* counting
      assert.strictEqual(yield* HostApi.estimateTokens(api, "kimi-k3", messages), 80)
    })
  )

  it.effect("sends the conversation", () =>
    Effect.gen(function* () {
      const { api, sent } = yield* counting
      yield* HostApi.estimateTokens(api, "kimi-k3", messages)
      assert.strictEqual(sent[0]?.url, `${base}/tokenizers/estimate-token-count`)
      const { body } = sent[0] ?? {}
      const text = body?._tag === "Uint8Array" ? body.text : undefined
      assert.deepStrictEqual(JSON.parse(text ?? ""), { model: "kimi-k3", messages })
    })
  )

  it.effect("fails with InvalidRequestError for a malformed message, without a request", () =>
    Effect.gen(function* () {
      const { api, sent } = yield* hostApiOver(() => Response.json({}))
      const malformed: ReadonlyArray<Message> = JSON.parse(`[{ "role": "user", "content": 3 }]`)
      const error = yield* Effect.flip(HostApi.estimateTokens(api, "kimi-k3", malformed))
      assert.deepInclude(error, { _tag: "InvalidRequestError", parameter: "messages[0].content" })
      assert.strictEqual(sent.length, 0)
    })
  )
})

describe("HostApi.balance", () => {
  it.effect("returns the balance", () =>
    Effect.gen(function* () {
      const { api, sent } = yield* hostApiOver(() => Response.json(balanceJson(20)))
      const balance = yield* HostApi.balance(api)
      assert.deepStrictEqual(balance, { available_balance: 20, voucher_balance: 0, cash_balance: 20 })
      assert.strictEqual(sent[0]?.url, `${base}/users/me/balance`)
    })
  )

  it.effect("fails with InvalidResponseError when the code is not 0", () =>
    Effect.gen(function* () {
      const { api } = yield* hostApiOver(() =>
        Response.json({ code: 7, data: { available_balance: 0, voucher_balance: 0, cash_balance: 0 } })
      )
      const error = yield* Effect.flip(HostApi.balance(api))
      assert.deepInclude(error, { _tag: "InvalidResponseError", message: "The host returned code 7 for the balance" })
    })
  )
})

describe("an operation that the host does not offer", () => {
  const together = { provider: "together" } as const

  it.effect("fails with UnsupportedOperationError without a request: estimateTokens", () =>
    Effect.gen(function* () {
      const { api, sent } = yield* hostApiOver(() => Response.json({}), together)
      const error = yield* Effect.flip(HostApi.estimateTokens(api, "m", messages))
      assert.deepInclude(error, {
        _tag: "UnsupportedOperationError",
        message: "together does not offer estimateTokens"
      })
      assert.strictEqual(sent.length, 0)
    })
  )

  it.effect("fails with UnsupportedOperationError without a request: balance", () =>
    Effect.gen(function* () {
      const { api, sent } = yield* hostApiOver(() => Response.json({}), together)
      const error = yield* Effect.flip(HostApi.balance(api))
      assert.deepInclude(error, { _tag: "UnsupportedOperationError", message: "together does not offer balance" })
      assert.strictEqual(sent.length, 0)
    })
  )

  it.effect("is every operation of HostApi.unsupported", () =>
    Effect.gen(function* () {
      const api = HostApi.unsupported(providers.moonshot)
      const errors = yield* Effect.all([
        Effect.flip(HostApi.models(api)),
        Effect.flip(HostApi.estimateTokens(api, "kimi-k3", messages)),
        Effect.flip(HostApi.balance(api)),
        Effect.flip(api.request({ ...get, response: HostApi.text }))
      ])
      assert.deepStrictEqual(
        errors.map((error) => error._tag === "UnsupportedOperationError" && error.operation),
        ["models", "estimateTokens", "balance", "test"]
      )
    })
  )
})
