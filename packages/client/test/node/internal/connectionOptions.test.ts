import { assert, describe, it } from "@effect/vitest"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import { Effect, Redacted } from "effect"
import { maxConnectionsOf } from "../../../src/node/internal/connectionOptions.ts"

const sizeOf = (options: KimiConfig.Options) =>
  Effect.map(KimiConfig.make({ apiKey: Redacted.make("sk-0"), ...options }), maxConnectionsOf)

describe("the size of the pool", () => {
  it.effect("is 256 where the account's concurrency is not known", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* sizeOf({}), 256)
    })
  )

  it.effect.each([
    [0, 256],
    [3, 256],
    [4, 416],
    [5, 1_016]
  ] as const)("is large enough for all calls of tier %s", ([tier, size]) =>
    Effect.gen(function* () {
      assert.strictEqual(yield* sizeOf({ tier }), size)
    })
  )

  it.effect("follows a concurrency that is configured", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* sizeOf({ tier: 5, maxConcurrency: 2_000 }), 2_016)
    })
  )

  it.effect("is the configured number of connections, where there is one", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* sizeOf({ tier: 5, maxConnections: 4 }), 4)
    })
  )
})
