import { assert, describe, it } from "@effect/vitest"
import { Cause, Duration, Effect, Exit, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"
import * as Redis from "../src/Redis.ts"

const noScript = new Error("NOSCRIPT No matching script.")
const script: Redis.Script = { name: "example", lua: "return 1" }

/** A connection that knows loaded scripts, and records its commands. */
const fake = () => {
  const sent: Array<ReadonlyArray<string>> = []
  const loaded = new Set<string>()
  const send = (...command: ReadonlyArray<string>) =>
    Effect.suspend((): Effect.Effect<unknown, Redis.RedisError> => {
      sent.push(command)
      const [name = "", argument = "", lua = ""] = command
      if (name === "SCRIPT") {
        loaded.add(`digest of ${lua}`)
        return Effect.succeed(`digest of ${lua}`)
      }
      if (name === "EVALSHA" && !loaded.has(argument)) return Effect.fail(Redis.fromCause(name, noScript))
      return Effect.succeed("reply")
    })
  return { sent, loaded, connection: { send: send as Redis.Connection["send"] } }
}

const digest = `digest of ${script.lua}`

describe("Redis.run", () => {
  it.effect("loads a script once", () =>
    Effect.gen(function* () {
      const { connection, sent } = fake()
      const redis = yield* Redis.make(connection)
      yield* redis.run(script, [], [])
      yield* redis.run(script, [], [])
      assert.deepStrictEqual(sent, [
        ["SCRIPT", "LOAD", script.lua],
        ["EVALSHA", digest, "0"],
        ["EVALSHA", digest, "0"]
      ])
    })
  )

  it.effect("runs a script by its digest with keys before arguments", () =>
    Effect.gen(function* () {
      const { connection, sent } = fake()
      const redis = yield* Redis.make(connection)
      yield* redis.run(script, ["key"], ["text", 5])
      assert.deepStrictEqual(sent.at(-1), ["EVALSHA", digest, "1", "key", "text", "5"])
    })
  )

  it.effect("loads a script again that Redis has dropped", () =>
    Effect.gen(function* () {
      const { connection, loaded, sent } = fake()
      const redis = yield* Redis.make(connection)
      yield* redis.run(script, [], [])
      loaded.clear()
      assert.strictEqual(yield* redis.run(script, [], []), "reply")
      assert.deepStrictEqual(
        sent.slice(2).map(([command]) => command),
        ["EVALSHA", "SCRIPT", "EVALSHA"]
      )
    })
  )

  it.effect("loads a script again after a reply that is no digest", () =>
    Effect.gen(function* () {
      for (const odd of [1, null, [], ""]) {
        const { connection } = fake()
        let isOdd = true
        const send: Redis.Connection["send"] = (...command) =>
          isOdd ? Effect.succeed(odd as never) : connection.send(...command)
        const redis = yield* Redis.make({ send })
        const error = yield* Effect.flip(redis.run(script, [], []))
        assert.deepInclude(error, { operation: "SCRIPT", reason: "invalidReply" })
        isOdd = false
        assert.strictEqual(yield* redis.run(script, [], []), "reply")
      }
    })
  )

  it.effect("does not run a script twice that failed", () =>
    Effect.gen(function* () {
      let runs = 0
      const failure = Redis.fromCause("EVALSHA", new Error("OOM command not allowed"))
      const send = (command: string) =>
        Effect.suspend(() => {
          if (command === "SCRIPT") return Effect.succeed("digest")
          runs += 1
          return Effect.fail(failure)
        })
      const redis = yield* Redis.make({ send: send as Redis.Connection["send"] })
      assert.strictEqual(yield* Effect.flip(redis.run(script, [], [])), failure)
      yield* Effect.flip(redis.run(script, [], []))
      assert.strictEqual(runs, 2)
    })
  )
})

describe("Redis.make", () => {
  const silent: Redis.Connection = { send: () => Effect.never }

  for (const [name, start] of [
    ["PING", (redis: Redis.Redis["Service"]) => redis.send("PING")],
    ["example", (redis: Redis.Redis["Service"]) => redis.run(script, [], [])]
  ] as const) {
    it.effect(`fails ${name} without a reply exactly after the timeout`, () =>
      Effect.gen(function* () {
        const redis = yield* Redis.make(silent, { timeout: "3 seconds" })
        const fiber = yield* Effect.forkChild(Effect.flip(start(redis)), { startImmediately: true })
        yield* TestClock.adjust(2_999)
        assert.isUndefined(fiber.pollUnsafe())
        yield* TestClock.adjust(1)
        const error = yield* Fiber.join(fiber)
        assert.strictEqual(error.message, `Redis did not reply to ${name} within 3s`)
        assert.strictEqual(error.reason, "timeout")
      })
    )
  }

  it.effect("has the status of its connection", () =>
    Effect.gen(function* () {
      const status: Redis.Status = { state: "connected", since: 1 }
      const redis = yield* Redis.make({ ...silent, status: Effect.succeed(status) })
      assert.strictEqual(yield* redis.status ?? Effect.die("no status"), status)
    })
  )

  it.effect("has no error code of any length from a server", () =>
    Effect.sync(() => {
      const { reason } = Redis.fromCause("GET", new Error(`${"A".repeat(33)} of a server`))
      assert.strictEqual(reason, "Error")
    })
  )

  it.effect("closes the connection with the scope", () =>
    Effect.gen(function* () {
      let isClosed = false
      const close = Effect.sync(() => void (isClosed = true))
      yield* Effect.scoped(Redis.make({ ...silent, close }))
      assert.isTrue(isClosed)
    })
  )

  it.effect("does not wait longer than the timeout for a connection that does not close", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      yield* Scope.provide(Redis.make({ ...silent, close: Effect.never }, { timeout: "3 seconds" }), scope)
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
      yield* TestClock.adjust(2_999)
      assert.isUndefined(closing.pollUnsafe())
      yield* TestClock.adjust(1)
      yield* Fiber.join(closing)
    })
  )

  it.effect("refuses a timeout that bounds nothing", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Redis.make(silent, { timeout: Duration.infinity }))
      assert.deepStrictEqual(
        error.issues.map(({ name }) => name),
        ["Redis timeout"]
      )
    })
  )
})

describe("Redis.fromCause", () => {
  const reasons: ReadonlyArray<readonly [cause: unknown, reason: string]> = [
    [new Error("WRONGTYPE Operation against a key"), "WRONGTYPE"],
    [new Error("connect ECONNREFUSED 127.0.0.1:6379"), "ECONNREFUSED"],
    [Object.assign(new Error("read failed"), { code: "ECONNRESET" }), "ECONNRESET"],
    [new TypeError("Secret value"), "TypeError"],
    [new Cause.TimeoutError("late"), "TimeoutError"],
    ["a secret", "unknown"]
  ]
  for (const [cause, reason] of reasons) {
    it(`gives ${reason} as the reason of ${String(cause)}`, () => {
      const error = Redis.fromCause("GET", cause)
      assert.strictEqual(error.reason, reason)
      assert.strictEqual(error.message, `Redis could not run GET: ${reason}`)
    })
  }
})
