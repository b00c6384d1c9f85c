import { existsSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Fault, Reply } from "@kimi-effect/testing"
import * as Effect from "effect/Effect"
import { ownSchema, reachable, url } from "../../../client/test/postgres/support/postgres.ts"
import { decoded, withServer } from "../mockedHost.ts"
import { runKimi } from "../runKimi.ts"
import { temporaryFolder } from "../temporaryFolder.ts"

const path = Effect.map(temporaryFolder, (folder) => join(folder, "team.db"))

describe("kimi swarm --journal", () => {
  it.live("makes no call for a swarm that is finished", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const args = ["swarm", "Say hello", "--journal", yield* path, "--json"]
        const first = yield* runKimi(args, { env })
        assert.strictEqual(first.code, 0, first.stderr)
        const made = (yield* server.requests).length
        const again = yield* runKimi(args, { env })
        assert.deepStrictEqual(decoded("swarm", again.stdout), decoded("swarm", first.stdout))
        assert.lengthOf(yield* server.requests, made)
      })
    )
  )

  it.live("continues by its id after the account had no money", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const journal = ["--journal", yield* path, "--json"]
        yield* server.reply(
          Reply.toolCalls([{ name: "create_subagent", arguments: { name: "a", system_prompt: "b" } }])
        )
        yield* server.reply(Reply.quotaExceeded())
        const first = yield* runKimi(["swarm", "Say hello", "--id", "greeting", ...journal], { env })
        assert.strictEqual(first.code, 25, first.stderr)
        assert.include(first.stderr, `Then continue with: kimi swarm resume greeting --journal ${journal[1]} --json`)
        yield* server.reply(Reply.text("Hello"))
        const { code, stderr, stdout } = yield* runKimi(["swarm", "resume", "greeting", ...journal], { env })
        assert.strictEqual(code, 0, stderr)
        assert.deepInclude(decoded("swarm resume", stdout), { outcome: "Finished", text: "Hello", steps: 2 })
        assert.lengthOf(yield* server.requests, 3)
      })
    )
  )

  it.live("states how it continues after a key that the host refuses", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        yield* server.replyAlways(() => Reply.unauthorized())
        const { stderr } = yield* runKimi(["swarm", "Say hello", "--journal", yield* path], { env })
        assert.match(stderr, / {2}Check the key .* Then continue with: kimi swarm resume \w+ --journal \S+\n/)
      })
    )
  )

  it.live("continues with the limit of its cost", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const journal = ["--journal", yield* path, "--json"]
        const limits = ["--cost", "0.20 USD", "--max-tokens", "3000"]
        yield* server.reply(Reply.quotaExceeded())
        const first = yield* runKimi(["swarm", "Say hello", "--id", "greeting", ...limits, ...journal], { env })
        assert.strictEqual(first.code, 25, first.stderr)
        yield* server.replyAlways(Reply.text("Hello"))
        const { code, stderr } = yield* runKimi(["swarm", "resume", "greeting", ...journal], { env })
        assert.strictEqual(code, 0, stderr)
        // Without its limits the output of the model would be reserved, which is more than the limit.
        const sent = (yield* server.requests).map(({ body }) => JSON.parse(body) as { max_completion_tokens?: number })
        assert.deepStrictEqual(
          sent.map((request) => request.max_completion_tokens),
          [3_000, 3_000]
        )
      })
    )
  )

  it.live("continues after the limit of its cost with another one", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const journal = ["--journal", yield* path, "--json"]
        const limits = ["--cost", "0.20 USD", "--max-tokens", "4000"]
        yield* server.reply(
          Reply.toolCalls([{ name: "create_subagent", arguments: { name: "a", system_prompt: "b" } }], {
            usage: { prompt_tokens: 100, completion_tokens: 4_000 }
          })
        )
        yield* server.replyAlways(Reply.text("Hello"))
        const first = yield* runKimi(["swarm", "Say hello", "--id", "greeting", ...limits, ...journal], { env })
        assert.deepInclude(decoded("swarm", first.stdout), { outcome: "Limited" })
        const same = yield* runKimi(["swarm", "resume", "greeting", ...journal], { env })
        assert.deepInclude(decoded("swarm resume", same.stdout), { outcome: "Limited" })
        const { code, stderr, stdout } = yield* runKimi(
          ["swarm", "resume", "greeting", "--cost", "5 USD", ...journal],
          { env }
        )
        assert.strictEqual(code, 0, stderr)
        assert.deepInclude(decoded("swarm resume", stdout), { outcome: "Finished", text: "Hello" })
      })
    )
  )

  it.live("checks its page before it continues", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const file = yield* path
        yield* server.reply(Reply.quotaExceeded())
        yield* runKimi(["swarm", "Say hello", "--id", "greeting", "--journal", file], { env })
        const page = join(file, "no folder", "team.html")
        const args = ["swarm", "resume", "greeting", "--journal", file, "--html", page]
        const { code, stderr } = yield* runKimi(args, { env })
        assert.strictEqual(code, 1)
        assert.include(stderr, `${page} cannot be written`)
        assert.lengthOf(yield* server.requests, 1)
      })
    )
  )

  it.live("shows the state of a swarm", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const journal = ["--journal", yield* path]
        yield* runKimi(["swarm", "Say hello", "--id", "greeting", ...journal], { env })
        const shown = yield* runKimi(["swarm", "status", "greeting", ...journal])
        assert.strictEqual(shown.code, 0, shown.stderr)
        assert.include(shown.stdout, "Swarm greeting: Finished, recorded calls: 2")
        const json = yield* runKimi(["swarm", "status", "greeting", ...journal, "--json"])
        assert.deepInclude(decoded("swarm status", json.stdout), { id: "greeting", state: "Finished", calls: 2 })
      })
    )
  )

  it.live("does not continue a swarm that was cancelled", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const journal = ["greeting", "--journal", yield* path]
        yield* server.reply(Reply.quotaExceeded())
        yield* runKimi(["swarm", "Say hello", "--id", ...journal], { env })
        const cancelled = yield* runKimi(["swarm", "cancel", ...journal, "--json"])
        assert.deepInclude(decoded("swarm cancel", cancelled.stdout), { state: "Cancelled" })
        const { code, stderr } = yield* runKimi(["swarm", "resume", ...journal], { env })
        assert.strictEqual(code, 1)
        assert.include(stderr, "The swarm was cancelled")
      })
    )
  )

  it.live("shows the final state of each agent after it is cancelled", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const journal = ["greeting", "--journal", yield* path]
        yield* server.reply(Reply.withFault(Fault.StallBeforeHeaders())(Reply.text("Never.")))
        yield* Effect.forkChild(runKimi(["swarm", "Say hello", "--id", ...journal], { env }))
        yield* server.awaitRequests(1)
        const { stdout } = yield* runKimi(["swarm", "cancel", ...journal, "--json"])
        const { agents, state } = decoded("swarm cancel", stdout)
        assert.deepStrictEqual([state, agents], ["Cancelled", [{ id: "orchestrator", state: "Cancelled" }]])
      })
    )
  )

  it.live("refuses another task for an id that is used", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const journal = ["--id", "greeting", "--journal", yield* path]
        yield* runKimi(["swarm", "Say hello", ...journal], { env })
        const { code, stderr } = yield* runKimi(["swarm", "Say goodbye", ...journal], { env })
        assert.strictEqual(code, 26)
        assert.include(stderr, "JournalMismatchError")
      })
    )
  )

  it.live("offers to continue nothing that could not start", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const { code, stderr } = yield* runKimi(["swarm", "Hello", "--id", "", "--journal", yield* path], { env })
        assert.strictEqual(code, 2)
        assert.notInclude(stderr, "continues.")
      })
    )
  )

  it.live.each(["status", "resume", "cancel"])("has no swarm of another id to %s", (subcommand) =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const journal = ["--journal", yield* path]
        yield* runKimi(["swarm", "Say hello", ...journal], { env })
        const { code, stderr } = yield* runKimi(["swarm", subcommand, "other", ...journal], { env })
        assert.strictEqual(code, 1)
        assert.include(stderr, "There is no swarm other in the journal")
      })
    )
  )

  it.live("is found by an id that begins with a dash, after two dashes", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const journal = ["--journal", yield* path]
        yield* runKimi(["swarm", "Say hello", "--id=-x", ...journal], { env })
        const { code, stdout } = yield* runKimi(["swarm", "status", ...journal, "--", "-x"], { env })
        assert.deepStrictEqual([code, stdout.split("\n")[0]?.startsWith("Swarm -x: Finished")], [0, true])
      })
    )
  )

  it.live("is continued by the printed command with an id that begins with a dash", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const file = yield* path
        yield* server.reply(Reply.quotaExceeded())
        const { stderr } = yield* runKimi(["swarm", "Say hello", "--id=-x", "--journal", file], { env })
        assert.include(stderr, `Then continue with: kimi swarm resume --journal ${file} -- -x\n`)
      })
    )
  )

  it.live("states how an id that begins with a dash is given", () =>
    Effect.gen(function* () {
      const { code, stderr } = yield* runKimi(["swarm", "status", "-x", "--journal", yield* path])
      assert.strictEqual(code, 2)
      assert.include(stderr, "An argument that begins with - is given last, after --: kimi swarm status ... -- -x")
    }).pipe(Effect.scoped)
  )

  it.live("creates no journal to look into it", () =>
    Effect.gen(function* () {
      const file = yield* path
      const { code, stderr } = yield* runKimi(["swarm", "status", "a", "--journal", file])
      assert.strictEqual(code, 1)
      assert.include(stderr, "cannot be read: it does not exist")
      assert.isFalse(existsSync(file))
    }).pipe(Effect.scoped)
  )

  it.live("refuses a password in an argument", () =>
    Effect.gen(function* () {
      const args = ["swarm", "status", "a", "--journal", "postgres://kimi:secret@127.0.0.1/kimi"]
      const { code, stderr } = yield* runKimi(args)
      assert.strictEqual(code, 2)
      assert.include(stderr, "DATABASE_URL")
      assert.notInclude(stderr, "secret")
    })
  )

  it.live("is needed for an id", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const { code, stderr } = yield* runKimi(["swarm", "Say hello", "--id", "a"], { env })
        assert.strictEqual(code, 2)
        assert.include(stderr, "--id")
      })
    )
  )

  it.live.skipIf(!reachable)("can be in PostgreSQL", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const settings = { env: { ...env, DATABASE_URL: url } }
        const journal = ["--journal", "postgres", "--schema", yield* ownSchema]
        const run = ["swarm", "Say hello", "--id", "greeting", ...journal, "--json"]
        const both = yield* Effect.all([runKimi(run, settings), runKimi(run, settings)], { concurrency: 2 })
        for (const { code, stderr } of both) assert.strictEqual(code, 0, stderr)
        assert.lengthOf(yield* server.requests, 2)
        const shown = yield* runKimi(["swarm", "status", "greeting", ...journal], settings)
        assert.include(shown.stdout, "Finished")
      })
    )
  )
})
