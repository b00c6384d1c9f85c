import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as services from "../src/services.ts"
import { runKimi } from "./runKimi.ts"

describe("kimi", () => {
  it.live("names both variables of the key in its help", () =>
    Effect.map(runKimi(["--help"]), ({ stdout }) => assert.include(stdout, "KIMI_API_KEY or MOONSHOT_API_KEY"))
  )

  it.live("writes usage errors to stderr alone", () =>
    Effect.map(runKimi(["models", "--jsn"]), ({ code, stderr, stdout }) => {
      assert.deepStrictEqual([code, stdout], [2, ""])
      assert.include(stderr, "--json")
    })
  )

  it.live("writes usage errors as JSON where the result would be", () =>
    Effect.map(runKimi(["chat", "--json", "--no-such"]), ({ code, stderr, stdout }) => {
      assert.deepStrictEqual([code, stdout], [2, ""])
      const { error } = JSON.parse(stderr)
      assert.deepInclude(error, { tag: "UsageError", category: "usage", exitCode: 2 })
      assert.include(error.message, "--no-such")
      assert.include(error.hint, "kimi chat ... -- --no-such")
    })
  )

  it.live.each([
    { words: "schema --json=true", isJson: true },
    { words: "schema --json=yes", isJson: true },
    { words: "schema --json=false", isJson: false },
    { words: "schema -- --json", isJson: false }
  ])("writes the error of $words as the result would be", ({ isJson, words }) =>
    Effect.map(runKimi(words.split(" ")), ({ code, stderr }) => {
      assert.notStrictEqual(code, 0)
      assert.strictEqual(stderr.startsWith('{"error":'), isJson)
    })
  )

  it.live.each([
    {
      words: "--log-level debug models",
      advice: "Flags of a subcommand are given after its name: kimi SUBCOMMAND --log-level"
    },
    { words: "batch --json run", advice: "Flags of a subcommand are given after its name: kimi batch run --json" },
    {
      words: "chat --no-such",
      advice: "An argument that begins with - is given last, after --: kimi chat ... -- --no-such"
    }
  ])("states where the flag of $words belongs", ({ advice, words }) =>
    Effect.map(runKimi(words.split(" ")), ({ code, stderr }) => {
      assert.strictEqual(code, 2)
      assert.include(stderr, advice)
    })
  )

  it.live.each([
    { words: "help", advice: "Did you mean kimi --help?" },
    { words: "help batch run", advice: "Did you mean kimi batch run --help?" },
    { words: "batch help", advice: "Did you mean kimi batch --help?" }
  ])("states the help that kimi $words asks for", ({ advice, words }) =>
    Effect.map(runKimi(words.split(" ")), ({ code, stderr }) => {
      assert.strictEqual(code, 2)
      assert.include(stderr, advice)
    })
  )

  it.live.each(["chaat hi", "batch rnu in.jsonl", "chaat hi --max-tokens=5"])(
    "names no place for the flags of %s, whose name is wrong",
    (words) =>
      Effect.map(runKimi([...words.split(" "), "--json"]), ({ code, stderr }) => {
        assert.strictEqual(code, 2)
        const { error } = JSON.parse(stderr)
        assert.include(error.message, "Did you mean this?")
        assert.match(error.hint, /^Usage: kimi (?:batch )?<subcommand>/)
      })
  )

  it.live.each([
    { args: ["batch", "run", "in.jsonl", "out.jsonl", "--deadline", "-1 hour"], advice: "--deadline='-1 hour'" },
    { args: ["chat", "--max-tokens", "-1h", "hi"], advice: "--max-tokens=-1h" },
    { args: ["chat", "-1 hour"], advice: "after --" },
    { args: ["chat", "-1"], advice: "after --" },
    { args: ["chat", "-have fun"], advice: "after --" }
  ])("refuses $args, of which a word would be read as short flags", ({ advice, args }) =>
    Effect.gen(function* () {
      const { code, stderr, stdout } = yield* runKimi(args)
      assert.deepStrictEqual([code, stdout], [2, ""])
      assert.include(stderr, advice)
      const asJson = yield* runKimi([...args, "--json"])
      assert.deepStrictEqual([asJson.code, asJson.stdout], [2, ""])
      const { error } = JSON.parse(asJson.stderr)
      assert.deepInclude(error, { tag: "UsageError", category: "usage", exitCode: 2 })
      assert.include(error.hint, advice)
    })
  )

  it.live.each(["--api-key", "--key", "--apikey"])("names where a key is given in place of %s", (flag) =>
    Effect.map(runKimi(["chat", flag, "sk-secret-of-somebody", "hi"]), ({ code, stderr }) => {
      assert.strictEqual(code, 2)
      assert.include(stderr, "set KIMI_API_KEY, or give --api-key-file")
      assert.notInclude(stderr, "after --")
      assert.notInclude(stderr, "sk-secret")
    })
  )

  it.live("reads the value of a flag that begins with - after =", () =>
    Effect.map(runKimi(["batch", "run", "in.jsonl", "out.jsonl", "--deadline=-1 hour"]), ({ code, stderr }) => {
      assert.strictEqual(code, 2)
      assert.include(stderr, "--deadline")
      assert.include(stderr, "a duration over zero")
    })
  )

  it.live("takes what follows -- as it is", () =>
    Effect.map(runKimi(["batch", "failed", "--", "-1 hour"]), ({ stderr }) =>
      assert.include(stderr, "-1 hour cannot be read")
    )
  )

  it.live.each(["-h", "-v"])("reads the short flag %s", (flag) =>
    Effect.map(runKimi([flag]), ({ code }) => assert.strictEqual(code, 0))
  )

  it.live("writes completions of every command", () =>
    Effect.map(runKimi(["--completions", "bash"]), ({ stdout }) => assert.include(stdout, "serve-mock"))
  )
})

describe("the services of the process", () => {
  it.effect("have every operation of Node's file system", () =>
    Effect.gen(function* () {
      const own = yield* Effect.provide(FileSystem.FileSystem, services.layer)
      const node = yield* Effect.provide(FileSystem.FileSystem, NodeServices.layer)
      assert.sameMembers(Object.keys(own), Object.keys(node))
    })
  )
})
