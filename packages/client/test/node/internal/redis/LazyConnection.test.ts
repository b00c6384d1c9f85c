/** Connections that are opened when they are wanted, and lost. Servers behave as each test defines, time is that of a `TestClock`, and sockets are real. */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Logger, References } from "effect"
import { TestClock } from "effect/testing"
import * as LazyConnection from "../../../../src/node/internal/redis/LazyConnection.ts"
import * as Redis from "../../../../src/node/Redis.ts"
import { afterPing, closedPort, fakeRedis } from "../../support/fakeRedis.ts"
import { echo, fork, hanging, stateOf, turn, untilState } from "../../support/redisConnection.ts"

describe("a connection to Redis", () => {
  it.effect("is not opened before the first command", () =>
    Effect.gen(function* () {
      const server = yield* fakeRedis(echo)
      const redis = yield* Redis.connect({ url: server.url })
      yield* turn
      assert.strictEqual(yield* stateOf(redis), "idle")
      yield* redis.send("ECHO", "a")
      assert.lengthOf(server.peers, 1)
    })
  )

  it.effect("is shared by commands that begin before it is open", () =>
    Effect.gen(function* () {
      const server = yield* fakeRedis(echo)
      const redis = yield* Redis.connect({ url: server.url })
      const commands = ["a", "b", "c"].map((text) => redis.send("ECHO", text))
      assert.deepStrictEqual(yield* Effect.all(commands, { concurrency: "unbounded" }), ["a", "b", "c"])
      assert.lengthOf(server.peers, 1)
    })
  )
})

describe("a server that has become a replica", () => {
  it.effect.each([
    "READONLY You can't write against a read only replica.",
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
    "ERR Error running script (call to f_1): @user_script:1: -READONLY You can't write against a read only replica."
  ])("is left for the one that the address leads to then, after %s", (error) =>
    Effect.gen(function* () {
      let isReplica = true
      const server = yield* fakeRedis(
        afterPing(({ reply }, [, argument = ""]) => reply(isReplica ? `-${error}\r\n` : `+${argument}\r\n`))
      )
      const redis = yield* Redis.connect({ url: server.url })
      yield* Effect.flip(redis.send("ECHO", "a"))
      isReplica = false
      assert.strictEqual(yield* redis.send("ECHO", "b"), "b")
      assert.lengthOf(server.peers, 2)
    })
  )
})

describe("an interrupted command", () => {
  /** A server that replies when the test calls `replies`. */
  const held = () => {
    const replies: Array<() => void> = []
    return {
      replies,
      behavior: afterPing(({ reply }, [, argument = ""]) => void replies.push(() => reply(`+${argument}\r\n`)))
    }
  }

  it.effect("leaves its reply to no other command", () =>
    Effect.gen(function* () {
      const { behavior, replies } = held()
      const server = yield* fakeRedis(behavior)
      const redis = yield* Redis.connect({ url: server.url })
      const first = yield* fork(redis.send("ECHO", "first"))
      yield* server.until(() => replies.length === 1)
      yield* Fiber.interrupt(first)
      const second = yield* fork(redis.send("ECHO", "second"))
      yield* server.until(() => replies.length === 2)
      for (const reply of replies) reply()
      assert.strictEqual(yield* Fiber.join(second), "second")
      assert.lengthOf(server.peers, 1)
    })
  )

  it.effect("leaves its reply to no other command after a timeout", () =>
    Effect.gen(function* () {
      const { behavior, replies } = held()
      const server = yield* fakeRedis(behavior)
      const redis = yield* Redis.connect({ url: server.url })
      const first = yield* fork(Effect.timeoutOption(redis.send("ECHO", "first"), "1 second"))
      yield* server.until(() => replies.length === 1)
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(first)
      const second = yield* fork(redis.send("ECHO", "second"))
      yield* server.until(() => replies.length === 2)
      for (const reply of replies) reply()
      assert.strictEqual(yield* Fiber.join(second), "second")
    })
  )

  it.effect("is never sent when it was interrupted before the connection was open", () =>
    Effect.gen(function* () {
      let answer = (): void => assert.fail("no PING")
      const server = yield* fakeRedis({
        onCommand: ({ reply }, [name, argument = ""]) => {
          if (name === "PING") answer = () => reply("+PONG\r\n")
          else reply(`+${argument}\r\n`)
        }
      })
      const redis = yield* Redis.connect({ url: server.url })
      const first = yield* fork(redis.send("ECHO", "first"))
      yield* server.until(() => server.peers[0]?.commands.length === 1)
      yield* Fiber.interrupt(first)
      const second = yield* fork(redis.send("ECHO", "second"))
      answer()
      yield* Fiber.join(second)
      assert.deepStrictEqual(server.commands(), [["ECHO", "second"]])
    })
  )
})

describe("a server that cannot be reached", () => {
  const disconnected = Effect.gen(function* () {
    const port = yield* closedPort
    const redis = yield* Redis.connect({ url: `redis://127.0.0.1:${port}` })
    const error = yield* Effect.flip(redis.send("GET", "a"))
    return { error, port, redis }
  })

  it.effect("fails the first command with the reason", () =>
    Effect.gen(function* () {
      const { error } = yield* disconnected
      assert.strictEqual(error.message, "Redis could not run GET: ECONNREFUSED")
    })
  )

  it.effect("fails later commands at once", () =>
    Effect.gen(function* () {
      const { redis } = yield* disconnected
      const fiber = yield* fork(Effect.flip(redis.send("GET", "a")))
      assert.strictEqual((yield* Fiber.join(fiber)).reason, "ECONNREFUSED")
    })
  )

  it.effect("is connected to in the background within two seconds of its start", () =>
    Effect.gen(function* () {
      const { port, redis } = yield* disconnected
      for (let attempt = 0; attempt < 12; attempt++) {
        yield* untilState(redis, "disconnected")
        yield* TestClock.adjust("2 seconds")
        yield* turn
      }
      yield* fakeRedis(echo, { port })
      yield* TestClock.adjust("2 seconds")
      yield* untilState(redis, "connected")
    })
  )

  it.effect("is tried again with growing delays", () =>
    Effect.gen(function* () {
      const server = yield* fakeRedis({ onConnect: ({ socket }) => void socket.destroy() })
      const redis = yield* Redis.connect({ url: server.url })
      yield* Effect.flip(redis.send("GET", "a"))
      for (const [attempts, delay] of [
        [2, 50],
        [3, 100],
        [4, 200],
        [5, 400],
        [6, 800],
        [7, 1_600],
        [8, 2_000],
        [9, 2_000]
      ] as const) {
        // Half of a delay is certain, and the other half is random.
        yield* turn
        yield* TestClock.adjust(Duration.millis(delay / 2 - 1))
        yield* turn
        assert.lengthOf(server.peers, attempts - 1)
        yield* TestClock.adjust(Duration.millis(delay / 2 + 1))
        yield* server.until(() => server.peers.length === attempts && server.peers.every(({ isClosed }) => isClosed))
        yield* untilState(redis, "disconnected")
        yield* turn
      }
    })
  )
})

describe("limits of what is sent", () => {
  it.effect("refuse an argument that could not be read", () =>
    Effect.gen(function* () {
      const server = yield* fakeRedis(echo)
      const redis = yield* Redis.connect({ url: server.url, maxReplyBytes: 1_024 })
      const error = yield* Effect.flip(redis.send("SET", "a", "x".repeat(1_025)))
      assert.strictEqual(error.reason, "commandTooLarge")
    })
  )

  it.effect("refuse more bytes than a server that does not read takes", () =>
    Effect.gen(function* () {
      const server = yield* fakeRedis(afterPing(({ socket }) => void socket.pause()))
      const redis = yield* Redis.connect({ url: server.url })
      yield* fork(redis.send("SET", "a", "b"))
      yield* server.until(() => server.commands().length === 1)
      const large = "x".repeat(32 * 1_024 * 1_024)
      const fibers = yield* Effect.forEach([1, 2, 3, 4], () => fork(Effect.flip(redis.send("SET", "a", large))))
      const [last] = fibers.slice(-1)
      assert.strictEqual(last === undefined ? undefined : (yield* Fiber.join(last)).reason, "tooManyPending")
      yield* server.drop
      yield* untilState(redis, "disconnected")
    })
  )

  it.effect("refuse more commands than may wait", () =>
    Effect.gen(function* () {
      const server = yield* fakeRedis(hanging)
      const connection = yield* LazyConnection.make({
        host: "127.0.0.1",
        port: server.port,
        tls: undefined,
        username: undefined,
        password: undefined,
        database: 0,
        connectTimeout: Duration.seconds(5),
        commandTimeout: Duration.seconds(10),
        closeTimeout: Duration.seconds(2),
        maxReplyBytes: 1_024
      })
      const all = Array.from({ length: 65_537 }, () => connection.send(["GET", "a"]))
      const error = yield* Effect.flip(Effect.all(all, { concurrency: "unbounded", discard: true }))
      assert.strictEqual("code" in error ? error.code : error.message, "tooManyPending")
      yield* connection.close
    })
  )
})

describe("an outage", () => {
  it.effect("is logged once without credentials", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const logger = Logger.make(({ message }) => void lines.push(String(message)))
      const port = yield* closedPort
      const url = `redis://kimi:canary-password@127.0.0.1:${port}`
      yield* Effect.gen(function* () {
        const redis = yield* Redis.connect({ url })
        yield* Effect.flip(redis.send("GET", "a"))
        yield* untilState(redis, "disconnected")
        yield* TestClock.adjust("1 second")
        yield* turn
      }).pipe(Effect.provide(Logger.layer([logger])), Effect.provideService(References.MinimumLogLevel, "Debug"))
      assert.deepStrictEqual(lines, [`Redis at 127.0.0.1:${port} is unavailable: ECONNREFUSED`])
    })
  )
})
