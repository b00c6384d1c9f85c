/** Two swarms of one account on two machines, which share its limits and its budget in Redis: the ledger of the host is the witness. */
import { assert, describe, it } from "@effect/vitest"
import { KimiClient } from "@kimi-effect/client/KimiClient"
import * as KimiNode from "@kimi-effect/client/node/KimiNode"
import { Swarm, type SwarmResult } from "@kimi-effect/client/swarm"
import * as Admission from "@kimi-effect/core/Admission"
import * as Budget from "@kimi-effect/core/Budget"
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import * as Redis from "@kimi-effect/core/Redis"
import { Reply } from "@kimi-effect/testing"
import { MockServer } from "@kimi-effect/testing/node"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { connect, ownPrefix, reachable } from "../node/support/redis.ts"
import { callsUsing, makeTools, stepOf, taskOf } from "./support/swarm.ts"

const concurrency = 3
const agents = 8
const usage = { prompt_tokens: 1_000, completion_tokens: 200 }

/** Each agent uses a tool twice. */
const answer = (request: ModelRequest): Reply.Reply =>
  stepOf(request) < 2
    ? callsUsing(usage, ["look", { at: `${taskOf(request)}.${stepOf(request)}` }])
    : Reply.text("A result", { usage })

/** Millionths of a dollar: kimi-k3 costs 3 for a token of a prompt, and 15 for one of a response. */
const priceOf = ({ completion_tokens: completion, prompt_tokens: prompt }: typeof usage) => 3 * prompt + 15 * completion

/** Runs a swarm on each of two machines, and counts the requests that the host has at the same time. */
const onTwoMachines = (budget: string) =>
  Effect.gen(function* () {
    const server = yield* MockServer.make({ latency: 5, validateRequests: false })
    let most = 0
    yield* server.replyAlways(({ json }) => {
      const { entries } = Effect.runSync(server.ledger)
      // The request that is being answered is not in the ledger yet.
      most = Math.max(most, 1 + entries.filter(({ outcome }) => outcome === "open").length)
      return answer(json as ModelRequest)
    })
    const keyPrefix = yield* ownPrefix
    // Long, as a machine without Redis has limits for itself alone.
    const timeout = "20 seconds"
    const machine = Effect.gen(function* () {
      const stores = Layer.merge(
        Admission.layerRedis({ keyPrefix, timeout, limits: { concurrency } }),
        Budget.layerRedis({ keyPrefix, timeout, caps: [{ amount: budget, currency: "USD" }] })
      )
      const redis = Layer.succeed(Redis.Redis, yield* connect())
      const client = KimiNode.layer({ apiKey: Redacted.make("sk-test"), baseUrl: server.url })
      const services = yield* Layer.build(client.pipe(Layer.provide(stores), Layer.provide(redis)))
      return Context.get(services, KimiClient)
    })
    const machines = yield* Effect.all([machine, machine])
    const { tools } = yield* makeTools
    const items = Array.from({ length: agents }, (_, index) => `${index}`)
    const request = { model: "kimi-k3", max_completion_tokens: 400 }
    const results = yield* Effect.forEach(
      machines,
      (client, index) =>
        Effect.provideService(
          Swarm.map({ items: items.map((item) => `${index}-${item}`), prompt: "{{item}}", tools, request }),
          KimiClient,
          client
        ),
      { concurrency: "unbounded" }
    )
    return { results, most, ledger: yield* server.ledger }
  }).pipe(Effect.scoped)

const errorsOf = (results: ReadonlyArray<SwarmResult.SwarmResult>) =>
  results.flatMap(({ agents: all }) =>
    all.flatMap(({ outcome }) => (outcome._tag === "Stopped" ? [outcome.error._tag] : []))
  )

describe.skipIf(!reachable)("swarms of two machines that share their account in Redis", () => {
  it.live("never have more calls at the host than the account may", () =>
    Effect.gen(function* () {
      const { ledger, most, results } = yield* onTwoMachines("5")
      assert.deepStrictEqual(errorsOf(results), [])
      assert.strictEqual(ledger.answered, 2 * agents * 3)
      assert.isAtMost(most, concurrency)
    })
  )

  it.live("never spend more than their budget", () =>
    Effect.gen(function* () {
      const { ledger, results } = yield* onTwoMachines("0.1")
      assert.isAtMost(priceOf(ledger.billed), 100_000)
      // Together they need three times as much, and each alone more.
      assert.isAbove(errorsOf(results).length, 0)
      assert.deepStrictEqual([...new Set(errorsOf(results))], ["BudgetExceededError"])
    })
  )
})
