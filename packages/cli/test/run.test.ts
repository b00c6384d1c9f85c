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
