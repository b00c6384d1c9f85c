import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Scope from "effect/Scope"
import { bytesOf } from "../../src/internal/WebBody.ts"

const request = HttpClientRequest.get("https://api.example.com")

const piece = (length: number): Uint8Array => new Uint8Array(length)

/** A body that the test feeds, and its pull. */
const setup = Effect.gen(function* () {
  let controller!: ReadableStreamDefaultController<Uint8Array>
  let pulls = 0
  const cancelled: Array<unknown> = []
  const body = new ReadableStream<Uint8Array>(
    {
      start: (started) => {
        controller = started
      },
      pull: () => {
        pulls += 1
      },
      cancel: (reason) => void cancelled.push(reason)
    },
    { highWaterMark: 0 }
  )
  const scope = Scope.makeUnsafe()
  const response = HttpClientResponse.fromWeb(request, new Response(body))
  const pull = yield* bytesOf(response)(scope)
  return { cancelled, close: Scope.close(scope, Exit.void), controller, pull, pulls: () => pulls }
})

/** How many pieces a pull has, and their bytes. */
const sizes = (pieces: ReadonlyArray<Uint8Array>): ReadonlyArray<number> => pieces.map(({ length }) => length)

describe("WebBody", () => {
  it.effect("returns the pieces that arrive together in one read", () =>
    Effect.gen(function* () {
      const { controller, pull } = yield* setup
      const first = yield* Effect.forkChild(pull)
      yield* Effect.yieldNow
      for (const length of [1, 2, 3]) controller.enqueue(piece(length))
      assert.deepStrictEqual(sizes(yield* Fiber.join(first)), [1, 2, 3])
    })
  )

  it.effect("returns what arrived between two reads", () =>
    Effect.gen(function* () {
      const { controller, pull } = yield* setup
      controller.enqueue(piece(1))
      assert.deepStrictEqual(sizes(yield* pull), [1])
      controller.enqueue(piece(2))
      controller.enqueue(piece(3))
      assert.deepStrictEqual(sizes(yield* pull), [2, 3])
    })
  )

  it.effect("ends after the last piece", () =>
    Effect.gen(function* () {
      const { controller, pull } = yield* setup
      controller.enqueue(piece(1))
      controller.close()
      assert.deepStrictEqual(sizes(yield* pull), [1])
      const exit = yield* Effect.exit(pull)
      assert.isTrue(Exit.isFailure(exit) && Cause.isDone(Cause.squash(exit.cause)))
    })
  )

  it.effect("fails with the cause of a broken body, after its pieces", () =>
    Effect.gen(function* () {
      const { controller, pull } = yield* setup
      const cause = new Error("reset")
      controller.enqueue(piece(1))
      yield* pull
      controller.error(cause)
      const error = yield* Effect.flip(pull)
      assert.isTrue(!Cause.isDone(error) && error.reason._tag === "DecodeError" && error.reason.cause === cause)
    })
  )

  it.effect("reads no further while much is buffered", () =>
    Effect.gen(function* () {
      const { controller, pull, pulls } = yield* setup
      controller.enqueue(piece(1))
      yield* pull
      const before = pulls()
      controller.enqueue(piece(256 * 1024 + 1))
      for (let i = 0; i < 4; i++) yield* Effect.yieldNow
      assert.strictEqual(pulls(), before, "nothing was asked for with a full buffer")
      assert.deepStrictEqual(sizes(yield* pull), [256 * 1024 + 1])
      assert.isAbove(pulls(), before)
    })
  )

  it.effect("cancels a body that is left before its end", () =>
    Effect.gen(function* () {
      const { cancelled, close, controller, pull } = yield* setup
      controller.enqueue(piece(1))
      yield* pull
      yield* close
      assert.strictEqual(cancelled.length, 1)
    })
  )

  it.effect("is read on after an interrupted wait", () =>
    Effect.gen(function* () {
      const { controller, pull } = yield* setup
      const waiting = yield* Effect.forkChild(pull)
      yield* Effect.yieldNow
      yield* Fiber.interrupt(waiting)
      controller.enqueue(piece(5))
      assert.deepStrictEqual(sizes(yield* pull), [5])
    })
  )

  it.effect("closes a broken body without an unhandled rejection", () =>
    Effect.gen(function* () {
      const { close, controller, pull } = yield* setup
      controller.error(new Error("reset"))
      yield* Effect.flip(pull)
      yield* close
    })
  )
})
