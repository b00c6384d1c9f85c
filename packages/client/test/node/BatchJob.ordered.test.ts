import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { gunzipSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import { MockProvider } from "@kimi-effect/testing"
import { Effect, Fiber, Logger, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as BatchJob from "../../src/node/BatchJob.ts"
import { answersOf, asKilled, inFolder, lineOf, linesOf } from "./support/batch/answered.ts"

const rows = ["never", "1", "2", "3"]

const linesIn = (output: string) => linesOf(readFileSync(output, "utf8")).map(({ line }) => line)

const requested = Effect.flatMap(MockProvider.MockProvider, (mock) => mock.requests)

/** Runs a job until some of its rows are answered, which wait for the first one. */
const inFlight = (options: BatchJob.Options, answered: number) =>
  Effect.gen(function* () {
    let done = 0
    const onProgress = (progress: BatchJob.JobProgress) => Effect.sync(() => (done = progress.done))
    const job = BatchJob.run({ ...options, onProgress, progressInterval: "1 millis" })
    const fiber = yield* Effect.forkChild(job)
    yield* Effect.repeat(Effect.yieldNow, { until: () => done === answered })
    return fiber
  })

describe("a job in the order of its input", () => {
  it.live("writes the answered rows after a slow one when it is interrupted", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const options = { input: path("in.jsonl"), output: path("out.jsonl"), order: "input" } as const
        writeFileSync(options.input, rows.map(lineOf).join("\n"))
        yield* Fiber.interrupt(yield* inFlight(options, 3))
        assert.deepStrictEqual(linesIn(options.output), [2, 3, 4])
        assert.deepInclude(yield* BatchJob.status(options.output), { state: "stopped", answered: 3 })
        // They are not requested again.
        yield* Effect.forkScoped(BatchJob.run(options))
        yield* Effect.repeat(requested, { until: ({ length }) => length === 5 })
      })
    )
  )
})

/** Leaves an output as a job does that was interrupted while its first row was in flight, and continued. */
const asInterrupted = (output: string): void => {
  const isCompressed = output.endsWith(".gz")
  const bytes = readFileSync(output)
  const [, ...others] = (isCompressed ? gunzipSync(bytes) : bytes).toString().split("\n")
  const text = others.join("\n")
  writeFileSync(output, "")
  writeFileSync(isCompressed ? `${output}.pending` : output, text)
  asKilled(output)
}

describe("the output of a job in the order of its input", () => {
  it.live.each(["out.jsonl", "out.jsonl.gz"])("has this order when the job is continued: %s", (name) =>
    inFolder((path) =>
      Effect.gen(function* () {
        const options = { input: path("in.jsonl"), output: path(name), order: "input" } as const
        writeFileSync(options.input, ["0", "1", "2", "3"].map(lineOf).join("\n"))
        yield* BatchJob.run(options)
        asInterrupted(options.output)
        assert.deepInclude(yield* BatchJob.run(options), { answered: 4, resumed: 3 })
        const bytes = readFileSync(options.output)
        const text = (name.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString()
        assert.deepStrictEqual(answersOf(text), [
          ["1", 1, "0"],
          ["2", 2, "1"],
          ["3", 3, "2"],
          ["4", 4, "3"]
        ])
        assert.deepInclude(yield* BatchJob.run(options), { answered: 4, resumed: 4 })
        assert.isFalse(existsSync(`${options.output}.pending`))
      })
    )
  )
})

const lineIn = (line: string) => linesOf(line).map(({ line }) => line)

const inputOf = (contents: ReadonlyArray<string>) => Stream.make(Buffer.from(contents.map(lineOf).join("\n")))

describe("a job whose output is a function", () => {
  it.live("gives it the answered rows after a slow one when it is interrupted", () =>
    inFolder(() =>
      Effect.gen(function* () {
        const lines: Array<number> = []
        const output = (line: string) => Effect.sync(() => lines.push(...lineIn(line)))
        yield* Fiber.interrupt(yield* inFlight({ input: inputOf(rows), output, order: "input" }, 3))
        assert.deepStrictEqual(lines, [2, 3, 4])
      })
    )
  )

  it.live("gives it the answered rows for which it was too slow when it is interrupted", () =>
    inFolder(() =>
      Effect.gen(function* () {
        const lines: Array<number> = []
        const output = (line: string) =>
          Effect.suspend(() => (lines.push(...lineIn(line)) === 1 ? Effect.never : Effect.void))
        const fiber = yield* inFlight({ input: inputOf(rows), output }, 3)
        yield* Effect.repeat(Effect.yieldNow, { until: () => lines.length === 1 })
        yield* Fiber.interrupt(fiber)
        assert.deepStrictEqual(lines, [2, 3, 4])
      })
    )
  )

  it.effect("ends when it takes no line, with the number of answered rows that it has not taken", () => {
    const messages: Array<unknown> = []
    const logger = Logger.make(({ message }) => void messages.push(message))
    return inFolder(() =>
      Effect.gen(function* () {
        let done = 0
        const onProgress = (progress: BatchJob.JobProgress) => Effect.sync(() => (done = progress.done))
        const job = BatchJob.run({ input: inputOf(rows), output: () => Effect.never, onProgress })
        const fiber = yield* Effect.forkChild(job)
        yield* Effect.repeat(TestClock.adjust("1 second"), { until: () => done === 3 })
        const interrupted = yield* Effect.forkChild(Fiber.interrupt(fiber))
        yield* TestClock.adjust("5 seconds")
        yield* Fiber.join(interrupted)
        assert.include(String(messages.at(-1)), "has not taken 2 answered rows within 5 seconds")
      })
    ).pipe(Effect.provide(Logger.layer([logger])))
  })
})
