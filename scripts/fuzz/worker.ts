/** Runs the inputs on a separate thread, so that the main thread notices an input that does not end. */
import { parentPort, workerData } from "node:worker_threads"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { auditLines } from "./auditLines.ts"
import { batchFiles } from "./batchFiles.ts"
import { cassettes } from "./cassettes.ts"
import { completions } from "./completions.ts"
import { configurations } from "./configurations.ts"
import { envelopesTarget } from "./envelopes.ts"
import { failedResponses } from "./failedResponses.ts"
import { hostResults } from "./hostResults.ts"
import { journals } from "./journals.ts"
import { nextInput } from "./mutate.ts"
import type { Progress, Result } from "./Progress.ts"
import { shrink } from "./shrink.ts"
import { streams } from "./streams.ts"
import type { Target } from "./Target.ts"
import { toolArguments } from "./toolArguments.ts"

const allTargets: ReadonlyArray<Target> = [
  streams,
  completions,
  toolArguments,
  failedResponses,
  configurations,
  envelopesTarget,
  auditLines,
  cassettes,
  batchFiles,
  hostResults,
  journals
]

const selected = new Set(process.env["KIMI_FUZZ_TARGETS"]?.split(",").map((name) => name.trim()))
const targets = selected.size === 0 ? allTargets : allTargets.filter(({ name }) => selected.has(name))

/** Longest CPU time of one input in milliseconds. A slower one runs again, because it may have compiled code or collected garbage. */
const maxMillis = 500

const { progress, runs, seed } = workerData as {
  readonly progress: Progress
  readonly runs: number
  readonly seed: string
}
const counter = new Int32Array(progress.counter)
const current = new Uint8Array(progress.input)

const timeOf = async (target: Target, input: Uint8Array): Promise<number> => {
  const start = process.threadCpuUsage()
  await target.run(input)
  const { system, user } = process.threadCpuUsage(start)
  return (user + system) / 1_000
}

/** What is wrong with the result of an input; `undefined` if nothing is. */
const check = async (target: Target, input: Uint8Array): Promise<string | undefined> => {
  current.set(input)
  counter[1] = input.length
  Atomics.add(counter, 0, 1)
  try {
    if ((await timeOf(target, input)) <= maxMillis) return undefined
    const again = await timeOf(target, input)
    return again <= maxMillis ? undefined : `took ${Math.round(again)} ms`
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error)
  }
}

const random = await Effect.runPromise(Random.withSeed(Random.Random, seed))

const runAll = async (): Promise<Result> => {
  if (targets.length < selected.size) {
    const known = allTargets.map(({ name }) => name).join(", ")
    return { invalid: `KIMI_FUZZ_TARGETS must be names of targets, separated by commas: ${known}` }
  }
  const counts = new Map<string, number>()
  for (let index = 0; index < runs; index++) {
    const target = targets[index % targets.length]
    if (target === undefined) break
    counts.set(target.name, (counts.get(target.name) ?? 0) + 1)
    const input = nextInput(target, random)
    if ((await check(target, input)) === undefined) continue
    const smallest = await shrink(input, async (candidate) => (await check(target, candidate)) !== undefined)
    return {
      target: target.name,
      index,
      input: smallest,
      problem: (await check(target, smallest)) ?? "no longer fails"
    }
  }
  return { counts }
}

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
parentPort?.postMessage(await runAll())
