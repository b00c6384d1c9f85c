import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit } from "effect"
import * as MockProvider from "../src/MockProvider.ts"
import * as Reply from "../src/Reply.ts"
import { request, withTransport } from "./support/mockProvider.ts"

/** The message of the assertion that fails after two calls, or undefined. */
const failureOf = (
  expect: (mock: MockProvider.MockProvider["Service"]) => Effect.Effect<void>,
  options: MockProvider.Options = { script: ["Hello!", Reply.overloaded()] }
) =>
  withTransport(options, (transport, mock) =>
    Effect.gen(function* () {
      yield* Effect.exit(transport.chat(request))
      yield* Effect.exit(transport.chat({ ...request, model: "kimi-k2.6", temperature: 1 }))
      const exit = yield* Effect.exit(expect(mock))
      if (Exit.isSuccess(exit)) return undefined
      const error = Cause.squash(exit.cause)
      assert.instanceOf(error, Error)
      assert.strictEqual(error.name, "AssertionError")
      return error.message
    })
  )

const expectFailure = (
  name: string,
  expect: (mock: MockProvider.MockProvider["Service"]) => Effect.Effect<void>,
  message: string
) => it.effect(name, () => Effect.map(failureOf(expect), (actual) => assert.strictEqual(actual, message)))

const expectSuccess = (name: string, expect: (mock: MockProvider.MockProvider["Service"]) => Effect.Effect<void>) =>
  it.effect(name, () => Effect.map(failureOf(expect), (actual) => assert.isUndefined(actual)))

const first = '  1. chat {"model":"kimi-k3","messages":[{"role":"user","content":"Hi"}]}'
const second = '  2. chat {"model":"kimi-k2.6","messages":[{"role":"user","content":"Hi"}],"temperature":1}'

describe("MockProvider.received", () => {
  expectSuccess("accepts a request that has the members", (mock) =>
    mock.received({ model: "kimi-k2.6", temperature: 1 })
  )

  expectSuccess("accepts a request that matches at any depth", (mock) =>
    mock.received({ messages: [{ content: "Hi" }] })
  )

  expectSuccess("accepts a request that the predicate accepts", (mock) =>
    mock.received((_, { number }) => number === 2)
  )

  expectFailure(
    "shows the requests when none has the members",
    (mock) => mock.received({ model: "kimi-k3", temperature: 1 }),
    `MockProvider: expected a request with {"model":"kimi-k3","temperature":1},\nbut it received\n${first}\n${second}`
  )

  expectFailure(
    "shows the requests when the predicate accepts none",
    (mock) => mock.received(() => false),
    `MockProvider: expected a request that the predicate accepts,\nbut it received\n${first}\n${second}`
  )

  it.effect("reports that there was no request", () =>
    withTransport({}, (_, mock) =>
      Effect.map(Effect.exit(mock.received({})), (exit) => assert.include(String(exit), "but it received no request"))
    )
  )
})

describe("MockProvider.neverSent", () => {
  expectSuccess("accepts that no request contains the text", (mock) => mock.neverSent("secret"))

  expectFailure(
    "shows the requests that contain the text",
    (mock) => mock.neverSent("kimi-k2.6"),
    `MockProvider: expected that no request contains "kimi-k2.6",\nbut it received\n${second}`
  )

  it.effect("finds a text with characters that JSON escapes", () =>
    withTransport({}, (transport, mock) =>
      Effect.gen(function* () {
        yield* transport.chat({ ...request, messages: [{ role: "user", content: 'a "b"\nc' }] })
        assert.isTrue(Exit.isFailure(yield* Effect.exit(mock.neverSent('"b"\nc'))))
      })
    )
  )
})

describe("MockProvider.attempts", () => {
  expectSuccess("accepts the number of attempts", (mock) => mock.attempts(2))

  expectFailure(
    "shows how each attempt ended",
    (mock) => mock.attempts(3),
    "MockProvider: expected 3 attempts,\nbut there were 2\n  1. chat: Success\n  2. chat: OverloadedError"
  )
})

describe("MockProvider.costs", () => {
  // kimi-k3: 88 prompt tokens at $3 and 40 completion tokens at $15 for a million.
  expectSuccess("accepts the cost of the responses", (mock) => mock.costs("$0.000864"))

  expectFailure(
    "shows the cost with the tokens",
    (mock) => mock.costs("$1"),
    "MockProvider: expected a cost of $1,\nbut it was $0.000864 for 88 prompt tokens (0 cached) and 40 completion tokens"
  )

  it.effect("costs nothing without a response", () =>
    Effect.map(
      failureOf((mock) => mock.costs("nothing"), MockProvider.outOfQuota()),
      (actual) => assert.isUndefined(actual)
    )
  )
})
