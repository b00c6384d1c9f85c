/** What a shared batch leaves to its user: rows that have failed, and lines that are no rows. */
import { assert, describe, it } from "@effect/vitest"
import * as ErrorReply from "@kimi-effect/testing/ErrorReply"
import * as Effect from "effect/Effect"
import { ownSchema, reachable, url } from "../../../client/test/postgres/support/postgres.ts"
import { filesOf, lineOf } from "../hostJob.ts"
import { withServer } from "../mockedHost.ts"
import { runKimi } from "../runKimi.ts"

const shared = (lines: ReadonlyArray<string>, isFailing: boolean) =>
  withServer((server, env) =>
    Effect.gen(function* () {
      if (isFailing) yield* server.reply(ErrorReply.table.modelNotFound)
      const { input, output } = yield* filesOf(lines)
      const args = ["batch", "run", input, output, "--shared", "a", "--rows", "1", "--schema", yield* ownSchema]
      const { code, stderr, stdout } = yield* runKimi(args, { env: { ...env, DATABASE_URL: url } })
      assert.strictEqual(code, 1)
      return { text: stderr.replaceAll(output, "OUT").trimEnd().split("\n").slice(-2), stdout }
    })
  )

describe.skipIf(!reachable)("a shared batch that is complete", () => {
  it.live("names the file with the reasons of lines that are no rows", () =>
    Effect.map(shared([lineOf("a"), "no row"], false), ({ stdout, text }) => {
      assert.deepStrictEqual(text, [
        "kimi: CommandError: Lines that are no rows: 1",
        "  See OUT.rejects.jsonl for the reasons."
      ])
      assert.include(stdout, "1 row done, 1 rejected, complete")
    })
  )

  it.live("counts lines that are no rows apart before its output is written", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const { input, output } = yield* filesOf([lineOf("a"), "no row"])
        const schema = yield* ownSchema
        const settings = { env: { ...env, DATABASE_URL: url } }
        yield* runKimi(["batch", "run", input, output, "--shared", "a", "--schema", schema], settings)
        const { stdout } = yield* runKimi(["batch", "shared", "a", "--schema", schema], settings)
        assert.include(stdout, "1 row done, 1 rejected, complete")
        const shown = yield* runKimi(["batch", "shared", "a", "--schema", schema, "--json"], settings)
        assert.deepInclude(JSON.parse(shown.stdout), { done: 1, rejected: 1, written: null })
      })
    )
  )

  it.live("names the command that lists its failed rows", () =>
    Effect.map(shared([lineOf("a"), lineOf("b")], true), ({ text }) =>
      assert.deepStrictEqual(text, [
        "kimi: CommandError: Failed rows: 1",
        "  List failed rows with: kimi batch failed OUT"
      ])
    )
  )

  it.live("names both", () =>
    Effect.map(shared([lineOf("a"), lineOf("b"), "no row"], true), ({ text }) =>
      assert.deepStrictEqual(text, [
        "kimi: CommandError: Failed rows: 1, lines that are no rows: 1",
        "  See OUT.rejects.jsonl for the reasons. List failed rows with: kimi batch failed OUT"
      ])
    )
  )
})
