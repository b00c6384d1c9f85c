/** `kimi batch run --order` */
import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as ErrorReply from "@kimi-effect/testing/ErrorReply"
import * as Reply from "@kimi-effect/testing/Reply"
import * as Effect from "effect/Effect"
import { filesOf, lineOf } from "../hostJob.ts"
import { withServer } from "../mockedHost.ts"
import { runKimi } from "../runKimi.ts"

const idsOf = (path: string): ReadonlyArray<string> =>
  readFileSync(path, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line).id)

/** Runs two rows, of which the second is answered by the first run and the other one by the next. */
const lateFirst = (flags: ReadonlyArray<string>) =>
  withServer((server, env) =>
    Effect.gen(function* () {
      yield* server.replyAlways(({ body }) =>
        body.includes("late") ? ErrorReply.table.invalidAuthentication : Reply.defaultReply
      )
      const { input, output } = yield* filesOf([lineOf("late"), lineOf("early")])
      const args = ["batch", "run", input, output, ...flags]
      const { code } = yield* runKimi(args, { env })
      assert.strictEqual(code, 11)
      assert.deepEqual(idsOf(output), ["early"])
      yield* server.replyAlways(Reply.defaultReply)
      const { code: last, stderr } = yield* runKimi(args, { env })
      assert.strictEqual(last, 0, stderr)
      return idsOf(output)
    })
  )

describe("kimi batch run --order", () => {
  it.live("writes the lines in the order of the input", () =>
    Effect.map(lateFirst(["--order", "input"]), (ids) => assert.deepEqual(ids, ["late", "early"]))
  )

  it.live("writes the lines as the rows are done by default", () =>
    Effect.map(lateFirst([]), (ids) => assert.deepEqual(ids, ["early", "late"]))
  )

  it.live.each([
    { flags: ["--mode", "host"], name: "at the host" },
    { flags: ["--shared", "job"], name: "of several machines" }
  ])("refuses the order of a batch $name", ({ flags }) =>
    Effect.gen(function* () {
      const { input, output } = yield* filesOf([lineOf("a")])
      const args = ["batch", "run", input, output, "--order", "input", ...flags]
      const { code, stderr } = yield* runKimi(args, { env: { KIMI_API_KEY: "sk-any" } })
      assert.strictEqual(code, 2)
      assert.include(stderr, "--order: expected a batch that runs in this process alone")
    })
  )

  it.live("refuses an order of rows that run again", () =>
    Effect.gen(function* () {
      const { input, output } = yield* filesOf([lineOf("a")])
      const args = ["batch", "run", input, output, "--order", "input", "--rerun", "TotalTimeoutError"]
      const { code, stderr } = yield* runKimi(args, { env: { KIMI_API_KEY: "sk-any" } })
      assert.strictEqual(code, 2)
      assert.include(stderr, "--rerun: expected an --order of completion")
    })
  )
})
