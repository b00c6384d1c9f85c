import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { decoded, withServer } from "../mockedHost.ts"
import { runKimi } from "../runKimi.ts"
import { temporaryFolder } from "../temporaryFolder.ts"

const rowsOf = (models: ReadonlyArray<string>) =>
  Effect.map(temporaryFolder, (folder) => {
    const path = join(folder, "requests.jsonl")
    const messages = [{ role: "user", content: "Hello" }]
    writeFileSync(path, models.map((model) => `${JSON.stringify({ model, messages })}\n`).join(""))
    return path
  })

describe("kimi cost", () => {
  it.live("adds up chat requests, rows of a batch, or prompts", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const requestOf = (content: string) => ({ messages: [{ role: "user", content }], max_completion_tokens: 1000 })
      writeFileSync(
        join(folder, "requests.jsonl"),
        [requestOf("Hello"), { custom_id: "1", body: requestOf("There") }, { id: "2", request: requestOf("World") }]
          .map((row) => `${JSON.stringify(row)}\n`)
          .join("")
      )
      const { stdout } = yield* runKimi(["cost", join(folder, "requests.jsonl"), "--json"])
      // 3 × 86 prompt tokens at $3, and 500 or 1,000 output tokens at $15, per million.
      assert.deepStrictEqual(decoded("cost", stdout).amounts, [
        { currency: "USD", likely: "0.023274", worst: "0.045774" }
      ])
    })
  )

  it.live("counts a row that is equal to a recent one once, as a batch requests it", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const folder = yield* temporaryFolder
        const path = join(folder, "requests.jsonl")
        const rowOf = (content: string, id: number) => ({
          id: `${id}`,
          request: { max_completion_tokens: 1000, messages: [{ content, role: "user" }] }
        })
        const rows = ["Hello", "There", "Hello", "Hello"].map(rowOf)
        writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(""))
        const result = decoded("cost", (yield* runKimi(["cost", path, "--json"])).stdout)
        assert.deepInclude(result, { requests: 2, repeated: 2, promptTokens: 172 })
        // 2 × 86 prompt tokens at $3 and 500 output tokens at $15, or 4 × 86 and 1,000, per million.
        assert.deepStrictEqual(result.amounts, [{ currency: "USD", likely: "0.015516", worst: "0.061032" }])
        yield* runKimi(["batch", "run", path, join(folder, "out.jsonl"), "--rows", "1"], { env })
        assert.lengthOf(yield* server.requests, result.requests)
        const { stdout } = yield* runKimi(["cost", path])
        assert.include(stdout, "rows that are equal to one of the latest 1000, and requested at the worst: 2")
      })
    )
  )

  it.live("counts every row with --batch, since the host runs each", () =>
    Effect.gen(function* () {
      const path = yield* rowsOf(["kimi-k2.6", "kimi-k2.6"])
      const { stdout } = yield* runKimi(["cost", path, "--batch", "--json"])
      assert.deepInclude(decoded("cost", stdout), { requests: 2, repeated: 0 })
    })
  )

  it.live("reads the columns of a table", () =>
    Effect.gen(function* () {
      const path = join(yield* temporaryFolder, "prompts.csv")
      writeFileSync(path, "text\nHello\nThere\n")
      const { code, stdout } = yield* runKimi(["cost", path, "--column", "text", "--json"])
      assert.strictEqual(code, 0)
      assert.deepInclude(decoded("cost", stdout), { requests: 2, promptTokens: 172 })
    })
  )

  it.live("reads prompts of standard input", () =>
    Effect.gen(function* () {
      const { code, stdout } = yield* runKimi(["cost", "-", "--text", "--json"], { stdin: "Hello\n\nHello\n" })
      assert.strictEqual(code, 0)
      assert.deepInclude(decoded("cost", stdout), { requests: 2, promptTokens: 172 })
    })
  )

  it.live.each([
    ["--column", "text"],
    ["--template", "Read {text}"],
    ["--id-column", "key"],
    ["--system", "Be brief"],
    ["--format", "csv"],
    ["--separator", ";"]
  ])("refuses %s for lines that are prompts", ([flag = "", value = ""]) =>
    Effect.gen(function* () {
      const { code, stderr, stdout } = yield* runKimi(["cost", "-", "--text", flag, value], { stdin: "Hello\n" })
      assert.deepStrictEqual([code, stdout], [2, ""], stderr)
      assert.include(stderr, `${flag} cannot be used with --text`)
    })
  )

  it.live.each([
    ["a message that is none", '{"messages":[1]}'],
    ["no messages", '{"messages":[]}'],
    ["a retired model", '{"model":"kimi-k2.5","messages":[{"role":"user","content":"Hello"}]}']
  ])("counts a row with %s, which the client would refuse", ([, row]) =>
    Effect.gen(function* () {
      const path = join(yield* temporaryFolder, "requests.jsonl")
      writeFileSync(path, `${row}\n`)
      const { code, stdout } = yield* runKimi(["cost", path, "--json"])
      assert.strictEqual(code, 0)
      assert.deepInclude(decoded("cost", stdout), { requests: 0, invalid: 1, rejected: 0 })
    })
  )

  it.live("prices no rows of a model of which the host runs no batches", () =>
    Effect.gen(function* () {
      const path = yield* rowsOf(["kimi-k3", "kimi-k2.6", "kimi-k3"])
      const { code, stdout } = yield* runKimi(["cost", path, "--batch", "--json"])
      assert.strictEqual(code, 0)
      const result = decoded("cost", stdout)
      assert.deepInclude(result, { requests: 1, invalid: 2, withoutBatches: ["kimi-k3"] })
      const alone = yield* runKimi(["cost", yield* rowsOf(["kimi-k2.6"]), "--batch", "--json"])
      assert.deepStrictEqual(result.amounts, decoded("cost", alone.stdout).amounts)
    })
  )

  it.live("names the models of which the host runs batches", () =>
    Effect.gen(function* () {
      const { stdout } = yield* runKimi(["cost", yield* rowsOf(["kimi-k3"]), "--batch"])
      assert.include(stdout, "rows that would fail before they are sent: 1")
      assert.include(stdout, "the host runs no batches of kimi-k3: use kimi-k2.7-code or kimi-k2.6")
    })
  )

  it.live.each(["--json", "--json --batch --provider custom --base-url https://gateway.example/v1"])(
    "prices all rows with %s",
    (flags) =>
      Effect.gen(function* () {
        const { stdout } = yield* runKimi(["cost", yield* rowsOf(["kimi-k3"]), ...flags.split(" ")])
        assert.deepInclude(decoded("cost", stdout), { requests: 1, invalid: 0, withoutBatches: [] })
      })
  )

  it.live.each(["--text", "--column review --format csv"])(
    "bounds responses to prompts by --max-tokens (%s)",
    (flags) =>
      Effect.gen(function* () {
        const path = join(yield* temporaryFolder, "prompts.csv")
        writeFileSync(path, "review\nGood\n")
        const { stderr, stdout } = yield* runKimi(["cost", path, ...flags.split(" "), "--max-tokens", "200", "--json"])
        const { outputTokens, requests } = decoded("cost", stdout)
        assert.strictEqual(outputTokens.worst, 200 * requests, stderr)
      })
  )

  it.live("counts the lines that a batch would reject", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const folder = yield* temporaryFolder
        const path = join(folder, "requests.jsonl")
        const requestOf = (content: string) => JSON.stringify({ messages: [{ role: "user", content }] })
        writeFileSync(path, `${requestOf("Hello")}\nno row\n{"secret":1}\n\n${requestOf("There")}\n`)
        const cost = yield* runKimi(["cost", path, "--json"])
        assert.strictEqual(cost.code, 1)
        const { rejected, requests } = decoded("cost", cost.stdout)
        const batch = yield* runKimi(["batch", "run", path, join(folder, "out.jsonl"), "--json"], { env })
        const result = decoded("batch run", batch.stdout)
        assert.deepStrictEqual([requests, rejected], [result.answered, result.rejected])
        assert.deepStrictEqual([requests, rejected], [2, 2])
      })
    )
  )

  it.live("names the line of a request that it cannot read, without its text", () =>
    Effect.gen(function* () {
      const path = join(yield* temporaryFolder, "requests.jsonl")
      writeFileSync(path, '{"messages":[]}\n{"secret":1}\n')
      const { code, stderr } = yield* runKimi(["cost", path])
      assert.strictEqual(code, 1)
      assert.include(stderr, "Line 2")
      assert.notInclude(stderr, "secret")
    })
  )
})
