/** What commands show of a call whose first attempt has failed, and is billed. */
import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as Reply from "@kimi-effect/testing/Reply"
import * as Effect from "effect/Effect"
import { ownSchema, reachable, url } from "../../client/test/postgres/support/postgres.ts"
import { filesOf, lineOf } from "./hostJob.ts"
import { decoded, withServer } from "./mockedHost.ts"
import { runKimi } from "./runKimi.ts"

const usage = { prompt_tokens: 1000, completion_tokens: 1000, total_tokens: 2000 }

/** A host whose every second response has nothing, and is billed as the others are. */
const withBilledRetries = <A, E, R>(use: (env: { readonly [name: string]: string }) => Effect.Effect<A, E, R>) =>
  withServer((server, env) =>
    Effect.gen(function* () {
      let count = 0
      yield* server.replyAlways(() => Reply.text((count++ & 1) === 0 ? "" : "Hello!", { usage }))
      return yield* use({ ...env, KIMI_MAX_ATTEMPTS: "2", KIMI_RETRY_BASE_DELAY: "1 millis" })
    })
  )

/** The cost and the attempts of the only row. */
const rowOf = (output: string) => {
  const { attempts, cost } = JSON.parse(readFileSync(output, "utf8"))
  return { attempts, cost }
}

describe("the cost that is shown of a billed attempt and its retry", () => {
  it.live("is that of both in a batch", () =>
    withBilledRetries((env) =>
      Effect.gen(function* () {
        const { input, output } = yield* filesOf([lineOf("a", "kimi-k3")])
        const { stdout, stderr } = yield* runKimi(["batch", "run", input, output, "--json"], { env })
        assert.deepInclude(decoded("batch run", stdout), { answered: 1, cost: { USD: 0.036 } }, stderr)
        assert.deepStrictEqual(rowOf(output), { attempts: 2, cost: { USD: "0.036" } })
      })
    )
  )

  it.live("is what --cost counts", () =>
    withBilledRetries((env) =>
      Effect.gen(function* () {
        const { input, output } = yield* filesOf(["a", "b", "c", "d", "e", "f"].map((id) => lineOf(id, "kimi-k3")))
        const args = ["batch", "run", input, output, "--rows", "1", "--cost", "0.1 USD", "--json"]
        const { stdout } = yield* runKimi(args, { env })
        assert.deepInclude(decoded("batch run", stdout), { answered: 3, cost: { USD: 0.108 }, stopped: "Cost" })
      })
    )
  )

  it.live.each(["--no-stream", "--stream"])("is that of both in a chat with %s", (flag) =>
    withBilledRetries((env) =>
      Effect.gen(function* () {
        const { stderr } = yield* runKimi(["chat", "Hi", flag], { env, typed: [] })
        assert.include(stderr, "$0.036")
      })
    )
  )

  it.live("is that of both in the document of a chat", () =>
    withBilledRetries((env) =>
      Effect.gen(function* () {
        const { stdout } = yield* runKimi(["chat", "Hi", "--json"], { env })
        assert.strictEqual(decoded("chat", stdout).cost, "$0.036")
      })
    )
  )

  it.live("is that of both in a swarm", () =>
    withBilledRetries((env) =>
      Effect.gen(function* () {
        const { stderr, stdout } = yield* runKimi(["swarm", "Say hello", "--json"], { env })
        assert.deepInclude(decoded("swarm", stdout), { steps: 1, cost: ["$0.036"] }, stderr)
        assert.include(stderr, "1 finished, 1 step, $0.036")
      })
    )
  )

  it.live.skipIf(!reachable)("is that of both in a shared batch", () =>
    withBilledRetries((env) =>
      Effect.gen(function* () {
        const { input, output } = yield* filesOf([lineOf("a", "kimi-k3")])
        const schema = yield* ownSchema
        const args = ["batch", "run", input, output, "--shared", "a", "--schema", schema]
        const { code, stderr } = yield* runKimi(args, { env: { ...env, DATABASE_URL: url } })
        assert.strictEqual(code, 0, stderr)
        assert.deepStrictEqual(rowOf(output), { attempts: 2, cost: { USD: "0.036" } })
      })
    )
  )
})

/** A host that bills all responses, of which none has a text. */
const withBilledFailures = <A, E, R>(use: (env: { readonly [name: string]: string }) => Effect.Effect<A, E, R>) =>
  withServer((server, env) =>
    Effect.gen(function* () {
      yield* server.replyAlways(() => Reply.text("", { usage }))
      return yield* use({ ...env, KIMI_MAX_ATTEMPTS: "2", KIMI_RETRY_BASE_DELAY: "1 millis" })
    })
  )

describe("the cost that is shown of a chat that fails after two billed attempts", () => {
  it.live.each(["--no-stream", "--stream"])("is that of both with %s", (flag) =>
    withBilledFailures((env) =>
      Effect.gen(function* () {
        const { code, stderr } = yield* runKimi(["chat", "Hi", flag], { env, typed: [] })
        assert.notStrictEqual(code, 0)
        assert.include(stderr, "\n  Its calls have cost $0.036.\n")
      })
    )
  )

  it.live.each(["--no-stream", "--stream"])("is that of both in the JSON of the error with %s", (flag) =>
    withBilledFailures((env) =>
      Effect.gen(function* () {
        const { stderr } = yield* runKimi(["chat", "Hi", flag, "--json"], { env })
        assert.strictEqual(JSON.parse(stderr.trimEnd().split("\n").at(-1) ?? "").error.cost, "$0.036")
      })
    )
  )

  it.live("is that of both in a conversation, which continues", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        yield* server.reply(Reply.text("", { usage }), Reply.text("", { usage }), Reply.text("Hello!", { usage }))
        const { code, stderr } = yield* runKimi(["chat"], {
          env: { ...env, KIMI_MAX_ATTEMPTS: "2", KIMI_RETRY_BASE_DELAY: "1 millis" },
          typed: ["Hi", "Again"]
        })
        assert.strictEqual(code, 0, stderr)
        assert.match(stderr, /Its calls have cost \$0\.036\.\n[^]*1000 \+ 1000 tokens, \$0\.018\n/)
      })
    )
  )
})

describe("the cost that is shown of a chat that fails", () => {
  it.live("is left out where the host charges nothing", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        yield* server.replyAlways(() => Reply.unauthorized())
        const { stderr } = yield* runKimi(["chat", "Hi", "--json"], { env })
        assert.notProperty(JSON.parse(stderr).error, "cost")
      })
    )
  )
})
