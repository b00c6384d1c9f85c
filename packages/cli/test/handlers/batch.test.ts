import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as ErrorReply from "@kimi-effect/testing/ErrorReply"
import * as Effect from "effect/Effect"
import { filesOf, lineOf } from "../hostJob.ts"
import { decoded, withServer } from "../mockedHost.ts"
import { runKimi } from "../runKimi.ts"

describe("kimi batch run", () => {
  it.live("requests no row again that is done", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const { input, output } = yield* filesOf([lineOf("a"), lineOf("b")])
        const args = ["batch", "run", input, output, "--json"]
        const first = yield* runKimi(args, { env })
        assert.strictEqual(first.code, 0, first.stderr)
        assert.deepInclude(decoded("batch run", first.stdout), { answered: 2, failed: 0, resumed: 0, stopped: null })
        assert.include(first.stderr, "2 rows")
        const second = yield* runKimi(args, { env })
        assert.deepInclude(decoded("batch run", second.stdout), { answered: 2, resumed: 2 })
        assert.lengthOf(yield* server.requests, 2)
        assert.lengthOf(readFileSync(output, "utf8").trim().split("\n"), 2)
      })
    )
  )

  it.live("names rows with the same id", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const { input, output } = yield* filesOf([lineOf("a"), lineOf("a")])
        const { code, stderr, stdout } = yield* runKimi(["batch", "run", input, output, "--json"], { env })
        assert.strictEqual(code, 0)
        assert.deepInclude(decoded("batch run", stdout), { answered: 2, duplicateIds: 1 })
        assert.include(stderr, "Rows with an id that another row has: 1.")
        assert.notInclude(stderr, "--id-column")
      })
    )
  )

  it.live("names the flag of the column of ids for prompts with the same id", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const { input, output } = yield* filesOf(['{ "id": "a", "text": "Hi" }', '{ "id": "a", "text": "Ho" }'])
        const { stderr } = yield* runKimi(["batch", "run", input, output, "--column", "text"], { env })
        assert.include(stderr, "Rows with an id that another row has: 1.")
        assert.include(stderr, "--id-column sets another column")
      })
    )
  )

  it.live("reads standard input to standard output", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const { code, stderr, stdout } = yield* runKimi(["batch", "run", "-", "-", "--json"], {
          env,
          stdin: `${lineOf("a")}\nno row\n`
        })
        assert.strictEqual(code, 1)
        const [only, ...others] = stdout.trim().split("\n")
        assert.lengthOf(others, 0)
        assert.strictEqual(JSON.parse(only ?? "").id, "a")
        assert.include(stderr, "Line 2 is no row: The line is not JSON")
        const result = stderr.split("\n").find((line) => line.startsWith("{")) ?? ""
        assert.deepInclude(decoded("batch run", result), { answered: 1, rejected: 1 })
      })
    )
  )

  it.live("names no reject file of a batch to standard output, which has none", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const { input } = yield* filesOf([lineOf("a"), "no row"])
        const { stderr } = yield* runKimi(["batch", "run", input, "-"], { env })
        assert.match(stderr, /1 answered, 0 failed, 1 rejected, [$]/)
      })
    )
  )

  it.live("makes prompts of the columns of a CSV file", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const { input, output } = yield* filesOf(["name;kind", "Pear;fruit"])
        const flags = [
          "--format",
          "csv",
          "--separator",
          ";",
          "--template",
          "Is a {name} a {kind}?",
          "--system",
          "Be brief.",
          "--max-tokens",
          "200",
          "--effort",
          "low"
        ]
        const { code, stderr } = yield* runKimi(["batch", "run", input, output, ...flags], { env })
        assert.strictEqual(code, 0, stderr)
        assert.include(stderr, "1 of 1 row,")
        const [request] = yield* server.requests
        assert.deepInclude(JSON.parse(request?.body ?? ""), {
          max_completion_tokens: 200,
          reasoning_effort: "low",
          messages: [
            { role: "system", content: "Be brief." },
            { role: "user", content: "Is a Pear a fruit?" }
          ]
        })
      })
    )
  )

  it.live.each([
    ["--system", "Be brief."],
    ["--max-tokens", "200"],
    ["--effort", "low"]
  ])("refuses %s for lines that are requests", ([flag = "", value = ""]) =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const { input, output } = yield* filesOf([lineOf("a")])
        const { code, stderr } = yield* runKimi(["batch", "run", input, output, flag, value], { env })
        assert.strictEqual(code, 2)
        assert.include(stderr, flag)
      })
    )
  )

  it.live("fails for lines that are no rows", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const { input, output } = yield* filesOf([lineOf("a"), "no row"])
        const { code, stderr } = yield* runKimi(["batch", "run", input, output], { env })
        assert.strictEqual(code, 1)
        assert.include(stderr, "Lines that are no rows: 1")
        assert.include(stderr, `${output}.rejects.jsonl`)
      })
    )
  )

  it.live("counts lines that are no rows in addition to rows that fail", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const request = { model: "no-such-model", messages: [{ role: "user", content: "a" }] }
        const { input, output } = yield* filesOf([JSON.stringify({ id: "a", request }), "no row"])
        const { code, stdout } = yield* runKimi(["batch", "run", input, output], { env })
        assert.strictEqual(code, 1)
        assert.include(stdout, `0 answered, 1 failed, 1 rejected, see ${output}.rejects.jsonl`)
      })
    )
  )

  it.live("names what to change when an error of every row stops it", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        yield* server.replyAlways(ErrorReply.table.invalidAuthentication)
        const { input, output } = yield* filesOf([lineOf("a")])
        const { stderr } = yield* runKimi(["batch", "run", input, output], { env })
        assert.match(stderr, /^kimi: AuthenticationError: The batch was stopped: .+$/m)
        assert.match(stderr, /key.* Run the same command again to continue\./)
      })
    )
  )

  for (const [tag, category, exitCode, reply, flags] of [
    ["AuthenticationError", "authentication", 11, ErrorReply.table.invalidAuthentication, []],
    ["QuotaExceededError", "quota", 15, ErrorReply.table.quotaInsufficientBalance, []],
    ["BudgetExceededError", "money", 20, undefined, ["--budget", "0.0000001 USD"]]
  ] as const) {
    for (const mode of ["local", "auto"]) {
      it.live(`exits with the code of ${tag} in the mode ${mode}`, () =>
        withServer((server, env) =>
          Effect.gen(function* () {
            if (reply !== undefined) yield* server.replyAlways(reply)
            // The host runs no batches of this model, so that the rows run here in both modes.
            const { input, output } = yield* filesOf([lineOf("a", "kimi-k3")])
            const args = ["batch", "run", input, output, "--json", "--mode", mode, ...flags]
            const { code, stderr } = yield* runKimi(args, { env })
            assert.strictEqual(code, exitCode, stderr)
            const { error } = JSON.parse(stderr.split("\n").findLast((line) => line.startsWith("{")) ?? "")
            assert.deepInclude(error, { tag, category, exitCode })
            assert.match(error.message, /^The batch was stopped: ./)
            assert.match(error.hint, /.\. Run the same command again to continue\.$/)
          })
        )
      )
    }
  }

  it.live("names the failed rows that fail again when they are repeated", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const request = { model: "no-such-model", messages: [{ role: "user", content: "a" }] }
        const { input, output } = yield* filesOf([JSON.stringify({ id: "a", request })])
        const { code, stderr } = yield* runKimi(["batch", "run", input, output], { env })
        assert.strictEqual(code, 1)
        assert.include(stderr, `Rows with ModelNotFoundError fail again as they are. Correct them`)
        assert.notInclude(stderr, "--rerun")
        const status = yield* runKimi(["batch", "status", output])
        for (const text of [stderr, status.stdout])
          assert.include(text, `List failed rows with: kimi batch failed ${output}\n`)
      })
    )
  )

  it.live("names the flag of a model that the host does not have", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const { input, output } = yield* filesOf(['{"messages":[{"role":"user","content":"a"}]}'])
        const { code, stderr } = yield* runKimi(["batch", "run", input, output, "--model", "no-such-model"], { env })
        assert.strictEqual(code, 1)
        assert.include(stderr, "Rows that name no model have that of --model")
      })
    )
  )

  it.live("names the flag that runs failed rows again", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        yield* server.replyAlways(ErrorReply.table.badGatewayServerError)
        const { input, output } = yield* filesOf([lineOf("a")])
        const args = ["batch", "run", input, output]
        const { code, stderr } = yield* runKimi(args, { env })
        assert.strictEqual(code, 1)
        const flag = /--rerun (\w+)/.exec(stderr)?.[1] ?? ""
        assert.strictEqual(flag, "ServiceUnavailableError", stderr)
        yield* runKimi(args, { env })
        assert.lengthOf(yield* server.requests, 1)
        yield* runKimi([...args, "--rerun", flag], { env })
        assert.lengthOf(yield* server.requests, 2)
      })
    )
  )

  it.live("counts the failed rows of earlier runs when it continues", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        yield* server.reply(ErrorReply.table.badGatewayServerError)
        const { input, output } = yield* filesOf([lineOf("a"), lineOf("b")])
        const args = ["batch", "run", input, output, "--rows", "1", "--json"]
        yield* runKimi(args, { env })
        const { code, stderr, stdout } = yield* runKimi(args, { env })
        assert.strictEqual(code, 1)
        assert.include(stderr, "2 of 2 rows, 1 failed")
        assert.include(stderr, "--rerun ServiceUnavailableError")
        assert.deepInclude(decoded("batch run", stdout), { answered: 1, failed: 1, resumed: 2 })
        const status = yield* runKimi(["batch", "status", output])
        assert.include(
          status.stdout,
          "To run failed rows again, add --rerun ServiceUnavailableError to kimi batch run."
        )
      })
    )
  )

  it.live("refuses a tag that no error has", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const { input, output } = yield* filesOf([lineOf("a")])
        const { code, stderr } = yield* runKimi(["batch", "run", input, output, "--rerun", "Nothing"], { env })
        assert.strictEqual(code, 2)
        assert.include(stderr, "--rerun")
      })
    )
  )

  it.live("stops at a key that the host refuses", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const { input, output } = yield* filesOf([lineOf("a")])
        const { code, stderr, stdout } = yield* runKimi(["batch", "run", input, output, "--json"], {
          env: { ...env, KIMI_API_KEY: "sk-another" }
        })
        assert.strictEqual(code, 11)
        assert.strictEqual(decoded("batch run", stdout).stopped, "Error")
        assert.include(stderr, "AuthenticationError")
      })
    )
  )
})

describe("kimi batch status", () => {
  it.live("counts the rows of an output", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const { input, output } = yield* filesOf([lineOf("a"), lineOf("b")])
        yield* runKimi(["batch", "run", input, output], { env })
        const { stdout } = yield* runKimi(["batch", "status", output, "--json"])
        const found = { answered: 2, failed: 0, state: "finished" as const, total: 2, rejected: 0 }
        assert.deepInclude(decoded("batch status", stdout), found)
        assert.include((yield* runKimi(["batch", "status", output])).stdout, "2 of 2 rows, finished")
      })
    )
  )

  it.live("names how a stopped batch is continued", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const { input, output } = yield* filesOf([lineOf("a")])
        yield* runKimi(["batch", "run", input, output], { env: { ...env, KIMI_API_KEY: "sk-another" } })
        const { stdout } = yield* runKimi(["batch", "status", output])
        assert.include(
          stdout,
          "stopped before its last row: kimi batch run with the input and the flags it was started with"
        )
      })
    )
  )

  it.live("fails for an output that does not exist", () =>
    Effect.map(runKimi(["batch", "status", "/nonexistent/out.jsonl"]), ({ code, stderr }) => {
      assert.strictEqual(code, 1)
      assert.include(stderr, "/nonexistent/out.jsonl cannot be read: it does not exist")
    })
  )
})
