import { assert, describe, it } from "@effect/vitest"
import * as Core from "@kimi-effect/core/Redis"
import { Config, ConfigProvider, Context, Duration, Effect, Layer, Redacted } from "effect"
import * as Redis from "../../src/node/Redis.ts"
import { namesOf, untyped } from "./support/options.ts"
import { connect, hasServer, privateRedis, reachable, uniquePrefix, urlOf } from "./support/redis.ts"

describe("Redis.layer", () => {
  for (const url of ["localhost:6379", "http://localhost", "redis://a b", undefined]) {
    it.effect(`refuses the address ${url}`, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* namesOf(Redis.layer({ url: untyped(JSON.stringify(url ?? null)) })), [
          "Redis url"
        ])
      })
    )
  }

  it.effect("refuses a timeout that bounds nothing", () =>
    Effect.gen(function* () {
      const options = { url: urlOf(), timeout: Duration.infinity }
      assert.deepStrictEqual(yield* namesOf(Redis.layer(options)), ["Redis timeout"])
    })
  )

  const refused = Effect.flip(Redis.connect({ url: Redacted.make("redis://user:secret@127.0.0.1:1") }))

  it.live("fails with the reason when no server listens", () =>
    Effect.gen(function* () {
      const error = yield* refused
      assert.deepInclude({ ...error }, { _tag: "RedisError", operation: "connect", reason: "ECONNREFUSED" })
    })
  )

  it.live("does not include the address in its error", () =>
    Effect.gen(function* () {
      const error = yield* refused
      assert.notInclude(error.message, "secret")
    })
  )
})

describe.skipIf(!reachable)("Redis.layer on a server", () => {
  it.live("provides the service of core", () =>
    Effect.gen(function* () {
      const services = yield* Layer.build(Redis.layer({ url: urlOf() }))
      assert.strictEqual(yield* Context.get(services, Core.Redis).send("ECHO", "✓"), "✓")
    })
  )

  it.live("reads its address from the configuration", () =>
    Effect.gen(function* () {
      const provider = ConfigProvider.layer(ConfigProvider.fromEnvRecord({ REDIS_URL: urlOf() }))
      const layer = Redis.layerConfig({ url: Config.Redacted("REDIS_URL") })
      const services = yield* Layer.build(Layer.provide(layer, provider))
      assert.strictEqual(yield* Context.get(services, Core.Redis).send("PING"), "PONG")
    })
  )

  const failedCommand = Effect.flatMap(connect(), (redis) =>
    Effect.flip(redis.send("INCRBY", uniquePrefix(), "secret"))
  )

  it.live("fails with the error code of Redis", () =>
    Effect.gen(function* () {
      const error = yield* failedCommand
      assert.deepInclude({ ...error }, { operation: "INCRBY", reason: "ERR" })
    })
  )

  it.live("does not include values in the error message", () =>
    Effect.gen(function* () {
      const error = yield* failedCommand
      assert.notInclude(error.message, "secret")
    })
  )

  it.live("runs a script again after the server has dropped it", () =>
    Effect.gen(function* () {
      const redis = yield* connect()
      const script: Core.Script = { name: "joined", lua: `return KEYS[1] .. ARGV[1] .. ARGV[2] -- ${uniquePrefix()}` }
      assert.strictEqual(yield* redis.run(script, ["a"], ["b", 3]), "ab3")
      const other = yield* connect()
      yield* other.send("SCRIPT", "FLUSH", "SYNC")
      assert.strictEqual(yield* redis.run(script, ["x"], ["y", 4]), "xy4")
    })
  )
})

describe.skipIf(!hasServer)("Redis.layer on a server that hangs", () => {
  it.live("fails a command after its timeout", () =>
    Effect.gen(function* () {
      const server = yield* privateRedis
      const redis = yield* Redis.connect({ url: urlOf(server.port), timeout: "50 millis" })
      yield* server.pause
      const error = yield* Effect.flip(redis.send("PING"))
      assert.deepInclude({ ...error }, { operation: "PING", reason: "timeout" })
    })
  )

  it.live("closes although commands have no reply", () =>
    Effect.gen(function* () {
      const server = yield* privateRedis
      yield* Effect.scoped(
        Effect.gen(function* () {
          const redis = yield* Redis.connect({ url: urlOf(server.port), timeout: "50 millis" })
          yield* server.pause
          yield* Effect.ignore(redis.send("PING"))
        })
      )
    })
  )
})
