/** Batches whose budget has a store that is unavailable for some time, on a test clock. */
import { assert, describe, it } from "@effect/vitest"
import * as Budget from "@kimi-effect/core/Budget"
import * as BudgetStore from "@kimi-effect/core/BudgetStore"
import type { ChatResponse } from "@kimi-effect/core/ChatResponse"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import type { ChatError } from "@kimi-effect/core/OperationErrors"
import * as PriceTable from "@kimi-effect/core/PriceTable"
import { ServerError } from "@kimi-effect/core/ProviderErrors"
import { TotalTimeoutError } from "@kimi-effect/core/TimeoutErrors"
import { Duration, Effect, Layer, Logger, type Scope } from "effect"
import * as Batch from "../../src/batch/Batch.ts"
import { ChatTransport } from "../../src/ChatTransport.ts"
import { HostApi } from "../../src/HostApi.ts"
import * as KimiClient from "../../src/KimiClient.ts"
import { providers } from "../../src/Provider.ts"
import { ask, passing, questions } from "../support/batch.ts"
import { Downtime } from "../support/Downtime.ts"
import { hostApiOf, transportOf } from "../support/hosts.ts"
import { responseOf, usageOf } from "../support/responses.ts"

const model = "kimi-k3"

/** The store is what is down. */
class World extends Downtime {
  /** Attempts that the host has received. */
  sent = 0
  /** What the host does after it has received an attempt. */
  answer: Effect.Effect<ChatResponse, ChatError> = Effect.as(
    Effect.sleep("100 millis"),
    responseOf({ model, usage: usageOf(10, 1) })
  )

  readonly chat = () =>
    Effect.suspend(() => {
      this.sent += 1
      return this.answer
    })
}

const storeOf = (world: World) =>
  Layer.effect(
    BudgetStore.BudgetStore,
    Effect.map(BudgetStore.makeMemory(), (memory) => ({
      ...memory,
      name: "redis",
      reserve: (hold: Parameters<typeof memory.reserve>[0], lease: number) =>
        Effect.suspend(() =>
          world.isDown
            ? Effect.fail(BudgetStore.storeError("redis", "reserve", "it is down"))
            : memory.reserve(hold, lease)
        )
    }))
  )

const layerOf = (world: World, maxAttempts: number) =>
  KimiClient.layerTransport.pipe(
    Layer.provide(
      Layer.mergeAll(
        Layer.succeed(ChatTransport, transportOf({ chat: world.chat })),
        Layer.succeed(
          HostApi,
          hostApiOf(providers.custom, () => Effect.never)
        ),
        KimiConfig.layer({
          provider: "custom",
          baseUrl: "http://localhost/v1",
          model,
          maxAttempts,
          retryBaseDelay: "1 second",
          retryJitter: "none"
        }),
        Budget.layerStore({ caps: [{ amount: "1000", currency: "USD" }] }).pipe(
          Layer.provide(storeOf(world)),
          Layer.provide(
            PriceTable.layer({ models: [{ model, provider: "custom", currency: "USD", cacheMiss: "0", output: "1" }] })
          )
        )
      )
    ),
    Layer.provideMerge(Logger.layer([]))
  )

const inWorld = <A, E>(
  test: (world: World) => Effect.Effect<A, E, KimiClient.KimiClient | Scope.Scope>,
  maxAttempts = 1
) =>
  Effect.suspend(() => {
    const world = new World()
    return Effect.scoped(Effect.provide(test(world), layerOf(world, maxAttempts)))
  })

const tagsOf = ({ responses }: Batch.BatchResult) =>
  responses.flatMap((row) => (row._tag === "Failed" ? [row.error._tag] : []))

describe("a Batch while the store of its budget is unavailable", () => {
  for (const options of [{}, { concurrency: 1 }, { order: "input" }, { deduplicate: false }] as const) {
    it.effect(`answers all rows when it is back, with the options ${JSON.stringify(options)}`, () =>
      inWorld((world) =>
        Effect.gen(function* () {
          yield* world.goDown("30 seconds")
          const result = yield* passing(Batch.run(questions(50), options))
          assert.deepStrictEqual(tagsOf(result), [])
          assert.deepInclude(result.progress, { done: 50, failed: 0, stopped: undefined })
          assert.strictEqual(world.sent, 50)
        })
      )
    )
  }

  it.effect("stops when it takes too long", () =>
    inWorld((world) =>
      Effect.gen(function* () {
        world.isDown = true
        const result = yield* passing(Batch.run(questions(50), { stop: { outage: "10 seconds" } }))
        assert.deepStrictEqual(tagsOf(result), ["BudgetStoreError"])
        assert.deepInclude(result.responses[0], { attempts: 0 })
        assert.deepInclude(result.progress, { done: 1, failed: 1, elapsed: 10_000 })
        assert.deepInclude(result.progress.stopped, { _tag: "Error", tag: "BudgetStoreError" })
        assert.strictEqual(world.sent, 0)
      })
    )
  )

  it.effect("fails each row that waits too long if such an error does not stop it", () =>
    inWorld((world) =>
      Effect.gen(function* () {
        world.isDown = true
        const result = yield* passing(Batch.run(questions(3), { stop: { outage: "1 second", errorTags: [] } }))
        assert.strictEqual(tagsOf(result).length, 3)
        assert.isUndefined(result.progress.stopped)
      })
    )
  )

  for (const [name, error, sent] of [
    ["may be billed", new TotalTimeoutError({ message: "late", timeout: Duration.seconds(1) }), 2],
    ["is not billed", new ServerError({ message: "broken", status: 500 }), 2]
  ] as const) {
    it.effect(`makes only the retry that it has refused of an attempt that ${name}`, () =>
      inWorld(
        (world) =>
          Effect.gen(function* () {
            world.answer = Effect.suspend(() => {
              world.isDown = true
              return Effect.fail(error)
            })
            yield* Effect.forkScoped(
              Effect.andThen(
                Effect.sleep("1 minute"),
                Effect.sync(() => (world.isDown = false))
              )
            )
            const result = yield* passing(Batch.run([ask("a")]))
            assert.deepStrictEqual(tagsOf(result), [error._tag])
            assert.deepInclude(result.responses[0], { attempts: sent })
            assert.strictEqual(world.sent, sent)
          }),
        5
      )
    )
  }

  it.effect("retries a row as often as others if none of its attempts were sent", () =>
    inWorld(
      (world) =>
        Effect.gen(function* () {
          world.answer = Effect.fail(new ServerError({ message: "broken", status: 500 }))
          yield* world.goDown("1 minute")
          yield* passing(Batch.run([ask("a")]))
          assert.strictEqual(world.sent, 5)
        }),
      5
    )
  )
})
