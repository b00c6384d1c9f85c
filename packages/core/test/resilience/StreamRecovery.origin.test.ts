import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import type { StreamError } from "../../src/errors/OperationErrors.ts"
import { ModelNotFoundError } from "../../src/errors/ValidationErrors.ts"
import { UnknownPriceError } from "../../src/errors/MoneyErrors.ts"
import { OverloadedError, QuotaExceededError } from "../../src/errors/RateLimitErrors.ts"
import * as LastAttempt from "../../src/pipeline/internal/LastAttempt.ts"
import { accountModelKey, type Call, type StreamAttempt } from "../../src/pipeline/Call.ts"
import * as Fallback from "../../src/resilience/Fallback.ts"
import * as StreamRecovery from "../../src/resilience/StreamRecovery.ts"
import { call, finish, lost, start, text, watch } from "./support/recovery.ts"

const overloaded = new OverloadedError({ message: "overloaded" })
const quota = new QuotaExceededError({ message: "no money" })
const notFound = new ModelNotFoundError({ message: "no such model" })

const step = (account: string, model?: string): Fallback.Step => ({
  account,
  provider: account.startsWith("moonshot") ? "moonshot" : account,
  model,
  check: Effect.succeed
})

/** What an account and model do in one attempt: an error before the first event, a break after a text, or a whole text. */
type Act =
  | StreamError
  | { readonly breaks: string; readonly as?: string }
  | { readonly ends: string; readonly as?: string }

const play = (
  act: Act | undefined,
  { provider, request }: Call
): Stream.Stream<never, StreamError> | ReturnType<StreamAttempt> => {
  if (act === undefined) return Stream.fail(overloaded)
  if (act instanceof Error) return Stream.fail(act)
  const begin = { ...start(), provider, model: act.as ?? request.model }
  return "breaks" in act
    ? Stream.concat(Stream.fromIterable([begin, text(act.breaks)]), Stream.fail(lost))
    : Stream.fromIterable([begin, text(act.ends), finish])
}

/** Recovery over a plan, with what each account and model does in turn. */
const run = (
  { acts, steps }: { readonly acts: Record<string, ReadonlyArray<Act>>; readonly steps: ReadonlyArray<Fallback.Step> },
  options: Partial<StreamRecovery.Options> = {},
  wrap: (inner: StreamAttempt) => StreamAttempt = (inner) => inner
) => {
  const made: Array<string> = []
  const transport: StreamAttempt = (inner) =>
    Stream.suspend(() => {
      const place = accountModelKey(inner)
      const isRest = inner.request.messages.at(-1)?.role === "assistant"
      const position = made.filter((line) => line.split(" ")[0] === place).length
      made.push(`${place}${isRest ? " rest" : ""}`)
      return play(acts[place]?.[position], inner)
    })
  const plan = Fallback.stage({ check: Effect.succeed, steps })
  const recovery = StreamRecovery.withStreamRecovery({
    mode: "continue",
    isContinuationSupported: ({ provider }) => provider === "moonshot",
    ...options
  })
  const events = recovery(plan.stream(wrap(LastAttempt.recordLastStreamAttempt(transport))))({ ...call, state: {} })
  return Effect.map(watch(events), ({ error, seen }) => ({
    error,
    made,
    reasons: seen.flatMap((event) => (event._tag === "Reset" ? [event.reason] : [])),
    seen: seen.flatMap((event) => {
      switch (event._tag) {
        case "TextDelta":
          return [event.text]
        case "Start":
          return [`${event.provider}/${event.model}`]
        case "Usage":
          return []
        default:
          return [event._tag]
      }
    })
  }))
}

describe("the rest of a response", () => {
  it.effect("is never requested from another host, model or account of the plan", () =>
    Effect.gen(function* () {
      for (const other of [step("together"), step("moonshot", "kimi-k2.6"), step("moonshot-2")]) {
        const place = `${other.account}/${other.model ?? "kimi-k3"}`
        const { made, seen } = yield* run({
          steps: [other],
          acts: { "moonshot/kimi-k3": [{ breaks: "Par" }, notFound], [place]: [{ ends: "Whole" }] }
        })
        assert.deepStrictEqual(made, ["moonshot/kimi-k3", "moonshot/kimi-k3 rest", place])
        assert.deepStrictEqual(
          seen,
          ["moonshot/kimi-k3", "Par", "Reset", `${other.provider}/${other.model ?? "kimi-k3"}`, "Whole", "Finish"],
          place
        )
      }
    })
  )

  it.effect("is requested from the step that wrote the beginning", () =>
    Effect.gen(function* () {
      for (const other of [step("moonshot", "kimi-k2.6"), step("moonshot-2")]) {
        const place = `${other.account}/${other.model ?? "kimi-k3"}`
        const { made, seen } = yield* run({
          steps: [step("together"), other],
          acts: {
            "moonshot/kimi-k3": [notFound, { ends: "spliced" }],
            "together/kimi-k3": [notFound],
            [place]: [{ breaks: "Par" }, { ends: "is" }]
          }
        })
        assert.deepStrictEqual(made, ["moonshot/kimi-k3", "together/kimi-k3", place, `${place} rest`])
        assert.deepStrictEqual(seen, [`moonshot/${other.model ?? "kimi-k3"}`, "Par", "Resume", "is", "Finish"])
      }
    })
  )

  it.effect("is not requested from a step without Partial Mode, which starts again", () =>
    Effect.gen(function* () {
      const { made, seen } = yield* run({
        steps: [step("together")],
        acts: {
          "moonshot/kimi-k3": [quota, { ends: "spliced" }],
          "together/kimi-k3": [{ breaks: "Par" }, { ends: "Whole" }]
        }
      })
      assert.deepStrictEqual(made, ["moonshot/kimi-k3", "together/kimi-k3", "together/kimi-k3"])
      assert.deepStrictEqual(seen, ["together/kimi-k3", "Par", "Reset", "together/kimi-k3", "Whole", "Finish"])
    })
  )

  it.effect("ends with the error of its host when a budget refuses the next step", () =>
    Effect.gen(function* () {
      const { error } = yield* run({
        steps: [step("together")],
        acts: {
          "moonshot/kimi-k3": [{ breaks: "Par" }, notFound],
          "together/kimi-k3": [new UnknownPriceError({ message: "no price" })]
        }
      })
      assert.strictEqual(error?._tag, "ModelNotFoundError")
      assert.deepStrictEqual(
        error?.attempts?.map(({ tag }) => tag),
        [lost._tag, "ModelNotFoundError", "UnknownPriceError"]
      )
    })
  )

  it.effect("is replaced for the reason for which the beginning broke", () =>
    Effect.gen(function* () {
      const { reasons } = yield* run({
        steps: [step("together")],
        acts: { "moonshot/kimi-k3": [{ breaks: "Par" }, notFound], "together/kimi-k3": [{ ends: "Whole" }] }
      })
      assert.deepStrictEqual(reasons, [lost._tag])
    })
  )

  it.effect("is followed by no step before the one that wrote the beginning, not even for an error that it lists", () =>
    Effect.gen(function* () {
      const listing: Fallback.Step = { ...step("together"), on: ["ModelNotFoundError", "QuotaExceededError"] }
      const { made } = yield* run({
        steps: [listing, step("moonshot-2")],
        acts: {
          "moonshot/kimi-k3": [notFound],
          "together/kimi-k3": [notFound, { ends: "again" }],
          "moonshot-2/kimi-k3": [{ breaks: "Par" }, quota]
        }
      })
      assert.deepStrictEqual(made, [
        "moonshot/kimi-k3",
        "together/kimi-k3",
        "moonshot-2/kimi-k3",
        "moonshot-2/kimi-k3 rest"
      ])
    })
  )

  it.effect("ends with the error of the step that could not give the whole response", () =>
    Effect.gen(function* () {
      const { error } = yield* run({
        steps: [step("together")],
        acts: { "moonshot/kimi-k3": [{ breaks: "Par" }, notFound], "together/kimi-k3": [quota] }
      })
      assert.strictEqual(error?._tag, "QuotaExceededError")
    })
  )

  it.effect("ends with the error after the beginning where no step of the plan may help", () =>
    Effect.gen(function* () {
      const { error, made, seen } = yield* run({
        steps: [step("moonshot", "kimi-k2.6")],
        acts: { "moonshot/kimi-k3": [{ breaks: "Par" }, quota], "moonshot/kimi-k2.6": [{ ends: "spliced" }] }
      })
      assert.deepStrictEqual(made, ["moonshot/kimi-k3", "moonshot/kimi-k3 rest"])
      assert.deepStrictEqual(seen, ["moonshot/kimi-k3", "Par"])
      assert.strictEqual(error?._tag, "QuotaExceededError")
      assert.deepStrictEqual(
        error?.attempts?.map(({ tag }) => tag),
        ["StreamInterruptedError", "QuotaExceededError"]
      )
    })
  )

  it.effect("does not call an account again that failed before the step that wrote the beginning", () =>
    Effect.gen(function* () {
      const { made, seen } = yield* run({
        steps: [step("moonshot-2"), step("moonshot", "kimi-k2.6"), step("together")],
        acts: {
          "moonshot/kimi-k3": [quota],
          "moonshot-2/kimi-k3": [{ breaks: "Par" }, overloaded],
          "moonshot/kimi-k2.6": [{ ends: "forbidden" }],
          "together/kimi-k3": [{ ends: "Whole" }]
        }
      })
      assert.deepStrictEqual(made, [
        "moonshot/kimi-k3",
        "moonshot-2/kimi-k3",
        "moonshot-2/kimi-k3 rest",
        "together/kimi-k3"
      ])
      assert.deepStrictEqual(seen, ["moonshot/kimi-k3", "Par", "Reset", "together/kimi-k3", "Whole", "Finish"])
    })
  )

  const asAnotherModel = {
    "moonshot/kimi-k3": [{ breaks: "Par" }, { ends: "spliced", as: "kimi-k2.6" }, { ends: "Whole" }]
  }

  it.effect("is discarded where the host answers as another model", () =>
    Effect.gen(function* () {
      const { error, seen } = yield* run({ steps: [], acts: asAnotherModel })
      assert.deepStrictEqual(seen, ["moonshot/kimi-k3", "Par"])
      assert.strictEqual(error?._tag, "StreamInterruptedError")
    })
  )

  it.effect("is regenerated where the host answers as another model, if a recovery is left", () =>
    Effect.gen(function* () {
      const { seen } = yield* run({ steps: [], acts: asAnotherModel }, { maxRecoveries: 2 })
      assert.deepStrictEqual(seen, ["moonshot/kimi-k3", "Par", "Reset", "moonshot/kimi-k3", "Whole", "Finish"])
    })
  )

  it.effect("is discarded where a stage of the application sends it elsewhere", () =>
    Effect.gen(function* () {
      let calls = 0
      const router =
        (inner: StreamAttempt): StreamAttempt =>
        (routed) =>
          Stream.suspend(() => inner(++calls === 2 ? { ...routed, account: "moonshot-2" } : routed))
      const { error, seen } = yield* run(
        {
          steps: [],
          acts: { "moonshot/kimi-k3": [{ breaks: "Par" }], "moonshot-2/kimi-k3": [{ ends: "spliced" }] }
        },
        {},
        router
      )
      assert.deepStrictEqual(seen, ["moonshot/kimi-k3", "Par"])
      assert.strictEqual(error?._tag, "StreamInterruptedError")
    })
  )
})
