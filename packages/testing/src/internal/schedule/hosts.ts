/** The hosts of a schedule, as transports that follow its actions and log every attempt. */
import type { ChatTransport } from "@kimi-effect/client/ChatTransport"
import { type Provider, providers } from "@kimi-effect/client/Provider"
import { CallOptions } from "@kimi-effect/core/CallOptions"
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import { ChatResponse } from "@kimi-effect/core/ChatResponse"
import { classes } from "@kimi-effect/core/KimiError"
import type { ChatError, StreamError } from "@kimi-effect/core/OperationErrors"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import { fromTokens } from "@kimi-effect/core/Usage"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { HostAction } from "../../schedule/CallSchedule.ts"
import { CurrentCall } from "./CurrentCall.ts"
import { type LoggedAttempt, promptTokens, textOf, word } from "./HostLog.ts"

type Transport = ChatTransport["Service"]

/** The hosts, with the log that they share. */
export interface Hosts {
  readonly log: ReadonlyArray<LoggedAttempt>
  /** The host of the clients. */
  readonly own: Transport
  /** The same host with another key. */
  readonly second: Transport
  /** Another host. */
  readonly other: Transport
}

const lastAction: HostAction = {
  kind: "whole",
  failure: "ServerError",
  break: "silence",
  words: 2,
  delay: 20,
  pace: 5
}

const contentOf = (message: ModelRequest["messages"][number] | undefined): string =>
  typeof message?.content === "string" ? message.content : ""

const sleep = (millis: number): Effect.Effect<void> =>
  millis === 0 ? Effect.void : Effect.sleep(Duration.millis(millis))

type FailureTag = HostAction["failure"]
type BreakTag = Exclude<HostAction["break"], "silence">

const errorOf = <Tag extends FailureTag | BreakTag>(tag: Tag, { model, provider }: LoggedAttempt) => {
  const facts = { message: `The host failed with ${tag}`, provider, model }
  const error =
    tag === "RateLimitError"
      ? new classes.RateLimitError({ ...facts, kind: "unknown" })
      : new classes[tag as Exclude<FailureTag | BreakTag, "RateLimitError">](facts)
  return error as InstanceType<(typeof classes)[Tag]>
}

const usageOf = ({ generated }: LoggedAttempt) => fromTokens(promptTokens, generated)

/** The attempts at all hosts. */
class AttemptLog {
  readonly entries: Array<LoggedAttempt> = []
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  /** Adds an attempt of the current call. */
  begin(account: string, { id }: Provider, request: ModelRequest): Effect.Effect<LoggedAttempt> {
    return Effect.map(Effect.all([CurrentCall, CallOptions]), ([call, { tenant }]) => {
      const last = request.messages.at(-1)
      const attempt: LoggedAttempt = {
        number: this.entries.length,
        call: call.index,
        tenant,
        account,
        provider: id,
        model: request.model,
        target: `${account}/${request.model}`,
        prompt: contentOf(request.messages[0]),
        partial: last?.role === "assistant" ? contentOf(last) : undefined,
        action: call.actions[call.attempts] ?? lastAction,
        startedAt: this.#now(),
        endedAt: undefined,
        generated: 0,
        isWhole: false,
        failure: undefined
      }
      call.attempts += 1
      this.entries.push(attempt)
      return attempt
    })
  }

  close(attempt: LoggedAttempt): Effect.Effect<void> {
    return Effect.sync(() => {
      attempt.endedAt ??= this.#now()
    })
  }

  fail<Tag extends FailureTag | BreakTag>(attempt: LoggedAttempt, tag: Tag) {
    return Effect.suspend(() => {
      attempt.failure = { tag, at: this.#now() }
      return Effect.fail(errorOf(tag, attempt))
    })
  }
}

const wholeResponse = (attempt: LoggedAttempt): ChatResponse => {
  const { action, model, number, provider } = attempt
  attempt.isWhole = true
  attempt.generated = action.words
  const message = { role: "assistant", content: textOf(attempt, action.words) } as const
  return new ChatResponse({
    id: `chatcmpl-${number}`,
    model,
    created: 1,
    provider,
    choices: [{ index: 0, message, finish_reason: "stop" }],
    usage: usageOf(attempt)
  })
}

const respond = (log: AttemptLog, attempt: LoggedAttempt): Effect.Effect<ChatResponse, ChatError> => {
  const { action } = attempt
  if (action.kind === "silence" || (action.kind === "break" && action.break === "silence")) return Effect.never
  const response =
    action.kind === "whole" ? Effect.sync(() => wholeResponse(attempt)) : log.fail(attempt, action.failure)
  return Effect.andThen(sleep(action.delay + action.pace * action.words), response)
}

const words = (attempt: LoggedAttempt): Stream.Stream<StreamEvent> =>
  Stream.mapEffect(Stream.range(0, attempt.action.words - 1), (position) =>
    Effect.map(sleep(attempt.action.pace), () => {
      attempt.generated += 1
      return { _tag: "TextDelta", choice: 0, text: word(attempt, position) } as const
    })
  )

const end = (log: AttemptLog, attempt: LoggedAttempt): Stream.Stream<StreamEvent, StreamError> => {
  const { action } = attempt
  if (action.kind !== "whole") {
    return action.break === "silence" ? Stream.never : Stream.fromEffect(log.fail(attempt, action.break))
  }
  return Stream.suspend(() => {
    attempt.isWhole = true
    return Stream.make<ReadonlyArray<StreamEvent>>(
      { _tag: "Usage", usage: usageOf(attempt) },
      { _tag: "Finish", finishReason: "stop", finishReasons: ["stop"] }
    )
  })
}

const events = (log: AttemptLog, attempt: LoggedAttempt): Stream.Stream<StreamEvent, StreamError> => {
  const { action, model, number, provider } = attempt
  if (action.kind === "silence") return Stream.never
  if (action.kind === "failure") {
    return Stream.fromEffect(Effect.andThen(sleep(action.delay), log.fail(attempt, action.failure)))
  }
  const start: StreamEvent = { _tag: "Start", id: `chatcmpl-${number}`, model, created: 1, provider }
  return Stream.fromEffect(Effect.as(sleep(action.delay), start)).pipe(
    Stream.concat(words(attempt)),
    Stream.concat(end(log, attempt))
  )
}

/** `now` is the monotonic time. */
export const make = (now: () => number): Hosts => {
  const log = new AttemptLog(now)
  const close = (attempt: LoggedAttempt) => log.close(attempt)
  const transportOf = (account: string, provider: Provider): Transport => ({
    provider,
    chat: (request) =>
      Effect.acquireUseRelease(log.begin(account, provider, request), (attempt) => respond(log, attempt), close),
    stream: (request) =>
      Stream.unwrap(
        Effect.map(Effect.acquireRelease(log.begin(account, provider, request), close), (attempt) =>
          events(log, attempt)
        )
      )
  })
  return {
    log: log.entries,
    own: transportOf("moonshot", providers.moonshot),
    second: transportOf("moonshot-2", providers.moonshot),
    other: transportOf("together", providers.together)
  }
}
