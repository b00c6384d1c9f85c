import { assert, describe, it } from "@effect/vitest"
import { AuthenticationError } from "@kimi-effect/core/AuthenticationErrors"
import { ConnectionRefusedError } from "@kimi-effect/core/NetworkErrors"
import { RateLimitError } from "@kimi-effect/core/RateLimitErrors"
import { ErrorReply } from "@kimi-effect/testing"
import { Duration, Effect, Fiber, Logger } from "effect"
import { TestClock } from "effect/testing"
import * as HostBatch from "../../src/batch/HostBatch.ts"
import { fast, rowOf, withHost } from "./support/hostBatch.ts"
import { type Answer, hostOf, service } from "./support/pollingHost.ts"

const isDown = Effect.fail(new ConnectionRefusedError({ message: "The host is down", provider: "moonshot" }))

const refusesFor = (retryAfter: Duration.Input) =>
  Effect.fail(
    new RateLimitError({
      message: "wait",
      kind: "requests per minute",
      retryAfter: Duration.fromInputUnsafe(retryAfter)
    })
  )

/** Runs an effect, and returns the first part of each message that it has logged. */
const logged = Effect.fnUntraced(function* <A, E, R>(effect: Effect.Effect<A, E, R>) {
  const messages: Array<string> = []
  const logger = Logger.make<unknown, void>(({ message }) => void messages.push(String([message].flat()[0])))
  yield* Effect.provide(effect, Logger.layer([logger]))
  return messages
})

describe("HostBatch.follow", () => {
  it.effect("refuses to ask without a pause", () =>
    Effect.gen(function* () {
      const batches = yield* service(hostOf(["completed"]))
      const error = yield* Effect.flip(batches.follow("b", { interval: 0, timeout: -1 }))
      assert.deepStrictEqual(error._tag === "ConfigurationError" ? error.issues.map(({ name }) => name) : error, [
        "HostBatch interval",
        "HostBatch timeout"
      ])
    })
  )

  /** The times in seconds at which the host was asked. */
  const times = (answers: ReadonlyArray<Answer>, options: HostBatch.FollowOptions, steps: number) =>
    Effect.gen(function* () {
      const batches = yield* service(hostOf(answers))
      const asked: Array<number> = []
      let now = 0
      const fiber = yield* Effect.forkChild(
        Effect.exit(batches.follow("b", { ...options, onState: () => Effect.sync(() => void asked.push(now)) }))
      )
      for (; now < steps; now += 1) yield* TestClock.adjust("1 second")
      return { asked, exit: yield* Fiber.join(fiber) }
    })

  it.effect("asks less often each time", () =>
    Effect.gen(function* () {
      const statuses = [...Array.from({ length: 6 }, () => "in_progress"), "completed"]
      const { asked } = yield* times(statuses, { interval: "4 seconds", maxInterval: "10 seconds" }, 60)
      assert.deepStrictEqual(
        asked.map((time, index) => time - (asked[index - 1] ?? 0)),
        [0, 3, 6, 9, 10, 10, 10]
      )
    })
  )

  it.effect("does not take a status that is not known for an end", () =>
    Effect.gen(function* () {
      const { asked } = yield* times(["queued", "completed"], { interval: "1 second" }, 5)
      assert.strictEqual(asked.length, 2)
    })
  )

  it.effect("fails when the batch has not ended in time", () =>
    Effect.gen(function* () {
      const batches = yield* service(hostOf(["in_progress"]))
      const waiting = yield* Effect.forkChild(Effect.exit(batches.follow("b", { timeout: "1 hour" })))
      for (let minute = 0; minute < 59; minute += 1) yield* TestClock.adjust("1 minute")
      assert.isUndefined(waiting.pollUnsafe())
      yield* TestClock.adjust("1 minute")
      const error = yield* Effect.flip(Effect.flatten(Fiber.join(waiting)))
      assert.deepInclude(error, { _tag: "TotalTimeoutError", batchId: "b" })
      assert.include(error.hint, 'HostBatch.resume("b")')
    })
  )
})

describe("a host that has an outage while a batch is followed", () => {
  const outage = Array.from({ length: 40 }, () => isDown)

  const follow = Effect.fnUntraced(function* (answers: ReadonlyArray<Answer>, options: HostBatch.FollowOptions = {}) {
    const batches = yield* service(hostOf(answers))
    return yield* Effect.forkChild(batches.follow("b", options))
  })

  it.effect("is asked until it answers", () =>
    Effect.gen(function* () {
      const fiber = yield* follow(["in_progress", ...outage, "completed"])
      for (let hour = 0; hour < 5; hour += 1) yield* TestClock.adjust("1 hour")
      assert.deepInclude(yield* Fiber.join(fiber), { id: "b", status: "completed" })
    })
  )

  it.effect("is reported once", () =>
    Effect.gen(function* () {
      const messages = yield* logged(
        Effect.gen(function* () {
          const fiber = yield* follow([...outage, "in_progress", isDown, "completed"])
          for (let hour = 0; hour < 5; hour += 1) yield* TestClock.adjust("1 hour")
          yield* Fiber.join(fiber)
        })
      )
      assert.deepStrictEqual(
        messages,
        Array.from(
          { length: 2 },
          () => "The state of the batch b could not be read: the host is asked again until it can"
        )
      )
    })
  )

  it.effect("ends the wait at the timeout, with its failure", () =>
    Effect.gen(function* () {
      const fiber = yield* follow([isDown], { timeout: "1 hour" })
      yield* TestClock.adjust("1 hour")
      const error = yield* Effect.flip(Fiber.join(fiber))
      assert.deepInclude(error, { _tag: "TotalTimeoutError", batchId: "b" })
      assert.include(error.message, "The host is down")
    })
  )

  it.effect("gets the pause that it asks for", () =>
    Effect.gen(function* () {
      const fiber = yield* follow([refusesFor("20 minutes"), "completed"])
      yield* TestClock.adjust("1199 seconds")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 second")
      assert.deepInclude(yield* Fiber.join(fiber), { status: "completed" })
    })
  )

  for (const [what, answer] of [
    ["asks for a longer pause", refusesFor("9 minutes")],
    ["never answers", Effect.never]
  ] as const) {
    it.effect(`does not extend the timeout when it ${what}`, () =>
      Effect.gen(function* () {
        const fiber = yield* follow([answer], { timeout: "45 seconds" })
        yield* TestClock.adjust("44 seconds")
        assert.isUndefined(fiber.pollUnsafe())
        yield* TestClock.adjust("1 second")
        assert.isDefined(fiber.pollUnsafe())
        const error = yield* Effect.flip(Fiber.join(fiber))
        assert.deepInclude(error, { _tag: "TotalTimeoutError", batchId: "b" })
      })
    )
  }

  it.effect("ends the wait with an error that waiting does not help", () =>
    Effect.gen(function* () {
      const fiber = yield* follow([isDown, Effect.fail(new AuthenticationError({ message: "no" })), "completed"])
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Effect.flip(Fiber.join(fiber)))._tag, "AuthenticationError")
    })
  )
})

describe("a batch that cannot be followed", () => {
  it.live("is named in the log", () =>
    withHost(({ server }) =>
      Effect.gen(function* () {
        yield* server.replyAt("GET /v1/batches/batch-000001", ErrorReply.table.invalidRequest)
        const messages = yield* logged(Effect.flip(HostBatch.run([rowOf("a")], fast)))
        assert.deepStrictEqual(messages, [
          'The batch batch-000001 was not collected: collect it with HostBatch.resume("batch-000001")'
        ])
      })
    )
  )
})
