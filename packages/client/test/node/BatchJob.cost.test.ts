import { readFileSync, writeFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { BigDecimal, Effect, Fiber } from "effect"
import { MockProvider } from "@kimi-effect/testing"
import * as BatchJob from "../../src/node/BatchJob.ts"
import { inFolder, lineOf } from "./support/batch/answered.ts"

interface Recorded {
  readonly state: string
  readonly rejected: number
  readonly cost?: { readonly USD?: string } | undefined
}

const recorded = (output: string) => JSON.parse(readFileSync(`${output}.job.json`, "utf8")) as Recorded

/** The sum of the costs of the lines, as a decimal. */
const costOf = (output: string) => {
  const lines = readFileSync(output, "utf8").split("\n").slice(0, -1)
  const amounts = lines.flatMap((line) => {
    const { cost } = JSON.parse(line) as { readonly cost: { readonly USD: string } | null }
    return cost === null ? [] : [BigDecimal.fromStringUnsafe(cost.USD)]
  })
  return BigDecimal.format(BigDecimal.sumAll(amounts))
}

describe("the cost in the record of a job", () => {
  it.live("is that of its lines when it is finished", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const options = { input: path("in.jsonl"), output: path("out.jsonl") }
        writeFileSync(
          options.input,
          ["a", "fail", "c", "{"].map((text) => (text === "{" ? text : lineOf(text))).join("\n")
        )
        yield* BatchJob.run(options)
        const cost = { USD: costOf(options.output) }
        assert.isAbove(Number(cost.USD), 0)
        assert.deepInclude(recorded(options.output), { state: "finished", rejected: 1, cost })
        yield* BatchJob.run(options)
        assert.deepInclude(recorded(options.output), { state: "finished", cost })
      })
    )
  )

  it.live("is that of its lines when it is stopped", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const options = { input: path("in.jsonl"), output: path("out.jsonl"), concurrency: 1, deduplicate: false }
        writeFileSync(options.input, Array.from({ length: 50 }, () => lineOf("a")).join("\n"))
        const { stopped } = yield* BatchJob.run({ ...options, stop: { cost: { USD: 1e-9 } } })
        assert.strictEqual(stopped?._tag, "Cost")
        assert.deepInclude(recorded(options.output), { state: "stopped", cost: { USD: costOf(options.output) } })
      })
    )
  )

  it.live("is that of its lines when it is interrupted", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const options = { input: path("in.jsonl"), output: path("out.jsonl"), concurrency: 1 }
        writeFileSync(options.input, ["a", "b", "never"].map(lineOf).join("\n"))
        const mock = yield* MockProvider.MockProvider
        const fiber = yield* Effect.forkChild(BatchJob.run(options))
        while ((yield* mock.requests).length < 3) yield* Effect.yieldNow
        assert.notProperty(recorded(options.output), "cost")
        yield* Fiber.interrupt(fiber)
        assert.isAbove(Number(costOf(options.output)), 0)
        assert.deepInclude(recorded(options.output), { state: "stopped", cost: { USD: costOf(options.output) } })
      })
    )
  )

  it.live("is that of its lines after a record without one", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const options = { input: path("in.jsonl"), output: path("out.jsonl") }
        writeFileSync(options.input, ["a", "b"].map(lineOf).join("\n"))
        yield* BatchJob.run(options)
        const { cost, ...rest } = recorded(options.output)
        writeFileSync(`${options.output}.job.json`, JSON.stringify({ ...rest, state: "running", cost: { USD: "999" } }))
        assert.isBelow((yield* BatchJob.status(options.output)).cost.USD ?? 0, 1)
        const { cost: total } = yield* BatchJob.run(options)
        assert.deepInclude(recorded(options.output), { state: "finished", cost })
        assert.strictEqual(total.USD, Number(cost?.USD))
      })
    )
  )
})

describe("the cost of a job", () => {
  const withCost = (line: number, amount: string) =>
    `{"id":"${line}","line":${line},"error_tag":null,"cost":{"USD":"${amount}"},"attempts":1,"cached":false,"response":{}}\n`

  it.live("has no binary fraction", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const output = path("out.jsonl")
        writeFileSync(output, `${withCost(1, "0.1")}${withCost(2, "0.2")}`)
        assert.deepStrictEqual((yield* BatchJob.status(output)).cost, { USD: 0.3 })
      })
    )
  )
})

describe("the progress of a job that continues", () => {
  it.live("has the failed rows of earlier runs", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const options = { input: path("in.jsonl"), output: path("out.jsonl") }
        writeFileSync(options.input, ["a", "fail"].map(lineOf).join("\n"))
        const { answered, cost, failed, failedByTag } = yield* BatchJob.run(options)
        const seen: Array<BatchJob.JobProgress> = []
        yield* BatchJob.run({ ...options, onProgress: (progress) => Effect.sync(() => seen.push(progress)) })
        const before = { answered, failed, failedByTag, cost }
        assert.deepInclude(before, { answered: 1, failed: 1, failedByTag: { ModelNotFoundError: 1 } })
        assert.deepInclude(seen.at(-1), { resumed: 2, done: 0, failed: 0, before })
      })
    )
  )
})
