import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Pull } from "effect"
import type { Dispatcher } from "undici"
import { ResponseBody } from "../../../src/node/internal/ResponseBody.ts"
import * as Probes from "../support/probes.ts"

const highWaterMark = 256 * 1024

/** A body whose connection notes what is asked of it. */
const makeBody = (onResume: (body: ResponseBody<string>) => void = () => {}) => {
  const asked: Array<string> = []
  const controller: Dispatcher.DispatchController = {
    aborted: false,
    paused: false,
    reason: null,
    rawHeaders: null,
    rawTrailers: null,
    abort: () => void asked.push("abort"),
    pause: () => void asked.push("pause"),
    resume: () => {
      asked.push("resume")
      onResume(body)
    }
  }
  const body: ResponseBody<string> = new ResponseBody<string>(controller)
  return { asked, body }
}

const bytes = (length: number): Uint8Array => new Uint8Array(length).fill(120)
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)

/** The next bytes as text, or `"done"`, or the failure. */
const next = (body: ResponseBody<string>): Effect.Effect<string> =>
  Pull.matchEffect(body.pull, {
    onSuccess: (chunks) => Effect.succeed(Buffer.concat(chunks).toString("latin1")),
    onFailure: (cause) => Effect.succeed(`failed: ${Cause.squash(cause)}`),
    onDone: () => Effect.succeed("done")
  })

describe("ResponseBody.pull", () => {
  it.effect("gives what waits together, then waits for more, then is done", () =>
    Effect.gen(function* () {
      const { body } = makeBody()
      body.push(ascii("a"))
      body.push(ascii("b"))
      assert.strictEqual(yield* next(body), "ab")
      const waiting = yield* Effect.forkChild(next(body))
      yield* Effect.yieldNow
      assert.isUndefined(waiting.pollUnsafe())
      body.push(ascii("c"))
      assert.strictEqual(yield* Fiber.join(waiting), "c")
      const last = yield* Effect.forkChild(next(body))
      yield* Effect.yieldNow
      body.end()
      assert.strictEqual(yield* Fiber.join(last), "done")
      assert.strictEqual(yield* next(body), "done")
    })
  )

  it.effect("gives a waiting reader all chunks of one read of the socket together", () =>
    Effect.gen(function* () {
      const { body } = makeBody()
      const waiting = yield* Effect.forkChild(next(body))
      yield* Effect.yieldNow
      body.push(ascii("a"))
      body.push(ascii("b"))
      assert.strictEqual(yield* Fiber.join(waiting), "ab")
    })
  )

  it.effect("delivers the bytes before a failure", () =>
    Effect.gen(function* () {
      const { body } = makeBody()
      body.push(ascii("a"))
      body.fail("broken")
      assert.strictEqual(yield* next(body), "a")
      assert.strictEqual(yield* next(body), "failed: broken")
    })
  )

  it.effect("fails while it waits", () =>
    Effect.gen(function* () {
      const { body } = makeBody()
      const waiting = yield* Effect.forkChild(next(body))
      yield* Effect.yieldNow
      body.fail("broken")
      assert.strictEqual(yield* Fiber.join(waiting), "failed: broken")
    })
  )

  it.effect("loses nothing when it is interrupted", () =>
    Effect.gen(function* () {
      const { asked, body } = makeBody()
      const waiting = yield* Effect.forkChild(next(body))
      yield* Effect.yieldNow
      yield* Fiber.interrupt(waiting)
      body.push(ascii("a"))
      assert.strictEqual(yield* next(body), "a")
      assert.deepStrictEqual(asked, [])
    })
  )
})

describe("a consumer that is slower than the host", () => {
  it.effect("pauses the host exactly above the high-water mark", () =>
    Effect.gen(function* () {
      const { asked, body } = makeBody()
      body.push(bytes(highWaterMark))
      assert.deepStrictEqual(asked, [])
      body.push(bytes(1))
      assert.deepStrictEqual(asked, ["pause"])
      assert.strictEqual((yield* next(body)).length, highWaterMark + 1)
      yield* Probes.turn
      assert.deepStrictEqual(asked, ["pause", "resume"])
      body.push(bytes(highWaterMark))
      assert.deepStrictEqual(asked, ["pause", "resume"])
    })
  )

  it.effect("resumes as often as it paused, even if more arrives immediately on resume", () =>
    Effect.gen(function* () {
      let isFirst = true
      const { asked, body } = makeBody((resumed) => {
        if (isFirst) resumed.push(bytes(highWaterMark + 1))
        isFirst = false
      })
      body.push(bytes(highWaterMark + 1))
      assert.strictEqual((yield* next(body)).length, highWaterMark + 1)
      assert.strictEqual((yield* next(body)).length, highWaterMark + 1)
      yield* Probes.turn
      assert.deepStrictEqual(asked, ["pause", "resume", "pause", "resume"])
    })
  )
})

describe("ResponseBody.bytes", () => {
  it.effect("gives the whole body once it has ended", () =>
    Effect.gen(function* () {
      const { asked, body } = makeBody()
      body.push(ascii("a"))
      const whole = yield* Effect.forkChild(body.bytes)
      yield* Effect.yieldNow
      body.push(ascii("b"))
      assert.isUndefined(whole.pollUnsafe())
      body.end()
      assert.strictEqual((yield* Fiber.join(whole)).toString(), "ab")
      assert.strictEqual((yield* body.bytes).toString(), "ab")
      assert.notInclude(asked, "abort")
    })
  )

  it.effect("waits for the end after a reader that left in the middle of a read", () =>
    Effect.gen(function* () {
      const { body } = makeBody()
      const reader = yield* Effect.forkChild(next(body))
      yield* Effect.yieldNow
      body.push(ascii("a"))
      reader.interruptUnsafe()
      const whole = yield* Effect.forkChild(body.bytes, { startImmediately: true })
      yield* Probes.turn
      assert.isUndefined(whole.pollUnsafe())
      body.end()
      assert.strictEqual((yield* Fiber.join(whole)).toString(), "a")
    })
  )

  it.effect("resumes a paused host permanently", () =>
    Effect.gen(function* () {
      const { asked, body } = makeBody()
      body.push(bytes(highWaterMark + 1))
      const whole = yield* Effect.forkChild(body.bytes)
      yield* Probes.turn
      body.push(bytes(highWaterMark + 1))
      body.end()
      assert.strictEqual((yield* Fiber.join(whole)).length, 2 * highWaterMark + 2)
      assert.deepStrictEqual(
        asked.filter((what) => what === "pause"),
        ["pause"]
      )
      assert.include(asked.slice(1), "resume")
    })
  )

  it.effect("fails with a broken body, regardless of what was received", () =>
    Effect.gen(function* () {
      const { body } = makeBody()
      body.push(ascii("a"))
      const whole = yield* Effect.forkChild(Effect.flip(body.bytes))
      yield* Effect.yieldNow
      body.fail("broken")
      assert.strictEqual(yield* Fiber.join(whole), "broken")
    })
  )

  it.effect("closes the connection when it is interrupted", () =>
    Effect.gen(function* () {
      const { asked, body } = makeBody()
      const whole = yield* Effect.forkChild(body.bytes)
      yield* Effect.yieldNow
      yield* Fiber.interrupt(whole)
      assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(whole)))
      assert.strictEqual(asked.at(-1), "abort")
    })
  )
})

describe("ResponseBody.close", () => {
  it.effect("closes the connection of a body that is left before its end", () =>
    Effect.gen(function* () {
      const { asked, body } = makeBody()
      body.push(ascii("a"))
      yield* body.close
      assert.deepStrictEqual(asked, ["abort"])
    })
  )

  it.effect("does not close the connection of an ended or broken body", () =>
    Effect.gen(function* () {
      const ended = makeBody()
      ended.body.end()
      yield* ended.body.close
      const broken = makeBody()
      broken.body.fail("broken")
      yield* broken.body.close
      assert.deepStrictEqual([...ended.asked, ...broken.asked], [])
    })
  )
})
