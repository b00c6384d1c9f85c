import { assert, describe, it } from "@effect/vitest"
import type { FileObject } from "@kimi-effect/core/File"
import { Duration, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import type { ReadyOptions } from "../../../src/files/Files.ts"
import { awaitReady } from "../../../src/files/internal/awaitReady.ts"

const file: FileObject = { id: "f", bytes: 1, created_at: 1, filename: "a.pdf", purpose: "file-extract" }

/** Waits for a file that has these statuses in turn, and then the last one. */
const waiting = (statuses: ReadonlyArray<string>, options?: ReadyOptions) =>
  Effect.gen(function* () {
    let requests = 0
    const get = Effect.sync(() => ({ ...file, status: statuses[Math.min(requests++, statuses.length - 1)] ?? "" }))
    const fiber = yield* Effect.forkChild(Effect.result(awaitReady(get, "moonshot", options)))
    yield* TestClock.adjust(0)
    return { fiber, requests: () => requests }
  })

describe("the wait for a file", () => {
  it.effect("is over at once for a file that is ready", () =>
    Effect.gen(function* () {
      const { fiber, requests } = yield* waiting(["ready"])
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "Success")
      assert.strictEqual(requests(), 1)
    })
  )

  it.effect("is over at once for a host without statuses", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* awaitReady(Effect.succeed(file), "moonshot"), file)
    })
  )

  it.effect("requests the file every two seconds", () =>
    Effect.gen(function* () {
      const { fiber, requests } = yield* waiting(["parsing", "parsing", "ready"])
      yield* TestClock.adjust("1999 millis")
      assert.strictEqual(requests(), 1)
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(requests(), 2)
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "Success")
    })
  )

  it.effect("has a least interval", () =>
    Effect.gen(function* () {
      const { fiber, requests } = yield* waiting(["parsing"], { interval: 0 })
      yield* TestClock.adjust("99 millis")
      assert.strictEqual(requests(), 1)
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(requests(), 2)
      yield* Fiber.interrupt(fiber)
    })
  )

  it.effect("ends after its timeout", () =>
    Effect.gen(function* () {
      const { fiber } = yield* waiting(["parsing"])
      yield* TestClock.adjust("299999 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      const result = yield* Fiber.join(fiber)
      assert.deepInclude(result._tag === "Failure" ? result.failure : {}, {
        _tag: "TotalTimeoutError",
        timeout: Duration.minutes(5)
      })
    })
  )
})
