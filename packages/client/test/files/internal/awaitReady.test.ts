import { assert, describe, it } from "@effect/vitest"
import type { FileObject } from "@kimi-effect/core/File"
import { FileNotFoundError } from "@kimi-effect/core/FileErrors"
import { ConnectionRefusedError } from "@kimi-effect/core/NetworkErrors"
import type { FileError } from "@kimi-effect/core/OperationErrors"
import { RateLimitError } from "@kimi-effect/core/RateLimitErrors"
import { Duration, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import type { ReadyOptions } from "../../../src/files/Files.ts"
import { awaitReady } from "../../../src/files/internal/awaitReady.ts"

const file: FileObject = { id: "f", bytes: 1, created_at: 1, filename: "a.pdf", purpose: "file-extract" }

const isDown = Effect.fail(new ConnectionRefusedError({ message: "The host is down", provider: "moonshot" }))

/** Waits for a file that has these statuses or failures in turn, and then the last one. */
const waiting = (answers: ReadonlyArray<string | Effect.Effect<never, FileError>>, options?: ReadyOptions) =>
  Effect.gen(function* () {
    let requests = 0
    const get = Effect.suspend(() => {
      const answer = answers[Math.min(requests++, answers.length - 1)] ?? ""
      return typeof answer === "string" ? Effect.succeed({ ...file, status: answer }) : answer
    })
    const fiber = yield* Effect.forkChild(Effect.result(awaitReady(get, "f", "moonshot", options)))
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
      assert.deepStrictEqual(yield* awaitReady(Effect.succeed(file), "f", "moonshot"), file)
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
        message: "The host had not processed the file f after 5m",
        timeout: Duration.minutes(5),
        fileId: "f"
      })
    })
  )

  it.effect("waits through an outage of the host", () =>
    Effect.gen(function* () {
      const { fiber, requests } = yield* waiting(["parsing", isDown, isDown, isDown, "ready"])
      yield* TestClock.adjust("7999 millis")
      assert.deepStrictEqual([fiber.pollUnsafe(), requests()], [undefined, 4])
      yield* TestClock.adjust("1 millis")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "Success")
    })
  )

  it.effect("has the pause that the host asks for", () =>
    Effect.gen(function* () {
      const retryAfter = Duration.minutes(1)
      const refused = new RateLimitError({ message: "wait", kind: "requests per minute", retryAfter })
      const { fiber, requests } = yield* waiting([Effect.fail(refused), "ready"])
      yield* TestClock.adjust("59999 millis")
      assert.strictEqual(requests(), 1)
      yield* TestClock.adjust("1 millis")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "Success")
    })
  )

  for (const [what, answer, message] of [
    ["that cannot be reached", isDown, "after 5m; it could not be asked at last: The host is down"],
    ["that does not answer", Effect.never, "after 5m"]
  ] as const) {
    it.effect(`ends after its timeout with a host ${what}`, () =>
      Effect.gen(function* () {
        const { fiber } = yield* waiting([answer])
        yield* TestClock.adjust("299999 millis")
        assert.isUndefined(fiber.pollUnsafe())
        yield* TestClock.adjust("1 millis")
        assert.isDefined(fiber.pollUnsafe())
        const error = yield* Effect.flip(Effect.flatMap(Fiber.join(fiber), Effect.fromResult))
        assert.deepInclude(error, { _tag: "TotalTimeoutError", fileId: "f" })
        assert.isTrue(error.message.endsWith(message), error.message)
      })
    )
  }

  it.effect("ends with an error that waiting does not help", () =>
    Effect.gen(function* () {
      const missing = new FileNotFoundError({ message: "gone", fileId: "f" })
      const { fiber } = yield* waiting([Effect.fail(missing), "ready"])
      assert.strictEqual(yield* Effect.flip(Effect.flatMap(Fiber.join(fiber), Effect.fromResult)), missing)
    })
  )
})
