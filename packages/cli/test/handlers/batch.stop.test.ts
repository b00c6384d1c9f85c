/** A batch in this process with rules that stop it. */
import { existsSync, writeFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as ErrorReply from "@kimi-effect/testing/ErrorReply"
import * as Fault from "@kimi-effect/testing/Fault"
import * as Reply from "@kimi-effect/testing/Reply"
import * as Effect from "effect/Effect"
import { amounts } from "../../src/handlers/batchText.ts"
import { filesOf, lineOf, poll } from "../hostJob.ts"
import { decoded, withServer } from "../mockedHost.ts"
import { runKimi } from "../runKimi.ts"

const stalled = Reply.withFault(Fault.StallBeforeHeaders())(Reply.text("late"))

const run = ["batch", "run"]

describe("kimi batch run --deadline", () => {
  it.live("exits with 1 when the deadline stops the batch", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        yield* server.replyAlways(stalled)
        const { input, output } = yield* filesOf([lineOf("a")])
        const { code, stderr } = yield* runKimi([...run, input, output, "--deadline", "50 millis"], { env })
        assert.strictEqual(code, 1)
        assert.include(stderr, "The batch was stopped: its deadline has passed")
      })
    )
  )

  it.live("leaves an ordinary job in this process", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const { input, output } = yield* filesOf([lineOf("a")])
        const args = [...run, input, output, "--deadline", "1 hour", "--json"]
        const { code, stderr, stdout } = yield* runKimi(args, { env })
        assert.strictEqual(code, 0, stderr)
        const result = decoded("batch run", stdout)
        assert.deepInclude(result, { answered: 1, stopped: null })
        assert.notProperty(result, "mode")
        assert.isFalse(existsSync(`${output}.host.json`))
      })
    )
  )

  it.live("reads standard input to standard output", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const options = { env, stdin: `${lineOf("a")}\n` }
        const { code, stderr, stdout } = yield* runKimi([...run, "-", "-", "--deadline", "1 hour"], options)
        assert.strictEqual(code, 0, stderr)
        assert.strictEqual(JSON.parse(stdout).id, "a")
      })
    )
  )

  it.live("stops a batch to standard output", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        yield* server.replyAlways(stalled)
        const options = { env, stdin: `${lineOf("a")}\n` }
        const { code, stderr } = yield* runKimi([...run, "-", "-", "--deadline", "50 millis"], options)
        assert.strictEqual(code, 1)
        assert.include(stderr, "its deadline has passed")
        assert.include(stderr, "Write to a file to be able to continue a batch.")
      })
    )
  )
})

describe("kimi batch run", () => {
  it.live("stops when its rows have cost what --cost allows", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const { input, output } = yield* filesOf(["a", "b", "c"].map((id) => lineOf(id)))
        const args = [...run, input, output, "--rows", "1", "--json"]
        const { code, stderr, stdout } = yield* runKimi([...args, "--cost", "0.000001 USD"], { env })
        assert.strictEqual(code, 1)
        const { cost, ...result } = decoded("batch run", stdout)
        assert.deepInclude(result, { answered: 1, stopped: "Cost" })
        assert.include(stderr, `its cost has reached the limit: this run has spent ${amounts(cost)}`)
        const next = yield* runKimi(args, { env })
        assert.deepInclude(decoded("batch run", next.stdout), { answered: 3, resumed: 1, stopped: null })
        assert.lengthOf(yield* server.requests, 3)
      })
    )
  )

  it.live.each([
    { name: "text", flags: [] },
    { name: "JSON", flags: ["--json"] }
  ])("reports in $name what rows cost that were running when --cost stopped it", ({ flags }) =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const ids = ["a", "b", "c", "d", "e", "f"]
        const { input, output } = yield* filesOf(ids.map((id) => lineOf(id)))
        const args = [...run, input, output, "--rows", "6", "--cost", "0.000001 USD", ...flags]
        const { code, stderr } = yield* runKimi(args, { env })
        assert.strictEqual(code, 1)
        const status = yield* runKimi(["batch", "status", output, "--json"], { env })
        const { cost } = decoded("batch status", status.stdout)
        assert.include(stderr, `this run has spent ${amounts(cost)}`)
      })
    )
  )

  it.live("stops when a larger share of its rows fails than --error-rate allows", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        yield* server.replyAlways(ErrorReply.make(400, "invalid_request_error", "Invalid request"))
        const { input, output } = yield* filesOf(Array.from({ length: 30 }, (_, index) => lineOf(`${index}`)))
        const { code, stderr, stdout } = yield* runKimi(
          [...run, input, output, "--rows", "1", "--json", "--error-rate", "0.5"],
          { env }
        )
        assert.strictEqual(code, 1, stderr)
        assert.include(stderr, "too many rows have failed")
        assert.deepInclude(decoded("batch run", stdout), { failed: 20, stopped: "ErrorRate" })
      })
    )
  )

  it.live.each([
    ["--cost", "5 USD", "--mode", "host"],
    ["--error-rate", "0.1", "--mode", "auto"],
    ["--cost", "5 USD", "--shared", "a"],
    ["--cost", "5"],
    ["--error-rate", "10"],
    ["--error-rate", "0"]
  ])("refuses %s %s", (flags) =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const { input, output } = yield* filesOf([lineOf("a")])
        const { code, stderr } = yield* runKimi([...run, input, output, ...flags], { env })
        assert.strictEqual(code, 2)
        assert.include(stderr, flags[0] ?? "")
        assert.lengthOf(yield* server.requests, 0)
      })
    )
  )
})

describe("kimi batch run on the output of a job that has been at the host", () => {
  it.live.each([
    { words: "standard input", args: (output: string) => ["-", output] },
    { words: "--shared", args: (output: string, input: string) => [input, output, "--shared", "a"] }
  ])("refuses $words without naming a flag that was not given", ({ args }) =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const { input, output } = yield* filesOf([lineOf("a")])
        writeFileSync(`${output}.host.json`, "")
        const { code, stderr } = yield* runKimi([...run, ...args(output, input)], { env, stdin: "" })
        assert.strictEqual(code, 2)
        assert.include(stderr, `${output} is the output of a job that has been at the host`)
        assert.notInclude(stderr, "--mode")
      })
    )
  )
})

describe("kimi batch run --window", () => {
  const noted = (flags: ReadonlyArray<string>) =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const { input, output } = yield* filesOf([lineOf("a")])
        const { code, stderr } = yield* runKimi([...run, input, output, "--mode", "host", ...flags, ...poll], { env })
        assert.strictEqual(code, 0, stderr)
        return stderr
      })
    )

  it.live("is noted to be longer than the deadline", () =>
    Effect.map(noted(["--window", "3 days", "--deadline", "50 hours"]), (stderr) =>
      assert.include(stderr, "The --window of 3d is shortened to 2d 2h, at which the results are needed by --deadline.")
    )
  )

  it.live.each([
    { flags: ["--window", "2 days", "--deadline", "2 days"] },
    { flags: ["--window", "2 days"] },
    { flags: ["--deadline", "2 days"] }
  ])("is as it was given with $flags", ({ flags }) =>
    Effect.map(noted(flags), (stderr) => assert.notInclude(stderr, "shortened"))
  )
})
