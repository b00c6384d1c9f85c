/** Replies that cannot be read. Servers behave as each test defines, time is that of a `TestClock`, and sockets are real. */
import { assert, describe, it } from "@effect/vitest"
import type { RedisError } from "@kimi-effect/core/Redis"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import * as Redis from "../../../../src/node/Redis.ts"
import { afterPing, fakeRedis, failures } from "../../support/fakeRedis.ts"
import { untilState } from "../../support/redisConnection.ts"

describe("a reply that cannot be read", () => {
  const reasons: { readonly [name: string]: string } = {
    "speaks HTTP": "invalidReply",
    "sends garbage": "invalidReply",
    "nests arrays": "replyTooLarge",
    "announces two gigabytes": "replyTooLarge",
    "closes in the middle of a reply": "connectionLost",
    "has too many clients": "ERR",
    "closes at once": "connectionLost",
    "is loading": "LOADING",
    "demands a password": "NOAUTH",
    "is a replica": "READONLY",
    "is a node of a cluster": "MOVED"
  }
  for (const [name, reason] of Object.entries(reasons)) {
    it.effect(`is the error ${reason} for a server that ${name}`, () =>
      Effect.gen(function* () {
        const server = yield* fakeRedis(failures[name] ?? assert.fail("no such server"))
        const redis = yield* Redis.connect({ url: server.url })
        const error: RedisError = yield* Effect.flip(redis.send("GET", "a"))
        assert.strictEqual(error.reason, reason)
      })
    )
  }

  it.effect("fails every command of its connection", () =>
    Effect.gen(function* () {
      const server = yield* fakeRedis(
        afterPing((peer, [, argument = ""]) => {
          if (peer !== server.peers[0]) return peer.reply(`+${argument}\r\n`)
          if (server.commands().length === 2) peer.reply("garbage\r\n+first\r\n")
        })
      )
      const redis = yield* Redis.connect({ url: server.url })
      const both = [redis.send("ECHO", "first"), redis.send("ECHO", "second")].map((command) => Effect.flip(command))
      const errors = yield* Effect.all(both, { concurrency: "unbounded" })
      assert.deepStrictEqual(
        errors.map(({ reason }) => reason),
        ["invalidReply", "invalidReply"]
      )
    })
  )

  it.effect("affects no command of the next connection", () =>
    Effect.gen(function* () {
      const server = yield* fakeRedis(
        afterPing((peer, [, argument = ""]) => {
          if (peer !== server.peers[0]) return peer.reply(`+${argument}\r\n`)
          if (server.commands().length === 2) peer.reply("garbage\r\n+first\r\n")
        })
      )
      const redis = yield* Redis.connect({ url: server.url })
      const both = [redis.send("ECHO", "first"), redis.send("ECHO", "second")].map((command) => Effect.flip(command))
      yield* Effect.all(both, { concurrency: "unbounded" })
      yield* untilState(redis, "disconnected")
      yield* TestClock.adjust("50 millis")
      yield* untilState(redis, "connected")
      assert.strictEqual(yield* redis.send("ECHO", "third"), "third")
    })
  )
})
