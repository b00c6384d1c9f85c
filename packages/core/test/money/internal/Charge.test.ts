import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Option, Random, Stream } from "effect"
import * as CallOptions from "../../../src/CallOptions.ts"
import { ConnectionLostError, ConnectionRefusedError } from "../../../src/errors/NetworkErrors.ts"
import { MalformedOutputError, ReasoningBudgetExhaustedError } from "../../../src/errors/ProviderErrors.ts"
import type { KimiError } from "../../../src/errors/KimiError.ts"
import type { ChatError, StreamError } from "../../../src/errors/OperationErrors.ts"
import type { ChatResponse } from "../../../src/models/ChatResponse.ts"
import type { StreamEvent } from "../../../src/models/StreamEvent.ts"
import { fromReport, fromTokens, type Usage, type WireUsage } from "../../../src/models/Usage.ts"
import type { AttemptUsage } from "../../../src/money/Accounting.ts"
import * as AccountingStage from "../../../src/money/AccountingStage.ts"
import * as Amount from "../../../src/money/internal/Amount.ts"
import * as Charge from "../../../src/money/internal/Charge.ts"
import * as Cost from "../../../src/money/Cost.ts"
import * as PriceTable from "../../../src/money/PriceTable.ts"
import * as TokenCount from "../../../src/TokenCount.ts"
import type { Call, CallBudget } from "../../../src/pipeline/Call.ts"
import { Transcript } from "../../../src/pipeline/internal/Transcript.ts"
import { between, type Chance, happens, oneOf } from "../../resilience/support/chance.ts"
import { finish, responseOf, textDelta } from "../../support/responses.ts"
import { runs, seedOf } from "../../../../../test/support/depth.ts"

const model = "priced"
const purchase = { model, provider: "host", day: "2026-11-28" }

const randomCall = (chance: Chance): Call => ({
  account: "account",
  provider: "host",
  request: {
    model,
    messages: [{ role: "user", content: "x".repeat(between(chance, 0, 60)) }],
    max_completion_tokens: between(chance, 1, 30),
    ...(happens(chance, 0.3) ? { n: between(chance, 1, 3) } : {}),
    ...(happens(chance, 0.2) ? { extra_body: { max_tokens: between(chance, 1, 60), n: between(chance, 1, 4) } } : {})
  }
})

/** What an honest host reports of a call: all, some or none of the counts, and never more than the call allows. */
const randomReport = (chance: Chance, { request }: Call): Usage | undefined => {
  const prompt = between(chance, 1, TokenCount.ofPrompt(request))
  const completion = between(chance, 0, TokenCount.maxCompletion(request))
  const some = (value: number) => oneOf<number | null | undefined>(chance, value, value, 0, null, undefined)
  const wire = {
    prompt_tokens: some(prompt),
    completion_tokens: some(completion),
    total_tokens: some(prompt + completion),
    cached_tokens: some(between(chance, 0, prompt)),
    prompt_tokens_details: { cache_write_tokens: some(between(chance, 0, prompt)) }
  } as typeof WireUsage.Type
  return fromReport(wire)
}

const partialOf = (text: string, usage: Usage | undefined) => ({
  content: text,
  reasoning_content: "",
  tool_calls: [],
  ...(usage === undefined
    ? {}
    : { usage: { prompt_tokens: usage.prompt_tokens, completion_tokens: usage.completion_tokens } })
})

const randomError = (chance: Chance, text: string, usage: Usage | undefined): ChatError =>
  oneOf<ChatError>(
    chance,
    new ConnectionLostError({ message: "lost" }),
    new ConnectionRefusedError({ message: "refused" }),
    new ConnectionLostError({ message: "lost", partial: partialOf(text, usage) }),
    new MalformedOutputError({
      message: "markup",
      reason: "markup",
      finishReason: "stop",
      partial: partialOf(text, usage)
    }),
    new ReasoningBudgetExhaustedError({
      message: "no",
      ...(usage === undefined ? {} : { completionTokens: usage.completion_tokens })
    })
  )

const start: StreamEvent = { _tag: "Start", id: "1", model, created: 1 }

const randomEvents = (
  chance: Chance,
  text: string,
  usage: Usage | undefined
): Stream.Stream<StreamEvent, StreamError> => {
  const events = [start, textDelta(text), ...(usage === undefined ? [] : [{ _tag: "Usage" as const, usage }]), finish]
  const received = Stream.fromIterable(events.slice(0, between(chance, 0, events.length)))
  return oneOf<Stream.Stream<StreamEvent, StreamError>>(
    chance,
    Stream.fromIterable(events),
    Stream.concat(received, Stream.fail(new ConnectionLostError({ message: "lost" }))),
    Stream.concat(received, Stream.fail(new ConnectionRefusedError({ message: "refused" }))),
    Stream.concat(received, Stream.fromEffect(Effect.interrupt))
  )
}

describe("the charge of an attempt", () => {
  const count = runs({ sample: 2_000, deep: 100_000 })

  it.effect("is at most its worst case unless its host reports more", () =>
    Effect.gen(function* () {
      const chance = yield* Random.Random
      const prices = yield* PriceTable.make({
        models: [
          { model, provider: "host", currency: "USD", cacheHit: "1", cacheMiss: "3", cacheWrite: "4", output: "15" }
        ]
      })
      const costOf = (cost: Option.Option<Cost.Cost>) => Amount.fromDecimal(Option.getOrThrow(cost).total)
      let estimates = 0
      const accounting = {
        record: ({ isEstimate }: AttemptUsage) =>
          Effect.sync(() => {
            if (isEstimate) estimates += 1
          }),
        entries: Effect.succeed([])
      }
      for (let i = 0; i < count; i += 1) {
        const asked = randomCall(chance)
        const reserved = costOf(Cost.worstCase(asked.request, purchase, prices))
        const budget: CallBudget = {
          lostAttempts: oneOf<CallBudget["lostAttempts"]>(chance, "upper bound", {
            tokensPerSecond: between(chance, 1, 1e6)
          }),
          reserve: () =>
            Effect.succeed({
              settle: (usage) =>
                Effect.sync(() => {
                  if (usage === undefined) return
                  const charged = costOf(Cost.of(usage, purchase, prices))
                  assert.isTrue(charged <= reserved, `${charged} of ${reserved} for ${JSON.stringify(asked.request)}`)
                })
            })
        }
        const call = { ...asked, state: { budget } }
        const usage = randomReport(chance, call)
        const text = "word ".repeat(between(chance, 0, 60))
        const whole: Effect.Effect<ChatResponse, ChatError> = oneOf<Effect.Effect<ChatResponse, ChatError>>(
          chance,
          Effect.succeed(responseOf(text, usage === undefined ? {} : { usage })),
          Effect.fail(randomError(chance, text, usage)),
          Effect.interrupt
        )
        const attempt = happens(chance, 0.5)
          ? AccountingStage.withAccounting(accounting)(() => whole)(call)
          : Stream.runDrain(
              AccountingStage.withStreamAccounting(accounting)(() => randomEvents(chance, text, usage))(call)
            )
        const exit = yield* Effect.exit(CallOptions.provide({ tenant: "a" })(attempt))
        if (Exit.isFailure(exit)) assert.isFalse(Cause.hasDies(exit.cause), Cause.pretty(exit.cause))
      }
      assert.isAbove(estimates, count / 4)
    }).pipe(Random.withSeed(seedOf("charges")))
  )
})

describe("Charge.forFailure", () => {
  const call: Call = {
    account: "account",
    provider: "host",
    request: { model, messages: [{ role: "user", content: "Hi" }], max_completion_tokens: 500 }
  }
  const prompt = TokenCount.ofPrompt(call.request)
  const tokensOf = (error: KimiError) => {
    const usage = Charge.forFailure(call, Cause.fail(error), 0)?.usage
    return usage === undefined ? undefined : [usage.prompt_tokens, usage.completion_tokens]
  }
  const malformed = (prompt_tokens: number, completion_tokens: number) =>
    new MalformedOutputError({
      message: "markup",
      reason: "markup",
      finishReason: "stop",
      partial: { content: "text", reasoning_content: "", tool_calls: [], usage: { prompt_tokens, completion_tokens } }
    })

  it("is the usage that an error reports", () => {
    assert.deepStrictEqual(tokensOf(malformed(7, 9)), [7, 9])
  })

  it("has the upper bound of a count that an error does not report", () => {
    assert.deepStrictEqual(tokensOf(malformed(7, 0)), [7, 500])
    assert.deepStrictEqual(tokensOf(malformed(0, 9)), [prompt, 9])
    assert.deepStrictEqual(tokensOf(new ReasoningBudgetExhaustedError({ message: "no", completionTokens: 0 })), [
      prompt,
      500
    ])
  })

  it("is nothing if the host charges nothing", () => {
    assert.isUndefined(tokensOf(new ConnectionRefusedError({ message: "no" })))
  })

  it("is charged if a free error comes after a part of the response", () => {
    const { partial } = malformed(7, 9)
    assert.deepStrictEqual(tokensOf(new ConnectionRefusedError({ message: "no", ...(partial && { partial }) })), [7, 9])
  })

  it("has the upper bound of a call without a budget", () => {
    for (const state of [undefined, {}]) {
      const lost = new ConnectionLostError({ message: "lost" })
      const charge = Charge.forFailure({ ...call, ...(state && { state }) }, Cause.fail(lost), 0)
      assert.deepStrictEqual(charge?.usage, fromTokens(prompt, 500))
    }
  })

  it("has the tokens that the host generates in the time of the attempt", () => {
    const budget: CallBudget = { lostAttempts: { tokensPerSecond: 40 }, reserve: () => Effect.die("not reserved") }
    const lost = Cause.fail(new ConnectionLostError({ message: "lost" }))
    const tokensAfter = (millis: number) =>
      Charge.forFailure({ ...call, state: { budget } }, lost, millis)?.usage.completion_tokens
    assert.deepStrictEqual([0, 1_010, 60_000].map(tokensAfter), [0, 41, 500])
  })

  describe("with tools of the host", () => {
    const web: Call = {
      ...call,
      request: { ...call.request, tools: [{ type: "builtin_function", function: { name: "$web_search" } }] }
    }
    const toolsOf = (error: KimiError) => [...(Charge.forFailure(web, Cause.fail(error), 0)?.usage.toolCalls ?? [])]

    it("has the calls of a response whose usage is reported", () => {
      const called = { id: "1", name: "$web_search", arguments: "{}" }
      const error = malformed(7, 9)
      const partial = error.partial && { ...error.partial, tool_calls: [called, called] }
      assert.deepStrictEqual(toolsOf(new ConnectionLostError({ message: "lost", ...(partial && { partial }) })), [
        ["$web_search", 2]
      ])
    })

    it("has the assumed calls of a response without usage, or with a part of it", () => {
      for (const error of [new ConnectionLostError({ message: "lost" }), malformed(7, 0)]) {
        assert.deepStrictEqual(toolsOf(error), [["$web_search", 4]])
      }
    })
  })
})

describe("Charge.forResponse", () => {
  it("estimates the text, the reasoning, the arguments of tools", () => {
    const call: Call = { account: "a", provider: "host", request: { model, messages: [] } }
    const texts = ["An answer of some words.", "Reasoning. ".repeat(9), '{"city":"Oslo"}'] as const
    const tool_calls = [{ id: "1", type: "function", function: { name: "get_weather", arguments: texts[2] } }]
    const message = { role: "assistant" as const, content: texts[0], reasoning_content: texts[1], tool_calls }
    const response = responseOf("", { choices: [{ index: 0, message, finish_reason: "tool_calls" }] })
    const charge = Charge.forResponse(call, response)
    assert.isTrue(charge.isEstimate)
    const expected = texts.reduce((sum, text) => sum + TokenCount.ofText(text), 0)
    assert.strictEqual(charge.usage.completion_tokens, expected)
  })
})

describe("Charge.forStream", () => {
  const call: Call = { account: "a", provider: "host", request: { model, messages: [], max_completion_tokens: 50 } }
  const refused = Exit.fail(new ConnectionRefusedError({ message: "no" }))

  it("is nothing if the stream never began", () => {
    assert.isUndefined(Charge.forStream(call, new Transcript(), [], refused, 0))
  })

  for (const event of [start, { _tag: "Usage" as const, usage: fromTokens(7, 9) }]) {
    it(`is the charge of a failed attempt after ${event._tag}`, () => {
      const transcript = new Transcript()
      transcript.add(event)
      assert.strictEqual(Charge.forStream(call, transcript, [], refused, 0)?.outcome, "failed")
    })
  }

  it("is the charge of a failed attempt if it fails after its end", () => {
    const transcript = new Transcript()
    for (const event of [start, { _tag: "Usage" as const, usage: fromTokens(7, 9) }, finish]) transcript.add(event)
    const charge = Charge.forStream(call, transcript, [], refused, 0)
    assert.deepStrictEqual([charge?.outcome, charge?.usage.total_tokens, charge?.isEstimate], ["failed", 16, false])
  })
})

describe("the charge of a request that is cached for an hour", () => {
  const cached: Call = {
    account: "host",
    provider: "moonshot",
    request: { model: "kimi-k3", messages: [], prompt_cache_options: { ttl: "1h" } }
  }
  const written = { ...fromTokens(1_000, 10), cache_write_tokens: 800 }

  it("has the writes of its response as writes for an hour", () => {
    assert.strictEqual(Charge.forResponse(cached, responseOf("hi", { usage: written })).usage.oneHourCacheWrites, 800)
  })

  it("has the writes of its stream as writes for an hour, complete or not", () => {
    const transcript = new Transcript()
    transcript.add({ _tag: "Usage", usage: written })
    for (const exit of [Exit.void, Exit.fail(new ConnectionLostError({ message: "lost" }))]) {
      assert.strictEqual(Charge.forStream(cached, transcript, [], exit, 0)?.usage.oneHourCacheWrites, 800)
    }
  })
})
