import { assert, describe, it } from "@effect/vitest"
import { Cause, Deferred, Duration, Effect, Exit, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as Transfer from "../../../src/files/internal/Transfer.ts"

const piece = (size: number): Uint8Array => new Uint8Array(size)

const settingsOf = <E, R>(
  content: Stream.Stream<Uint8Array, E, R>,
  options: Partial<Transfer.Settings<E, R>> = {}
): Transfer.Settings<E, R> => ({
  content,
  size: undefined,
  maxBytes: 1_000,
  provider: "moonshot",
  onProgress: () => Effect.void,
  idleTimeout: Duration.seconds(60),
  responseTimeout: Duration.minutes(5),
  uploadTimeout: Duration.minutes(30),
  ...options
})

/** A host that takes a piece at a time, each after some time, and responds after some more. */
const host =
  (beforePiece: Duration.Input, beforeResponse: Duration.Input = 0) =>
  (content: Stream.Stream<Uint8Array, unknown>): Effect.Effect<string> =>
    Stream.runForEach(content, () => Effect.sleep(beforePiece)).pipe(
      Effect.orDie,
      Effect.andThen(Effect.sleep(beforeResponse)),
      Effect.as("stored")
    )

/** The outcome of a transfer some time after its start; `undefined` while it runs. */
const after = <A, E>(transfer: Effect.Effect<A, E>, ...times: ReadonlyArray<Duration.Input>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(transfer)
    const outcomes: Array<Exit.Exit<A, E> | undefined> = []
    for (const time of times) {
      yield* TestClock.adjust(time)
      outcomes.push(fiber.pollUnsafe())
    }
    yield* Fiber.interrupt(fiber)
    return outcomes
  })

const failure = <E>(exit: Exit.Exit<unknown, E> | undefined): unknown =>
  exit !== undefined && Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined

describe("a host that takes no piece", () => {
  it.effect("fails the transfer after the idle timeout", () =>
    Effect.gen(function* () {
      const content = Stream.fromIterable([piece(1), piece(1)])
      const transfer = Transfer.run(settingsOf(content), host("1 hour"))
      const [before, at] = yield* after(transfer, "59999 millis", "1 millis")
      assert.isUndefined(before)
      assert.deepInclude(failure(at), { _tag: "IdleTimeoutError", timeout: Duration.seconds(60) })
    })
  )

  it.effect("is given the idle timeout again for each piece", () =>
    Effect.gen(function* () {
      const content = Stream.fromIterable([piece(1), piece(1), piece(1)])
      const transfer = Transfer.run(settingsOf(content), host("59 seconds"))
      const [before, at] = yield* after(transfer, "176 seconds", "1 seconds")
      assert.isUndefined(before)
      assert.deepStrictEqual(at, Exit.succeed("stored"))
    })
  )
})

describe("the source of a transfer", () => {
  it.effect("may take longer than the idle timeout", () =>
    Effect.gen(function* () {
      const content = Stream.fromEffect(Effect.as(Effect.sleep("10 minutes"), piece(1)))
      const [before, at] = yield* after(Transfer.run(settingsOf(content), host(0)), "599 seconds", "1 seconds")
      assert.isUndefined(before)
      assert.deepStrictEqual(at, Exit.succeed("stored"))
    })
  )

  it.effect("is left when the transfer is interrupted", () =>
    Effect.gen(function* () {
      const left = yield* Deferred.make<void>()
      const content = Stream.concat(Stream.make(piece(1)), Stream.never).pipe(
        Stream.ensuring(Deferred.succeed(left, undefined))
      )
      const fiber = yield* Effect.forkChild(Transfer.run(settingsOf(content), host(0)))
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(fiber)
      assert.isTrue(yield* Deferred.isDone(left))
    })
  )

  it.effect("fails the transfer with its own error where the client has another", () =>
    Effect.gen(function* () {
      const content = Stream.concat(Stream.make(piece(1)), Stream.fail("disk failure" as const))
      const client = (sent: Stream.Stream<Uint8Array, unknown>) =>
        Effect.mapError(Stream.runDrain(sent), () => "connection lost" as const)
      assert.strictEqual(yield* Effect.flip(Transfer.run(settingsOf(content), client)), "disk failure")
    })
  )
})

describe("a host that does not respond", () => {
  it.effect("fails the transfer after the response timeout from the last piece", () =>
    Effect.gen(function* () {
      const content = Stream.make(piece(1))
      const transfer = Transfer.run(settingsOf(content), host("30 seconds", "1 hour"))
      const [before, at] = yield* after(transfer, "329 seconds", "1 seconds")
      assert.isUndefined(before)
      assert.deepInclude(failure(at), { _tag: "TotalTimeoutError", timeout: Duration.minutes(5) })
    })
  )
})

describe("a transfer as a whole", () => {
  it.effect("fails after the upload timeout, regardless of what it waits for", () =>
    Effect.gen(function* () {
      const content = Stream.fromEffect(Effect.as(Effect.sleep("20 seconds"), piece(1))).pipe(Stream.forever)
      const transfer = Transfer.run(settingsOf(content), host("20 seconds"))
      const [before, at] = yield* after(transfer, "1799 seconds", "1 seconds")
      assert.isUndefined(before)
      assert.deepInclude(failure(at), { _tag: "TotalTimeoutError", timeout: Duration.minutes(30) })
    })
  )

  it.effect("reports progress when a piece was taken", () =>
    Effect.gen(function* () {
      const seen: Array<number> = []
      const content = Stream.fromIterable([piece(3), piece(4)])
      const onProgress = ({ sent }: Transfer.Progress) => Effect.sync(() => void seen.push(sent))
      const fiber = yield* Effect.forkChild(Transfer.run(settingsOf(content, { onProgress }), host("10 seconds")))
      yield* TestClock.adjust("9 seconds")
      assert.deepStrictEqual(seen, [])
      yield* TestClock.adjust("1 seconds")
      assert.deepStrictEqual(seen, [3])
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(seen, [3, 7])
      assert.strictEqual(yield* Fiber.join(fiber), "stored")
    })
  )
})
