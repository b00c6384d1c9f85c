/** Waits of a connection, and their bounds. Servers behave as each test defines, time is that of a `TestClock`, and sockets are real. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"
import * as Redis from "../../../../src/node/Redis.ts"
import { afterPing, fakeRedis } from "../../support/fakeRedis.ts"
import { echo, fork, hanging, untilState } from "../../support/redisConnection.ts"

describe("a server that does not reply", () => {
  it.effect("fails the first command exactly after the connect timeout", () =>
    Effect.gen(function* () {
      const server = yield* fakeRedis(hanging)
      const redis = yield* Redis.connect({ url: server.url, connectTimeout: "3 seconds" })
      const fiber = yield* fork(Effect.flip(redis.send("GET", "a")))
      yield* server.until(() => server.peers[0]?.commands.length === 1)
      yield* TestClock.adjust(2_999)
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust(1)
      assert.strictEqual((yield* Fiber.join(fiber)).reason, "connectTimeout")
    })
  )

  it.effect("is disconnected from after the connect timeout", () =>
    Effect.gen(function* () {
      const server = yield* fakeRedis(hanging)
      const redis = yield* Redis.connect({ url: server.url, connectTimeout: "3 seconds" })
      yield* fork(Effect.flip(redis.send("GET", "a")))
      yield* server.until(() => server.peers[0]?.commands.length === 1)
      yield* TestClock.adjust(3_000)
      yield* server.until(() => server.peers[0]?.isClosed === true)
    })
  )

  it.effect("bounds a handshake of TLS that does not begin", () =>
    Effect.gen(function* () {
      const server = yield* fakeRedis({ onConnect: ({ socket }) => void socket.removeAllListeners("data") })
      const redis = yield* Redis.connect({ url: server.url.replace("redis:", "rediss:"), connectTimeout: "3 seconds" })
      const fiber = yield* fork(Effect.flip(redis.send("GET", "a")))
      yield* server.until(() => server.peers.length === 1)
      yield* TestClock.adjust(3_000)
      assert.strictEqual((yield* Fiber.join(fiber)).reason, "connectTimeout")
    })
  )

  it.effect("gets another connection when a command has waited for its timeout", () =>
    Effect.gen(function* () {
      const server = yield* fakeRedis(
        afterPing((peer, [, argument = ""]) => {
          if (peer !== server.peers[0] || peer.commands.length === 2) peer.reply(`+${argument}\r\n`)
        })
      )
      const redis = yield* Redis.connect({ url: server.url, timeout: "3 seconds" })
      assert.strictEqual(yield* redis.send("ECHO", "first"), "first")
      const second = yield* fork(Effect.flip(redis.send("ECHO", "second")))
      yield* server.until(() => server.commands().length === 2)
      yield* TestClock.adjust(3_000)
      assert.strictEqual((yield* Fiber.join(second)).reason, "timeout")
      assert.strictEqual(yield* redis.send("ECHO", "third"), "third")
      yield* server.until(() => server.peers[0]?.isClosed === true)
    })
  )

  it.effect("keeps its connection for commands with a shorter timeout", () =>
    Effect.gen(function* () {
      const server = yield* fakeRedis(afterPing(() => undefined))
      const redis = yield* Redis.connect({ url: server.url, timeout: "3 seconds" })
      const first = yield* fork(Effect.timeoutOption(redis.send("ECHO", "first"), "1 second"))
      yield* server.until(() => server.commands().length === 1)
      yield* TestClock.adjust(1_000)
      yield* Fiber.join(first)
      yield* fork(redis.send("ECHO", "second"))
      yield* server.until(() => server.commands().length === 2)
      assert.lengthOf(server.peers, 1)
      yield* server.drop
      yield* untilState(redis, "disconnected")
    })
  )

  it.effect("delays the end of the scope exactly by the close timeout", () =>
    Effect.gen(function* () {
      const server = yield* fakeRedis(afterPing(() => undefined))
      const scope = yield* Scope.make()
      const redis = yield* Scope.provide(Redis.connect({ url: server.url, closeTimeout: "3 seconds" }), scope)
      yield* fork(Effect.exit(redis.send("GET", "a")))
      yield* server.until(() => server.commands().length === 1)
      const closing = yield* fork(Scope.close(scope, Exit.void))
      yield* TestClock.adjust(2_999)
      assert.isUndefined(closing.pollUnsafe())
      yield* TestClock.adjust(1)
      yield* Fiber.join(closing)
      yield* server.until(() => server.peers[0]?.isClosed === true)
    })
  )

  it.effect("does not delay the end of the scope while it is being connected to", () =>
    Effect.gen(function* () {
      const server = yield* fakeRedis(hanging)
      const scope = yield* Scope.make()
      const redis = yield* Scope.provide(Redis.connect({ url: server.url }), scope)
      const command = yield* fork(Effect.flip(redis.send("GET", "a")))
      yield* server.until(() => server.peers[0]?.commands.length === 1)
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual((yield* Fiber.join(command)).reason, "closed")
      yield* server.until(() => server.peers[0]?.isClosed === true)
    })
  )
})

describe("the end of the scope", () => {
  it.effect("waits for replies", () =>
    Effect.gen(function* () {
      let answer = (): void => assert.fail("no command")
      const server = yield* fakeRedis(afterPing(({ reply }) => (answer = () => reply("+OK\r\n"))))
      const scope = yield* Scope.make()
      const redis = yield* Scope.provide(Redis.connect({ url: server.url }), scope)
      const command = yield* fork(redis.send("SET", "a", "b"))
      yield* server.until(() => server.commands().length === 1)
      const closing = yield* fork(Scope.close(scope, Exit.void))
      answer()
      yield* Fiber.join(closing)
      assert.strictEqual(yield* Fiber.join(command), "OK")
    })
  )

  it.effect("fails later commands", () =>
    Effect.gen(function* () {
      const server = yield* fakeRedis(echo)
      const redis = yield* Effect.scoped(
        Effect.tap(Redis.connect({ url: server.url }), (redis) => redis.send("ECHO", "a"))
      )
      assert.strictEqual((yield* Effect.flip(redis.send("ECHO", "b"))).reason, "closed")
    })
  )
})
