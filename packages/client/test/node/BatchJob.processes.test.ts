import { fork } from "node:child_process"
import { createWriteStream, existsSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Readable } from "node:stream"
import { pipeline } from "node:stream/promises"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { Reply } from "@kimi-effect/testing"
import { MockServer } from "@kimi-effect/testing/node"
import { BigDecimal, Effect, Random } from "effect"
import { runs, seedOf } from "../../../../test/support/depth.ts"
import type { JobResult, Options } from "../../src/node/BatchJob.ts"
import { folder } from "./support/files.ts"

const memoryWorker = fileURLToPath(new URL("./support/batch/memoryWorker.ts", import.meta.url))
const worker = fileURLToPath(new URL("./support/batch/worker.ts", import.meta.url))

const sizeOf = (path: string): number => (existsSync(path) ? statSync(path).size : 0)

/** Runs until it ends or the output has grown to a size, at which it is killed. The lives share their compiled modules. */
const life = (
  settings: { readonly baseUrl: string; readonly options: Options & { readonly output: string } },
  compiled: string,
  killedAt: number
) =>
  Effect.gen(function* () {
    const env = { ...process.env, NODE_COMPILE_CACHE: compiled }
    const child = fork(worker, [JSON.stringify(settings)], { execArgv: [], env })
    let result: JobResult | undefined
    child.on("message", (message) => (result = message as JobResult))
    const ended = Effect.promise(() => new Promise<void>((resolve) => child.once("exit", () => resolve())))
    const watched = Effect.suspend(() => {
      if (sizeOf(settings.options.output) >= killedAt) child.kill("SIGKILL")
      return Effect.sleep("2 millis")
    }).pipe(Effect.forever)
    yield* Effect.raceFirst(ended, watched)
    return result
  })

const linesOf = (path: string): ReadonlyArray<string> =>
  existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(0, -1) : []

const textOf = (json: unknown) =>
  (json as { readonly messages: ReadonlyArray<{ content: string }> }).messages[0]?.content

/** The content of the answer of the simulated host to a row. */
const answerTo = (line: string): readonly [id: string, text: string | undefined] => {
  const { id, response } = JSON.parse(line) as {
    readonly id: string
    readonly response?: { readonly choices: ReadonlyArray<{ readonly message: { readonly content: string } }> }
  }
  return [id, response?.choices[0]?.message.content]
}

/** The sum of the costs of lines, as a decimal. */
const costOf = (lines: ReadonlyArray<string>) => {
  const amounts = lines.map((line) => (JSON.parse(line) as { readonly cost: { readonly USD: string } }).cost.USD)
  return { USD: BigDecimal.format(BigDecimal.sumAll(amounts.map(BigDecimal.fromStringUnsafe))) }
}

const recordedCost = (output: string) => {
  const record = JSON.parse(readFileSync(`${output}.job.json`, "utf8")) as {
    readonly state: string
    readonly cost?: unknown
  }
  return { state: record.state, ...(record.cost === undefined ? {} : { cost: record.cost }) }
}

describe("a batch job that is killed", () => {
  for (const { kills, order, rows, title } of [
    {
      title: "has one line for each row",
      order: "completion",
      kills: runs({ sample: 10, deep: 100 }),
      rows: 5_000
    },
    {
      title: "keeps the order of its input where that is asked for",
      order: "input",
      kills: runs({ sample: 2, deep: 20 }),
      rows: runs({ sample: 400, deep: 2_000 })
    }
  ] as const) {
    it.live(
      title,
      () =>
        Effect.gen(function* () {
          const concurrency = 16
          const host = yield* MockServer.make({ latency: 0, maxRecordedRequests: 1 })
          yield* host.replyAlways((request) => Reply.text(`Answer to ${textOf(request.json)}`))
          const path = yield* folder
          const input = join(path, "in.jsonl")
          const output = join(path, "out.jsonl")
          const line = (_: unknown, index: number) =>
            JSON.stringify({
              id: `row ${index + 1}`,
              request: { messages: [{ role: "user", content: `Row ${index + 1}` }] }
            })
          writeFileSync(input, Array.from({ length: rows }, line).join("\n"))

          // Anywhere in the job, from its first lines to its last ones.
          const moments: Array<number> = []
          for (let index = 0; index < kills; index++) moments.push(yield* Random.nextIntBetween(1, rows * 0.95))
          moments.sort((a, b) => a - b)
          const settings = { baseUrl: host.url, options: { input, output, concurrency, order } }
          let killed = 0
          let result: JobResult | undefined
          while (result === undefined) {
            const size = sizeOf(output)
            const bytesOfRow = size / Math.max(1, linesOf(output).length)
            const moment = moments[killed]
            const at = moment === undefined ? Number.POSITIVE_INFINITY : Math.max(size + 1, moment * bytesOfRow)
            result = yield* life(settings, join(path, "compiled"), at)
            if (result !== undefined) continue
            killed += 1
            if (sizeOf(`${output}.job.json`) > 0) assert.deepStrictEqual(recordedCost(output), { state: "running" })
          }

          assert.isAtLeast(killed, kills / 2)
          assert.deepInclude(result, { answered: rows, failed: 0, rejected: 0 })
          assert.isUndefined(result.stopped)
          assert.isAbove(result.resumed, 0)
          const answers = linesOf(output).map(answerTo)
          if (order === "completion") answers.sort(([a], [b]) => Number(a.slice(4)) - Number(b.slice(4)))
          assert.deepStrictEqual(
            answers,
            Array.from({ length: rows }, (_, index) => [`row ${index + 1}`, `Answer to Row ${index + 1}`] as const)
          )
          // Killed runs have recorded no cost: it is that of the lines.
          assert.deepStrictEqual(recordedCost(output), { state: "finished", cost: costOf(linesOf(output)) })
          const { requested } = yield* host.ledger
          assert.isAtMost(requested, rows + killed * concurrency)
        }).pipe(Random.withSeed(seedOf("batch kills")), Effect.scoped),
      1_200_000
    )
  }
})

interface Memory {
  readonly done: number
  /** MiB. */
  readonly heap: number
  readonly rss: number
}

describe("a batch job of many rows", () => {
  it.live(
    "takes constant memory",
    () =>
      Effect.gen(function* () {
        const rows = runs({ sample: 5_000, deep: 1_000_000 })
        const path = yield* folder
        const input = join(path, "in.jsonl")
        const file = createWriteStream(input)
        yield* Effect.promise(() =>
          pipeline(
            Readable.from(
              (function* () {
                for (let index = 0; index < rows; index++) {
                  const messages = [{ role: "user", content: `Is review ${index} positive?` }]
                  yield `${JSON.stringify({ id: `row ${index}`, request: { messages } })}\n`
                }
              })()
            ),
            file
          )
        )
        // Collections of one size, so that what is left over does not depend on how busy the machine is.
        const execArgv = ["--expose-gc", "--max-semi-space-size=4"]
        const child = fork(memoryWorker, [input, join(path, "out.jsonl"), `${rows}`], { execArgv })
        const seen: Array<Memory> = []
        child.on("message", (memory) => void seen.push(memory as Memory))
        yield* Effect.promise(() => new Promise<void>((resolve) => child.once("exit", () => resolve())))
        process.stdout.write(
          `${rows} rows: ${seen.map(({ done, heap, rss }) => `${done}: heap ${heap}, RSS ${rss} MiB`).join("; ")}\n`
        )
        const [first, last] = [seen[0], seen.at(-1)]
        assert.strictEqual(last?.done, rows)
        // A hundred bytes for each row would be seen at full length.
        assert.isBelow((last?.heap ?? 0) - (first?.heap ?? 0), 32)
      }).pipe(Effect.scoped),
    1_800_000
  )
})
