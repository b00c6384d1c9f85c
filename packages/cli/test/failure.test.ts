/** What a failed command prints. */
import { assert, describe, it } from "@effect/vitest"
import { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import { table } from "@kimi-effect/core/ErrorFacts"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import type { KimiError } from "@kimi-effect/core/KimiError"
import { InvalidResponseError } from "@kimi-effect/core/ProviderErrors"
import { UnsupportedParameterError } from "@kimi-effect/core/ValidationErrors"
import * as Effect from "effect/Effect"
import { hintOf, messageOf } from "../src/hints.ts"
import { withServer } from "./mockedHost.ts"
import { runKimi } from "./runKimi.ts"

/** Errors that no command can end with: the tools, plans and cassettes of programs. */
const ofPrograms = /^(Tool|ClientClosed|CassetteMiss|StructuredOutput|UnknownAgent|InvalidPlan)/

const tags = (Object.keys(table) as ReadonlyArray<keyof typeof table>).filter((tag) => !ofPrograms.test(tag))

const hintOfTag = (tag: keyof typeof table, command = ""): string =>
  hintOf({ _tag: tag, hint: table[tag].hint } as KimiError, command)

const commands = ["models", "chat", "batch run", "swarm", "files upload"]

describe("the hint of an error", () => {
  it.each(commands)("names no module of the library after kimi %s", (command) => {
    const hint = (tag: keyof typeof table) => hintOfTag(tag, command.split(" ")[0])
    const found = tags.filter((tag) => /\b(?:KimiClient|Files|Media|layer\w*)\b|@kimi-effect|`/.test(hint(tag)))
    assert.deepStrictEqual(found, [])
  })

  it.live.each(commands)("names only flags that kimi %s has", (command) =>
    Effect.gen(function* () {
      const words = command.split(" ")
      const { stdout } = yield* runKimi([...words, "--help"])
      const flags = new Set(stdout.match(/--[a-z][a-z-]*/g))
      const isOther = (flag: string) => !flags.has(flag)
      const ownOf = (hint: string) => hint.replaceAll(/kimi models --\w+/g, "")
      const found = tags.flatMap((tag) =>
        (ownOf(hintOfTag(tag, words[0])).match(/--[a-z][a-z-]*/g) ?? []).filter(isOther).map((flag) => `${tag} ${flag}`)
      )
      assert.deepStrictEqual(found, [])
    })
  )

  it("names options as flags", () => {
    const found = tags.filter((tag) =>
      [...hintOfTag(tag).matchAll(/(--set )?\b([a-z]+[A-Z]\w*)/g)].some(
        ([, flag, name = ""]) => flag === undefined || !Object.hasOwn(KimiConfig.options, name)
      )
    )
    // The least wait that the host has asked for is a part of the message.
    assert.deepStrictEqual(found, ["RateLimitError"])
  })

  it("is that of the one error if there is one", () => {
    const error = new UnsupportedParameterError({ message: "No", parameter: "a", fix: "Use b." })
    assert.strictEqual(hintOf(error, "chat"), "Use b.")
  })

  it("names the command that abandons a job", () => {
    const error = new InvalidResponseError({ message: "No", fix: "Abandon it with HostBatchJob.abandon." })
    assert.strictEqual(hintOf(error, "batch"), "Abandon it with kimi batch forget --force.")
  })
})

describe("the message of an error", () => {
  it("names the flag of an option", () => {
    const error = ConfigurationError.of([
      { name: "BatchJob separator", expected: "a comma" },
      { name: "paths[1]", expected: "a file" },
      { name: "audit", expected: "calls" },
      { name: "Journal schema", expected: "a name" }
    ])
    assert.strictEqual(
      messageOf(error),
      "Invalid configuration:\n  --separator: expected a comma\n  --traffic: expected a file\n  --traffic: expected calls\n  --schema: expected a name"
    )
  })
})

describe("a port that is used", () => {
  it.live("is named, with the flag for another one", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const { port } = new URL(server.url)
        const { code, stderr } = yield* runKimi(["serve-mock", "--port", port], { env })
        assert.strictEqual(code, 1)
        assert.match(stderr, new RegExp(`CommandError: .*EADDRINUSE.*:${port}\\n.*another --port`))
      })
    )
  )
})

describe("a call that its budget does not allow", () => {
  it.live("names flags instead of options of the library", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const { code, stderr } = yield* runKimi(["chat", "Hi", "--budget", "0.000001 USD in total"], { env })
        assert.strictEqual(code, 20)
        assert.include(stderr, "--set budgetDefaultOutputTokens")
        assert.notMatch(stderr, /max_completion_tokens|\bdefaultOutputTokens/)
        assert.lengthOf(yield* server.requests, 0)
      })
    )
  )
})

describe("a command without what it needs", () => {
  it.live.each([
    ["chat", "kimi chat < prompt.txt"],
    ["tokens", "kimi tokens < prompt.txt"]
  ] as const)("describes how %s is given a text", ([command, example]) =>
    Effect.map(runKimi([command], { stdin: "\n" }), ({ code, stderr }) => {
      assert.strictEqual(code, 2)
      assert.include(stderr, example)
    })
  )

  it.live.each([
    ["batch run a b --rows 0", "--rows"],
    ["chat Hi --max-tokens 0", "--max-tokens"],
    ["cost a --output-tokens=-1", "--output-tokens"],
    ["serve-mock --port 99999", "--port"],
    ["simulate --calls 0", "--calls"],
    ["swarm Hi --agents 0", "--agents"],
    ["swarm Hi --max-tokens 0", "--max-tokens"],
    ["swarm Hi --cost 5", "--cost"],
    ["swarm Hi --cost 5USD0", "--cost"],
    ["swarm Hi --cost 0.00USD", "--cost"],
    ["swarm Hi --cost=-1USD", "--cost"],
    ["swarm Hi --cost 5EUR", "--cost"]
  ] as const)("refuses the number of kimi %s", ([args, flag]) =>
    Effect.map(runKimi(args.split(" ")), ({ code, stderr }) => {
      assert.strictEqual(code, 2)
      assert.include(stderr, `Invalid value for flag ${flag}`)
    })
  )

  it.live("refuses a swarm without a task", () =>
    Effect.map(runKimi(["swarm", " "]), ({ code, stderr }) => {
      assert.strictEqual(code, 2)
      assert.include(stderr, "a task of at least one word")
    })
  )
})
