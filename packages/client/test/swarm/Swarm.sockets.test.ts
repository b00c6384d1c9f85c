/** Swarms at a host over sockets, whose requests and bill are compared with what the swarm reports. */
import { subscribe, unsubscribe } from "node:diagnostics_channel"
import { assert, describe, it } from "@effect/vitest"
import * as KimiNode from "@kimi-effect/client/node/KimiNode"
import * as KimiClient from "@kimi-effect/client/KimiClient"
import { Swarm, type SwarmReport } from "@kimi-effect/client/swarm"
import * as Budget from "@kimi-effect/core/Budget"
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import { Reply } from "@kimi-effect/testing"
import { MockServer } from "@kimi-effect/testing/node"
import * as BigDecimal from "effect/BigDecimal"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import { runs, seedOf, timeLimit } from "../../../../test/support/depth.ts"
import { assign, callsUsing, create, isOrchestrator, makeTools, stepOf, taskOf } from "./support/swarm.ts"

const agents = runs({ sample: 12, deep: 100 })
const toolCalls = runs({ sample: 3, deep: 15 })
/** Of the orchestrator, and of each agent. */
const responses = 3 + agents * (toolCalls + 1)

const numbers = Array.from({ length: agents }, (_, index) => index + 1)

/** What an agent uses differs from agent to agent. */
const usageOf = (request: ModelRequest) => {
  const n = isOrchestrator(request) ? 0 : Number(taskOf(request).slice(5))
  const prompt = 1_000 + 10 * n + 100 * stepOf(request)
  return {
    prompt_tokens: prompt,
    completion_tokens: 50 + n,
    cached_tokens: Math.floor(prompt / 3),
    reasoning_tokens: 20
  }
}

const answer = (request: ModelRequest): Reply.Reply => {
  const usage = usageOf(request)
  const step = stepOf(request)
  if (isOrchestrator(request)) {
    if (step === 0) return callsUsing(usage, create("worker"))
    return step === 1
      ? callsUsing(usage, ...numbers.map((n) => assign("worker", `Part ${n}`)))
      : Reply.text("All done", { usage })
  }
  return step < toolCalls
    ? callsUsing(usage, ["look", { at: `${taskOf(request)}.${step}` }])
    : Reply.text("Done", { usage })
}

const key = Redacted.make("sk-test")

/** A client with a budget, at a host that takes some milliseconds for each call. */
const withHost = <A, E>(
  test: (server: MockServer.MockServer["Service"]) => Effect.Effect<A, E, KimiClient.KimiClient>
): Effect.Effect<A, unknown> =>
  Effect.scoped(
    Effect.gen(function* () {
      const server = yield* MockServer.make({ latency: 5, validateRequests: false })
      yield* server.replyAlways(({ json }) => answer(json as ModelRequest))
      const client = KimiNode.layer({ apiKey: key, baseUrl: server.url, maxConcurrency: 100 }).pipe(
        Layer.provide(Budget.layer({ caps: [{ amount: "100000", currency: "USD" }] }))
      )
      return yield* Effect.provide(test(server), client)
    })
  )

const swarm = Effect.gen(function* () {
  const { places, tools } = yield* makeTools
  const options = { tools, request: { model: "kimi-k3", max_completion_tokens: 1_000 } }
  const limits = { cost: { amount: "50", currency: "USD" }, conclusion: { completionTokens: 500 } } as const
  const result = yield* Swarm.run("Work", { ...options, limits, initialConcurrency: 10 })
  return { places, result }
})

const hello = { model: "kimi-k3", messages: [{ role: "user", content: "Hello" }], max_completion_tokens: 100 } as const

/** Counts the requests that undici makes, as long as the scope. Some that are on their way reach the host later. */
const sentRequests = Effect.gen(function* () {
  let sent = 0
  const count = () => void sent++
  yield* Effect.acquireRelease(
    Effect.sync(() => subscribe("undici:request:create", count)),
    () => Effect.sync(() => unsubscribe("undici:request:create", count))
  )
  return { sent: () => sent }
})

const textOf = (amount: BigDecimal.BigDecimal) => BigDecimal.format(BigDecimal.normalize(amount))

/** The longest that followed each other: the orchestrator, and one agent of its only stage. */
const criticalSteps = (requests: ReadonlyArray<ModelRequest>): number => {
  const byTask = Map.groupBy(requests, taskOf)
  const counts = [...byTask].map(([task, own]) => [task, own.length] as const)
  const longest = Math.max(...counts.flatMap(([task, count]) => (task === "Work" ? [] : [count])))
  return (byTask.get("Work")?.length ?? 0) + longest
}

/** The figures of a report that the host knows too. */
const reported = ({
  agents: own,
  cacheShare,
  cost,
  criticalSteps: critical,
  steps,
  usage
}: SwarmReport.SwarmReport) => ({
  agents: own.length,
  steps,
  criticalSteps: critical,
  prompt: usage.prompt_tokens,
  completion: usage.completion_tokens,
  cached: usage.cached_tokens,
  cacheShare,
  cost: cost.map(({ currency, total }) => `${textOf(total)} ${currency}`)
})

describe("a swarm over sockets", () => {
  it.live(
    "reports what the host has answered",
    () =>
      withHost((server) =>
        Effect.gen(function* () {
          const { places, result } = yield* swarm
          const { billed, answered, requested } = yield* server.ledger
          const requests = (yield* server.requests).map(({ json }) => json as ModelRequest)
          assert.deepStrictEqual([result.outcome._tag, answered, requested], ["Finished", responses, responses])
          assert.deepStrictEqual([places.length, new Set(places).size], [agents * toolCalls, agents * toolCalls])
          const { cached_tokens: cached, completion_tokens: completion, prompt_tokens: prompt } = billed
          // Dollars for a million tokens of kimi-k3: 3 of a prompt, 0.3 of those in the cache, 15 of a response.
          const dollars = ((prompt - cached) * 30 + cached * 3 + completion * 150) / 10
          assert.deepStrictEqual(reported(result.report), {
            agents: new Set(requests.map(taskOf)).size,
            steps: answered,
            criticalSteps: criticalSteps(requests),
            prompt,
            completion,
            cached,
            cacheShare: cached / prompt,
            cost: [`${textOf(BigDecimal.make(BigInt(Math.round(dollars * 10)), 7))} USD`]
          })
        })
      ),
    { timeout: timeLimit(120_000) }
  )

  it.live(
    "leaves nothing behind when it is interrupted",
    () =>
      withHost((server) =>
        Effect.gen(function* () {
          const kimi = yield* KimiClient.KimiClient
          const requests = yield* sentRequests
          for (let run = 0; run < runs({ sample: 5, deep: 30 }); run++) {
            const before = (yield* server.ledger).requested
            const moment = yield* Random.nextIntBetween(1, responses)
            let active = 0
            const fibers = {
              recordFiberStart: () => void active++,
              recordFiberEnd: () => void active--
            }
            const fiber = yield* Effect.forkChild(Effect.provideService(swarm, Metric.FiberRuntimeMetrics, fibers))
            yield* Effect.raceFirst(server.awaitRequests(before + moment), Fiber.await(fiber))
            yield* Fiber.interrupt(fiber)
            const sent = requests.sent()
            yield* kimi.chat(hello)
            yield* kimi.chat(hello)
            assert.strictEqual(requests.sent(), sent + 2)
            assert.isAtMost((yield* server.ledger).requested, requests.sent())
            const { budgets, connections, providers } = yield* kimi.metrics
            assert.deepStrictEqual(
              {
                fibers: active,
                connections: connections.map(({ inUse, waiting }) => [inUse, waiting]),
                permits: providers.map(({ inFlight, waiting }) => [inFlight, waiting]),
                reserved: budgets.map(({ reserved }) => textOf(reserved))
              },
              { fibers: 0, connections: [[0, 0]], permits: [[0, 0]], reserved: ["0"] },
              `after ${moment} requests`
            )
          }
        }).pipe(Effect.scoped, Random.withSeed(seedOf("interruptions of a swarm")))
      ),
    { timeout: runs({ sample: 30_000, deep: 1_800_000 }) }
  )
})
