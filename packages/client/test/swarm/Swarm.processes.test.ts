import { type ChildProcess, fork } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { Reply } from "@kimi-effect/testing"
import { MockServer } from "@kimi-effect/testing/node"
import type { ReceivedRequest } from "@kimi-effect/testing/node/ReceivedRequest"
import { Effect, Random } from "effect"
import { runs, seedOf } from "../../../../test/support/depth.ts"
import { folder, until } from "../node/support/files.ts"
import { ownSchema, reachable, url } from "../postgres/support/postgres.ts"
import type { Done, Settings } from "./support/swarmWorker.ts"

const worker = fileURLToPath(new URL("./support/swarmWorker.ts", import.meta.url))

const tasks = ["0", "1", "2", "3", "4", "5"]
/** Each agent makes two notes, one after the other. */
const notes = tasks.flatMap((task) => [`${task}/1`, `${task}/2`])
/** The calls of the orchestrator and of its agents. */
const calls = 3 + tasks.length * 3

interface Body {
  readonly messages: ReadonlyArray<{ readonly role: string; readonly content: string }>
}

/** The task of a request, and the number of its step from 0. */
const positionOf = ({ json }: ReceivedRequest) => {
  const { messages } = json as Body
  const task = messages.find(({ role }) => role === "user")?.content ?? ""
  return { task, step: messages.filter(({ role }) => role === "assistant").length }
}

const toolCalls = (...given: ReadonlyArray<readonly [name: string, args: { readonly [name: string]: string }]>) =>
  Reply.toolCalls(given.map(([name, args]) => ({ name, arguments: args })))

const reply = (request: ReceivedRequest): Reply.Reply => {
  const { step, task } = positionOf(request)
  if (task === "Work") {
    if (step === 0) return toolCalls(["create_subagent", { name: "a", system_prompt: "You are a" }])
    if (step === 1) return toolCalls(...tasks.map((prompt) => ["assign_task", { agent: "a", prompt }] as const))
    return Reply.text("All done")
  }
  return step < 2 ? toolCalls(["note", { text: `${task}/${step + 1}` }]) : Reply.text(`${task} is done`)
}

const linesOf = (path: string): ReadonlyArray<string> =>
  existsSync(path)
    ? readFileSync(path, "utf8")
        .split("\n")
        .filter((line) => line !== "")
    : []

/** Processes start slowly on a machine with other work, and a deep run starts about eighty. */
const timeout = runs({ sample: 300_000, deep: 1_800_000 })

/** A swarm of processes at one host. */
const makeSwarm = (more: Partial<Settings>) =>
  Effect.gen(function* () {
    const host = yield* MockServer.make({ latency: "10 millis", validateRequests: false })
    yield* host.replyAlways(reply)
    const path = yield* folder
    const settings: Settings = {
      baseUrl: host.url,
      folder: path,
      lease: "400 millis",
      pollInterval: "50 millis",
      concurrency: 2,
      ...more
    }
    const done: Array<Done> = []
    const children = new Set<ChildProcess>()
    const crashes: Array<string> = []
    yield* Effect.addFinalizer(() => Effect.sync(() => children.forEach((child) => child.kill("SIGKILL"))))
    const start = Effect.sync(() => {
      const child = fork(worker, [JSON.stringify(settings)], { execArgv: [] })
      children.add(child)
      child.on("message", (message) => done.push(message as Done))
      child.once("exit", (code, signal) => {
        children.delete(child)
        if (code !== 0 && signal === null) crashes.push(`A worker ended with ${code}`)
      })
      return child
    })
    /** Waits until it is so, or fails when a worker ends with an error, without which it may never be so. */
    const waitFor = (isSo: Effect.Effect<boolean>) =>
      until(Effect.map(isSo, (value) => value || crashes.length > 0)).pipe(
        Effect.andThen(Effect.sync(() => assert.deepStrictEqual(crashes, [])))
      )
    /** Waits for so many results. */
    const results = (count: number) => waitFor(Effect.sync(() => done.length >= count))
    const requested = Effect.map(host.requests, (requests) => {
      const counts = new Map<string, number>()
      for (const request of requests) {
        const { step, task } = positionOf(request)
        counts.set(`${task}/${step}`, (counts.get(`${task}/${step}`) ?? 0) + 1)
      }
      return counts
    })
    /** The calls that were recorded, with how often each was requested until then. */
    const settled: Array<ReadonlyMap<string, number>> = []
    /** Waits for some more requests, or for the end. */
    const progress = (more: number) =>
      Effect.gen(function* () {
        const { length } = yield* host.requests
        yield* waitFor(Effect.map(host.requests, (requests) => done.length > 0 || requests.length >= length + more))
        yield* Effect.sleep(yield* Random.nextIntBetween(0, 15))
      })
    const kill = (child: ChildProcess) =>
      Effect.gen(function* () {
        const ended = Effect.callback<void>((resume) => void child.once("exit", () => resume(Effect.void)))
        const recorded = linesOf(join(path, "recorded"))
        const counts = yield* requested
        settled.push(new Map(recorded.map((call) => [call, counts.get(call) ?? 0])))
        child.kill("SIGKILL")
        if (children.has(child)) yield* ended
      })
    const check = Effect.gen(function* () {
      const [first] = done
      assert.deepStrictEqual([first?.outcome, first?.text], ["Finished", "All done"])
      assert.deepStrictEqual(
        first?.agents,
        tasks.map((task) => `${task} is done`)
      )
      assert.deepStrictEqual(linesOf(join(path, "notes")).toSorted(), notes)
      const counts = yield* requested
      assert.strictEqual(counts.size, calls)
      for (const before of settled) {
        for (const [call, times] of before) assert.strictEqual(counts.get(call), times, call)
      }
    })
    return { check, done, kill, progress, results, start }
  })

describe("a swarm in SQLite", () => {
  it.live(
    "makes no answered call again after its process is killed",
    () =>
      Effect.gen(function* () {
        for (let round = 0; round < runs({ sample: 1, deep: 10 }); round++) {
          const { check, kill, progress, results, start } = yield* makeSwarm({})
          for (let kills = 0; kills < runs({ sample: 3, deep: 5 }); kills++) {
            const child = yield* start
            yield* progress(yield* Random.nextIntBetween(1, 5))
            yield* kill(child)
          }
          yield* start
          yield* results(1)
          yield* check
        }
      }).pipe(Random.withSeed(seedOf("swarm kills")), Effect.scoped),
    timeout
  )
})

describe.skipIf(!reachable)("a swarm in PostgreSQL", () => {
  it.live(
    "makes no answered call again after one of its workers is killed",
    () =>
      Effect.gen(function* () {
        for (let round = 0; round < runs({ sample: 1, deep: 10 }); round++) {
          const postgres = { url, schema: yield* ownSchema }
          const { check, done, kill, progress, results, start } = yield* makeSwarm({ postgres, concurrency: 1 })
          const workers = [yield* start, yield* start, yield* start]
          for (let kills = 0; kills < runs({ sample: 2, deep: 5 }); kills++) {
            yield* progress(yield* Random.nextIntBetween(1, 4))
            const index = yield* Random.nextIntBetween(0, 2)
            yield* kill(workers[index] as ChildProcess)
            workers[index] = yield* start
          }
          yield* results(3)
          assert.strictEqual(new Set(done.map((one) => JSON.stringify(one))).size, 1)
          yield* check
        }
      }).pipe(Random.withSeed(seedOf("swarm workers")), Effect.scoped),
    timeout
  )

  it.live(
    "has the same result when a worker is frozen for longer than its leases",
    () =>
      Effect.gen(function* () {
        for (let round = 0; round < runs({ sample: 1, deep: 10 }); round++) {
          const postgres = { url, schema: yield* ownSchema }
          const { check, done, progress, results, start } = yield* makeSwarm({ postgres, concurrency: 1 })
          const [first] = [yield* start, yield* start]
          yield* progress(yield* Random.nextIntBetween(1, 12))
          first.kill("SIGSTOP")
          yield* results(1)
          first.kill("SIGCONT")
          yield* results(2)
          assert.strictEqual(new Set(done.map((one) => JSON.stringify(one))).size, 1)
          yield* check
        }
      }).pipe(Random.withSeed(seedOf("frozen worker")), Effect.scoped),
    timeout
  )
})
