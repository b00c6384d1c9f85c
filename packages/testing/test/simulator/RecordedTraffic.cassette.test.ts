/** The traffic of cassettes. */
import { assert, describe, it } from "@effect/vitest"
import { KimiClient } from "@kimi-effect/client"
import { Effect, Fiber, Layer, Redacted, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as Cassette from "../../src/Cassette.ts"
import type { Body, Interaction } from "../../src/cassette/Interaction.ts"
import * as CassetteStore from "../../src/CassetteStore.ts"
import * as MockProvider from "../../src/MockProvider.ts"
import * as Reply from "../../src/Reply.ts"
import * as Simulator from "../../src/Simulator.ts"
import * as Traffic from "../../src/simulator/Traffic.ts"
import { variables } from "../support/cassettes.ts"

const usage = { prompt_tokens: 1_000, completion_tokens: 100 }

const interaction = (
  request: { readonly [name: string]: unknown },
  response: Partial<Interaction["response"]> = {},
  path = "/v1/chat/completions"
): Interaction => ({
  request: {
    method: "POST",
    origin: "https://api.moonshot.ai",
    path,
    headers: {},
    body: { json: { model: "kimi-k3", messages: [{ role: "user", content: "Hi" }], ...request } } as Body
  },
  response: { status: 200, headers: {}, body: { json: { usage, choices: [] } }, ...response }
})

/** An event some milliseconds after the previous one. */
const event = (after: number, delta: object, more: object = {}) => ({
  json: { choices: [{ delta, ...more }] },
  after
})

const streamed = (after: number, firstToken: number, generation: number): Interaction =>
  interaction(
    { stream: true },
    {
      after,
      body: {
        events: [
          event(0, { role: "assistant", content: "" }),
          event(firstToken, { content: "Hello" }),
          event(generation, {}, { usage }),
          { data: "[DONE]", after: 0 }
        ]
      } as Body
    }
  )

const traffic = (interactions: ReadonlyArray<Interaction>, options?: Traffic.CassetteOptions) =>
  Traffic.fromCassette({ interactions }, options)

const failed = { status: 500, body: { json: { error: { message: "no" } } } } as const

describe("fromCassette", () => {
  it.effect("reads the calls that a client has recorded", () =>
    Effect.gen(function* () {
      const script = [
        Reply.text("Hello!", { usage: { prompt_tokens: 300, completion_tokens: 40 } }),
        Reply.text("One two three", {
          usage: { prompt_tokens: 80, completion_tokens: 3 },
          timing: { firstToken: "1 second", between: "500 millis" }
        })
      ]
      const client = KimiClient.layer({ apiKey: Redacted.make("sk-test") }).pipe(
        Layer.provide(Cassette.layer({ name: "day", mode: "record", recordTiming: true })),
        Layer.provide(MockProvider.layerHttp({ script })),
        Layer.provide(variables())
      )
      const calls = Effect.gen(function* () {
        const kimi = yield* KimiClient.KimiClient
        yield* kimi.chat({ messages: [{ role: "user", content: "Hi" }], max_completion_tokens: 500 })
        yield* Stream.runDrain(kimi.stream({ messages: [{ role: "user", content: "Count" }] }))
      })
      const fiber = yield* Effect.forkChild(Effect.provide(calls, client))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)

      const read = yield* Traffic.fromCassette(yield* Cassette.read("day"))
      assert.sameDeepMembers(
        read.calls.map(({ isStream, maxCompletionTokens, model, outputTokens, promptTokens }) => ({
          isStream,
          maxCompletionTokens,
          model,
          outputTokens,
          promptTokens
        })),
        [
          { isStream: false, maxCompletionTokens: 500, model: "kimi-k3", outputTokens: 40, promptTokens: 300 },
          { isStream: true, maxCompletionTokens: undefined, model: "kimi-k3", outputTokens: 3, promptTokens: 80 }
        ]
      )
      // The role is the first event.
      assert.deepStrictEqual(read.host.firstToken, { median: 1_500, p95: 1_500 })
    }).pipe(Effect.provide(CassetteStore.layerMemory()))
  )

  it.effect("measures the pace of streams", () =>
    Effect.gen(function* () {
      const { host } = yield* traffic([streamed(200, 300, 2_000), streamed(200, 300, 2_000), streamed(200, 800, 1_000)])
      assert.deepStrictEqual(host, {
        firstToken: { median: 500, p95: 1_000 },
        tokensPerSecond: { median: 50, p95: 100 }
      })
    })
  )

  it.effect("measures whole responses where there is no stream", () =>
    Effect.gen(function* () {
      const { host } = yield* traffic([interaction({}, { after: 4_000 })])
      assert.deepStrictEqual(host, {
        firstToken: { median: 1, p95: 1 },
        tokensPerSecond: { median: 25, p95: 25 }
      })
    })
  )

  it.effect("measures nothing without recorded times", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual((yield* traffic([interaction({})])).host, {})
    })
  )

  it.effect("reads JSON that a host has formatted", () =>
    Effect.gen(function* () {
      const text = `data: ${JSON.stringify({ choices: [{ delta: { content: "a" }, usage }] }, null, 1).replaceAll("\n", "")}\n\n`
      const spaced = { events: [{ raw: text }, { data: '{ "choices": [] }' }] }
      const [one, other] = (yield* traffic([
        interaction({ stream: true }, { body: spaced }),
        interaction({}, { body: { text: JSON.stringify({ usage }, null, 2) } })
      ])).calls
      assert.deepStrictEqual([one?.outputTokens, other?.outputTokens], [100, 100])
    })
  )

  it.effect("ignores requests that call no model", () =>
    Effect.gen(function* () {
      const { calls } = yield* traffic([interaction({}, {}, "/v1/tokenizers/estimate-token-count"), interaction({})])
      assert.strictEqual(calls.length, 1)
    })
  )

  it.effect("counts failed attempts as part of the call that was answered", () =>
    Effect.gen(function* () {
      const { calls, unsized } = yield* traffic([interaction({}, failed), interaction({}, failed), interaction({})])
      assert.deepStrictEqual([calls.length, unsized], [1, 0])
    })
  )

  it.effect("gives a request that was never answered the median size of its model", () =>
    Effect.gen(function* () {
      const other = { usage: { prompt_tokens: 9, completion_tokens: 9 } }
      const { calls, unsized } = yield* traffic([
        interaction({ model: "kimi-k2.6" }, { body: { json: other } }),
        interaction({}),
        interaction({ temperature: 1 }, failed),
        interaction({ temperature: 1 }, failed)
      ])
      assert.deepStrictEqual([calls.map(({ promptTokens }) => promptTokens), unsized], [[9, 1_000, 1_000], 1])
    })
  )

  it.effect("gives equal requests equal prompts within a round", () =>
    Effect.gen(function* () {
      const { calls } = yield* traffic([interaction({}), interaction({}), interaction({ temperature: 1 })], {
        calls: 6
      })
      const prompts = calls.map(({ prompt }) => prompt)
      assert.strictEqual(prompts[0], prompts[1])
      assert.strictEqual(new Set(prompts).size, 4)
    })
  )

  it.effect("spreads the calls over the time", () =>
    Effect.gen(function* () {
      const options = { calls: 1_000, duration: "100 seconds", weights: [1, 0], start: "2026-11-20T08:00:00Z" } as const
      const { calls } = yield* traffic([interaction({})], options)
      const times = calls.map(({ startedAt }) => startedAt - Date.parse(options.start))
      assert.deepStrictEqual(
        times,
        times.toSorted((a, b) => a - b)
      )
      assert.isTrue(times.every((time) => time >= 0 && time <= 50_000))
      // The first of a thousand is after the first half of the half with a chance of 2 ** -1000.
      assert.isBelow(times[0] ?? Infinity, 25_000)
      assert.isAbove(times.at(-1) ?? 0, 25_000)
    })
  )

  it.effect("has other times with another seed", () =>
    Effect.gen(function* () {
      const timesOf = (seed?: number) =>
        Effect.map(traffic([interaction({})], { calls: 5, seed }), ({ calls }) => calls.map((call) => call.startedAt))
      assert.deepStrictEqual(yield* timesOf(), yield* timesOf())
      assert.notDeepEqual(yield* timesOf(1), yield* timesOf(2))
    })
  )

  it.effect("lists all invalid options", () =>
    Effect.gen(function* () {
      const options = { calls: 0.5, duration: "0 seconds", weights: [0], start: "soon" } as const
      const error = yield* Effect.flip(traffic([interaction({})], options))
      assert.deepStrictEqual(
        error.issues.map(({ name }) => name),
        ["calls", "duration", "weights", "start"]
      )
    })
  )

  it.effect("fails without a chat completion", () =>
    Effect.gen(function* () {
      assert.include((yield* Effect.flip(traffic([]))).message, "at least one chat completion")
    })
  )

  it.effect("fails without any usage", () =>
    Effect.gen(function* () {
      assert.include((yield* Effect.flip(traffic([interaction({}, failed)]))).message, "with usage")
    })
  )
})

describe("compare with the traffic of a cassette", () => {
  it.effect("costs what the recorded tokens cost at the recorded pace", () =>
    Effect.gen(function* () {
      const recorded = yield* traffic([streamed(200, 300, 2_000)], { calls: 50, duration: "10 minutes" })
      const { configurations } = yield* Simulator.compare({
        seed: 1,
        traffic: recorded,
        host: recorded.host,
        configurations: [Simulator.tier(2)]
      })
      const [{ report }] = configurations as [(typeof configurations)[number]]
      assert.strictEqual(report.calls.calls, 50)
      // Kimi K3 costs $3.00 and $15.00 a million in November 2026. A prompt has up to two tokens more or fewer.
      assert.closeTo(Number(report.cost.total), (50 * (1_000 * 3 + 100 * 15)) / 1_000_000, (50 * 2 * 3) / 1_000_000)
      assert.strictEqual(report.calls.succeeded, 50)
      assert.strictEqual(report.firstToken.p50, 500)
    })
  )

  it.effect("counts the maximum output of the recorded requests at admission", () =>
    Effect.gen(function* () {
      const recorded = yield* traffic([interaction({ max_completion_tokens: 30_000 })])
      const [arrival] = Traffic.arrivalsOfRecorded(recorded)
      assert.strictEqual(arrival?.request.max_completion_tokens, 30_000)
    })
  )
})
