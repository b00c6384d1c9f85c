import { assert, describe, it } from "@effect/vitest"
import { Fault, Reply } from "@kimi-effect/testing"
import { Deferred, Effect, Fiber, Stream } from "effect"
import { connect, withFiles } from "./support/files.ts"
import * as UploadHost from "./support/uploadHost.ts"

const megabyte = 1024 * 1024

/** Makes a piece when it is pulled, and reports how much of it is not yet at the host. */
const measured = (count: number, received: () => number) => {
  let made = 0
  let largest = 0
  const pieces = Stream.fromEffectRepeat(
    Effect.sync(() => {
      made += 64 * 1024
      largest = Math.max(largest, made - received())
      return new Uint8Array(64 * 1024)
    })
  ).pipe(Stream.take(count))
  return { pieces, largest: () => largest }
}

for (const http of ["undici", "fetch"] as const) {
  describe(`the connection of an upload over ${http}`, () => {
    it.live("is closed in the middle when the upload is interrupted", () =>
      Effect.gen(function* () {
        const host = yield* UploadHost.make(UploadHost.readAll)
        const files = yield* connect(host.url, { http })
        const waiting = yield* Deferred.make<void>()
        const left = yield* Deferred.make<void>()
        const rest = Stream.fromEffect(Effect.andThen(Deferred.succeed(waiting, undefined), Effect.never))
        const content = Stream.concat(Stream.make(new Uint8Array(100_000)), rest).pipe(
          Stream.ensuring(Deferred.succeed(left, undefined))
        )
        const fiber = yield* Effect.forkChild(files.upload({ purpose: "batch", content }))
        yield* host.begun
        yield* Deferred.await(waiting)
        yield* Fiber.interrupt(fiber)
        yield* host.aborted
        yield* Deferred.await(left)
      })
    )

    it.live("is closed when the host takes nothing for the idle timeout", () =>
      Effect.gen(function* () {
        const host = yield* UploadHost.make(UploadHost.readNothing)
        const files = yield* connect(host.url, { http, files: { idleTimeout: "50 millis" } })
        const error = yield* Effect.flip(files.upload({ purpose: "batch", content: new Uint8Array(32 * megabyte) }))
        assert.strictEqual(error._tag, "IdleTimeoutError")
        yield* host.resume
        yield* host.aborted
      })
    )

    it.live("leaves its source when the host takes nothing", () =>
      Effect.gen(function* () {
        const host = yield* UploadHost.make(UploadHost.readNothing)
        const files = yield* connect(host.url, { http, files: { idleTimeout: "50 millis" } })
        const left = yield* Deferred.make<void>()
        const content = Stream.forever(Stream.make(new Uint8Array(64 * 1024))).pipe(
          Stream.ensuring(Deferred.succeed(left, undefined))
        )
        yield* Effect.flip(files.upload({ purpose: "batch", content }))
        yield* Deferred.await(left)
      })
    )

    it.live("is closed when the host does not respond in time", () =>
      Effect.gen(function* () {
        const host = yield* UploadHost.make((message) => void message.resume())
        const files = yield* connect(host.url, { http, files: { responseTimeout: "50 millis" } })
        const error = yield* Effect.flip(files.upload({ purpose: "batch", content: "one\n" }))
        assert.strictEqual(error._tag, "TotalTimeoutError")
        yield* host.aborted
      })
    )

    it.live("holds a small part of a large stream", () =>
      Effect.gen(function* () {
        const host = yield* UploadHost.make(UploadHost.readAll)
        const files = yield* connect(host.url, { http })
        const { largest, pieces } = measured(1_600, host.received)
        yield* files.upload({ purpose: "batch", content: pieces })
        assert.isAtLeast(host.received(), 100 * megabyte)
        assert.isBelow(largest(), 16 * megabyte)
      })
    )

    it.live("is not waited for when a host refuses an upload early", () =>
      Effect.gen(function* () {
        const host = yield* UploadHost.make(UploadHost.refuseEarly)
        const files = yield* connect(host.url, { http })
        const content = Stream.concat(Stream.make(new Uint8Array(100)), Stream.never)
        const error = yield* Effect.flip(files.upload({ purpose: "batch", content }))
        assert.strictEqual(error._tag, "AuthenticationError")
      })
    )
  })
}

describe("the connection of a content", () => {
  const stalling = Reply.body("x".repeat(1_000), { fault: Fault.StallMidBody({ afterBytes: 100 }) })

  it.live("is closed when its stream is left", () =>
    withFiles((files, server) =>
      Effect.gen(function* () {
        yield* server.replyAt("GET /v1/files/f/content", stalling)
        yield* Stream.runDrain(Stream.take(files.content("f"), 1))
        yield* server.awaitAborted(1)
      })
    )
  )

  it.live("is closed when the host sends nothing for the idle timeout", () =>
    withFiles(
      (files, server) =>
        Effect.gen(function* () {
          yield* server.replyAt("GET /v1/files/f/content", stalling)
          const error = yield* Effect.flip(Stream.runDrain(files.content("f")))
          assert.strictEqual(error._tag, "IdleTimeoutError")
          yield* server.awaitAborted(1)
        }),
      { files: { idleTimeout: "50 millis" } }
    )
  )
})
