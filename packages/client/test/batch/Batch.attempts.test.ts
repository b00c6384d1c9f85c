/** The attempts of rows that failed. */
import { assert, describe, it } from "@effect/vitest"
import * as Accounting from "@kimi-effect/core/Accounting"
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import { MockProvider, Reply, type Script } from "@kimi-effect/testing"
import { Effect, Layer, Redacted } from "effect"
import * as Batch from "../../src/batch/Batch.ts"
import * as KimiClient from "../../src/KimiClient.ts"
import { ask, passing } from "../support/batch.ts"

/** The attempts of one row and the requests that the host has received, by a client with retries. */
const attemptsOf = (
  row: ChatRequest,
  script: Script.Script,
  accounting: Layer.Layer<Accounting.Accounting> | undefined
) =>
  Effect.gen(function* () {
    const { responses } = yield* passing(Batch.run([row]))
    const mock = yield* MockProvider.MockProvider
    return [responses.map(({ _tag, attempts }) => [_tag, attempts]), (yield* mock.requests).length]
  }).pipe(
    Effect.provide(
      KimiClient.layerTransport.pipe(
        Layer.provideMerge(MockProvider.layerTransport({ script })),
        Layer.provide(accounting ?? Layer.empty),
        Layer.provide(KimiConfig.layer({ apiKey: Redacted.make("sk-mock"), maxAttempts: 3 }))
      )
    )
  )

describe("the attempts of a row that failed", () => {
  for (const [client, accounting] of [
    ["a client", undefined],
    ["a client that records them", Accounting.layer]
  ] as const) {
    for (const [name, row] of [
      ["has no messages", { messages: [] }],
      ["has an unknown member", { ...ask("Hi"), unknown: 1 } as ChatRequest]
    ] as ReadonlyArray<[string, ChatRequest]>) {
      it.effect(`are none if it ${name}, with ${client}`, () =>
        Effect.gen(function* () {
          assert.deepStrictEqual(yield* attemptsOf(row, ["Hi"], accounting), [[["Failed", 0]], 0])
        })
      )
    }

    for (const [name, reply, count] of [
      ["was refused by the host", Reply.modelNotFound(), 1],
      ["has met a broken host", Reply.serverError(), 3]
    ] as const) {
      it.effect(`are those that the host received if it ${name}, with ${client}`, () =>
        Effect.gen(function* () {
          const script = () => reply
          assert.deepStrictEqual(yield* attemptsOf(ask("Hi"), script, accounting), [[["Failed", count]], count])
        })
      )
    }
  }
})
