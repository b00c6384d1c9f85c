/**
 * Random calls of a client with all stages, on hosts that follow a script. A
 * scenario is plain data, so that a failing one can be shrunk and printed.
 */
import { classes } from "@kimi-effect/core/KimiError"
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import type { ChatError, StreamError } from "@kimi-effect/core/OperationErrors"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import * as StreamFold from "@kimi-effect/core/StreamFold"
import { breaks } from "@kimi-effect/testing/CallSchedule"
import { Clock, Duration, Effect, Exit, Schema, Stream } from "effect"
import type { ChatTransport } from "../../src/ChatTransport.ts"
import type * as FallbackPlan from "../../src/FallbackPlan.ts"
import { type Provider, providers } from "../../src/Provider.ts"
import { responseOf, startEvent, textDelta, usageOf } from "./responses.ts"

/** Errors before the first content. */
const failures = [
  "OverloadedError",
  "QuotaExceededError",
  "AuthenticationError",
  "InvalidRequestError",
  "ModelNotFoundError",
  "ServerError",
  "ServiceUnavailableError",
  "ConnectionLostError"
] as const

/** What a host does in one attempt. Times are in milliseconds. */
const Act = Schema.Struct({
  kind: Schema.Literals(["break", "break", "break", "failure", "failure", "whole", "silence"]),
  failure: Schema.Literals(failures),
  break: Schema.Literals(breaks),
  /** Words that are generated, or generated before the break. */
  words: Schema.Literals([1, 2, 3]),
  /** Before the response begins. */
  delay: Schema.Literals([0, 0, 20, 20, 700]),
  /** Between words. */
  pace: Schema.Literals([0, 5, 5, 400]),
  /** The model of the response is another one than requested where this is 0. */
  alias: Schema.Literals([1, 2, 3, 4, 5, 6, 0])
})

/** A call, and when its caller leaves. */
export const Caller = Schema.Struct({
  kind: Schema.Literals(["stream", "stream", "stream", "stream of equals", "chat"]),
  startsAt: Schema.Literals([0, 10, 500]),
  /** Events after which the caller leaves; -1 for the end. */
  takes: Schema.Literals([-1, -1, -1, -1, -1, -1, 0, 2, 4]),
  /** Milliseconds after which the caller is interrupted; -1 for never. */
  leavesAfter: Schema.Literals([-1, -1, -1, -1, -1, -1, 5, 30, 710, 2_000]),
  /** Time that the caller takes for each event. */
  pace: Schema.Literals([0, 3, 100])
})

export const Scenario = Schema.Struct({
  recovery: Schema.Literals(["continue", "continue", "continue", "regenerate", "off"]),
  maxRecoveries: Schema.Literals([1, 2, 3]),
  maxAttempts: Schema.Literals([1, 2, 3]),
  /** Indices into the steps. */
  plan: Schema.Array(Schema.Literals([0, 1, 2, 3])).check(Schema.isMaxLength(3)),
  isHedged: Schema.Boolean,
  isCached: Schema.Boolean,
  hasDeadline: Schema.Boolean,
  /** Under the smaller cap only a few attempts can be paid. */
  cap: Schema.Literals(["1000", "1000", "0.0035"]),
  callers: Schema.NonEmptyArray(Caller).check(Schema.isMaxLength(3)),
  /** In the order of the attempts at all hosts. Later attempts succeed. */
  acts: Schema.Array(Act).check(Schema.isMinLength(3), Schema.isMaxLength(8))
})

export type Scenario = typeof Scenario.Type

/** What a host has seen of one attempt. */
export interface LoggedAttempt {
  readonly place: string
  readonly account: string
  readonly provider: string
  /** The model of the response. */
  readonly model: string
  readonly prompt: string
  /** What the request asks to continue. */
  readonly partial: string | undefined
  readonly startedAt: number
  readonly act: typeof Act.Type
  generated: number
  isWhole: boolean
  failure: { readonly tag: string; readonly at: number } | undefined
  isOpen: boolean
}

const lastAct: typeof Act.Type = {
  kind: "whole",
  failure: "ServerError",
  break: "silence",
  words: 2,
  delay: 0,
  pace: 0,
  alias: 1
}

/** A word that names its attempt and its position. */
const word = (attempt: number, position: number): string => `<${attempt}.${position}>`

const contentOf = (message: ModelRequest["messages"][number] | undefined): string =>
  typeof message?.content === "string" ? message.content : ""

/** The hosts of a scenario, and what they have seen. */
export const makeHosts = ({ acts }: Scenario) => {
  const log: Array<LoggedAttempt> = []

  const begin = (account: string, provider: Provider, request: ModelRequest) =>
    Effect.map(Clock.currentTimeMillis, (startedAt): readonly [number, LoggedAttempt] => {
      const act = acts[log.length] ?? lastAct
      const last = request.messages.at(-1)
      const attempt: LoggedAttempt = {
        place: `${account}/${request.model}`,
        account,
        provider: provider.id,
        model: act.alias === 0 ? `${request.model}-alias` : request.model,
        prompt: contentOf(request.messages[0]),
        partial: last?.role === "assistant" ? contentOf(last) : undefined,
        startedAt,
        act,
        generated: 0,
        isWhole: false,
        failure: undefined,
        isOpen: true
      }
      log.push(attempt)
      return [log.length - 1, attempt]
    })

  const fail = (attempt: LoggedAttempt, tag: (typeof failures)[number] | Exclude<(typeof breaks)[number], "silence">) =>
    Effect.flatMap(Clock.currentTimeMillis, (at) => {
      attempt.failure = { tag, at }
      return Effect.fail(new classes[tag]({ message: tag }))
    })

  const close = (attempt: LoggedAttempt) => Effect.sync(() => void (attempt.isOpen = false))

  const events = (number: number, attempt: LoggedAttempt): Stream.Stream<StreamEvent, StreamError> => {
    const { act, model, provider } = attempt
    const opening = Effect.sleep(Duration.millis(act.delay))
    if (act.kind === "silence") return Stream.never
    if (act.kind === "failure") return Stream.fromEffect(Effect.andThen(opening, fail(attempt, act.failure)))
    const start = startEvent({ id: `chatcmpl-${number}`, model, provider })
    const words = Stream.mapEffect(Stream.range(0, act.words - 1), (position) =>
      Effect.map(Effect.sleep(Duration.millis(act.pace)), () => {
        attempt.generated += 1
        return textDelta(word(number, position))
      })
    )
    const end: Stream.Stream<StreamEvent, StreamError> =
      act.kind === "whole"
        ? Stream.suspend(() => {
            attempt.isWhole = true
            const [usage, finish] = StreamFold.toEvents(responseOf({ usage: usageOf(1, act.words) })).slice(-2)
            return usage === undefined || finish === undefined ? Stream.never : Stream.make(usage, finish)
          })
        : act.break === "silence"
          ? Stream.never
          : Stream.fromEffect(fail(attempt, act.break))
    return Stream.fromEffect(Effect.as(opening, start)).pipe(Stream.concat(words), Stream.concat(end))
  }

  const transportOf = (account: string, provider: Provider): ChatTransport["Service"] => ({
    provider,
    stream: (request) =>
      Stream.unwrap(
        Effect.map(begin(account, provider, request), ([number, attempt]) =>
          Stream.ensuring(events(number, attempt), close(attempt))
        )
      ),
    chat: (request) =>
      Effect.flatMap(begin(account, provider, request), ([number, attempt]) => {
        const { act, model } = attempt
        const response = Effect.suspend(() => {
          if (act.kind === "silence" || (act.kind === "break" && act.break === "silence")) return Effect.never
          if (act.kind !== "whole") return fail(attempt, act.failure) as Effect.Effect<never, ChatError>
          attempt.isWhole = true
          attempt.generated = act.words
          const content = Array.from({ length: act.words }, (_, position) => word(number, position)).join("")
          return Effect.succeed(responseOf({ content, model, provider: provider.id, usage: usageOf(1, act.words) }))
        })
        return Effect.ensuring(Effect.delay(response, Duration.millis(act.delay)), close(attempt))
      })
  })

  const second = transportOf("moonshot-2", providers.moonshot)
  const together = transportOf("together", providers.together)
  const unpriced = transportOf("custom", providers.custom)
  const steps: ReadonlyArray<FallbackPlan.Step> = [
    { model: "kimi-k2.6" },
    { transport: second, account: "moonshot-2" },
    { transport: together },
    { transport: unpriced, model: "unpriced" }
  ]
  return { log, own: transportOf("moonshot", providers.moonshot), steps }
}

/** What one caller received. */
export interface Received {
  readonly caller: typeof Caller.Type
  readonly prompt: string
  readonly events: ReadonlyArray<StreamEvent>
  /** The text of a whole response. */
  text: string | undefined
  /** None while the call runs. */
  exit: Exit.Exit<unknown, StreamError> | undefined
}
