import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Reply } from "@kimi-effect/testing"
import * as MockServer from "@kimi-effect/testing/node/MockServer"
import * as Effect from "effect/Effect"
import { withServer } from "../mockedHost.ts"
import { runKimi } from "../runKimi.ts"
import { temporaryFolder } from "../temporaryFolder.ts"

/** The words of the command that a line ends with. */
const commandOf = (line: string): ReadonlyArray<string> => line.replace(/^.* with: kimi /, "").split(" ")

describe("the command that continues a swarm", () => {
  it.live("is shown with the need of the same flags of options after a suspension", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const folder = yield* temporaryFolder
        const [file, page] = [join(folder, "team.db"), join(folder, "team.html")]
        const args = ["swarm", "Say hello", "--id", "a", "--journal", file, "--html", page, "--json"]
        yield* server.reply(Reply.quotaExceeded())
        const first = yield* runKimi([...args, "--model", "kimi-k2.6"], { env })
        const { error } = JSON.parse(first.stderr.trim().split("\n").at(-1) ?? "") as { error: { hint: string } }
        assert.strictEqual(
          error.hint,
          `Top up the account or wait for its quota. Then continue, with the same flags of options, with: kimi swarm resume a --journal ${file} --html ${page} --json`
        )
        yield* server.replyAlways(Reply.text("Hello"))
        const words = commandOf(error.hint)
        assert.strictEqual((yield* runKimi(words, { env })).code, 26)
        const { code, stderr } = yield* runKimi([...words, "--model", "kimi-k2.6"], { env })
        assert.strictEqual(code, 0, stderr)
      })
    )
  )

  it.live("is whole after a run without flags of options", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const file = join(yield* temporaryFolder, "team.db")
        yield* server.reply(Reply.quotaExceeded())
        const { stderr } = yield* runKimi(["swarm", "Say hello", "--id", "a", "--journal", file], { env })
        const line = stderr.split("\n").find((one) => one.includes(" with: ")) ?? ""
        assert.match(line, / Then continue with: kimi swarm resume a --journal \S+$/)
        yield* server.replyAlways(Reply.text("Hello"))
        const { code, stdout } = yield* runKimi(commandOf(line), { env })
        assert.deepStrictEqual([code, stdout], [0, "Hello\n"])
      })
    )
  )

  it.live("has the limit of the cost with which it was continued at Ctrl-C", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const file = join(yield* temporaryFolder, "team.db")
        const journal = ["--journal", file]
        yield* server.reply(Reply.quotaExceeded())
        yield* runKimi(["swarm", "Say hello", "--id", "a", "--cost", "1 USD", "--max-tokens", "100", ...journal], {
          env
        })
        const slow = yield* MockServer.make({ latency: "1 hour" })
        const { stderr } = yield* runKimi(
          ["swarm", "resume", "a", "--cost", "5 USD", "--base-url", slow.url, ...journal],
          { env, interrupt: slow.awaitRequests(1) }
        )
        assert.include(
          stderr,
          `Interrupted. Continue, with the same flags of options, with: kimi swarm resume a --journal ${file} --cost '5 USD'\n`
        )
      })
    )
  )

  it.live("refuses a limit of the cost for a swarm that has begun without", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const journal = ["--journal", join(yield* temporaryFolder, "team.db")]
        yield* server.reply(Reply.quotaExceeded())
        yield* runKimi(["swarm", "Say hello", "--id", "a", ...journal], { env })
        const { code, stderr } = yield* runKimi(["swarm", "resume", "a", "--cost", "5 USD", ...journal], { env })
        assert.strictEqual(code, 2)
        assert.include(stderr, "--cost: expected a swarm that has begun with a --cost: --budget limits others")
        assert.lengthOf(yield* server.requests, 1)
      })
    )
  )
})
