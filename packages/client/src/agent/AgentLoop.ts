/**
 * Runs an agent: the model calls tools and gets their results, turn by turn,
 * until it is done, an approval is required, or a limit ends the run.
 *
 * **Details**
 *
 * - It calls `KimiClient`, so the stages, the cache and the budget of the client
 *   apply to each call of the model.
 * - Every outcome is a value with the history, the usage and the cost:
 *   `AgentResult`. `AgentResult.orFail` turns it into the error channel.
 * - The reasoning of every turn is kept and sent back, as Kimi requires.
 * - The ids of tool calls in events, approvals and the state are unique within a
 *   run; the host gets its own ids back, which repeat between turns.
 * - Interruption interrupts the tools and closes the connection. With the hook
 *   `checkpoint` the state survives it, also the end of the process.
 * - Arguments and results of tools are in no span, log line or metric.
 *
 * **Example** (A question to an agent with tools)
 *
 * ```ts
 * const result = yield* AgentLoop.run({ tools, prompt: "What's the weather in Oslo?", limits: { steps: 20 } })
 * yield* Console.log(result.text)
 * ```
 *
 * @since 0.1.0
 */
import type { Message } from "@kimi-effect/core/Message"
import { unknownName } from "@kimi-effect/core/internal/OptionRules"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Queue from "effect/Queue"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { KimiClient } from "../KimiClient.ts"
import type { AgentEvent } from "./AgentEvent.ts"
import type { AgentOptions, ResumeOptions, RunOptions } from "./AgentOptions.ts"
import type { AgentResult } from "./AgentResult.ts"
import * as AgentState from "./AgentState.ts"
import { drive } from "./internal/loop/drive.ts"
import { type Emit, Session } from "./internal/loop/Session.ts"
import * as Settings from "./internal/loop/Settings.ts"
import { rejected } from "./internal/loop/toolMessages.ts"
import * as Transitions from "./internal/loop/transitions.ts"

/** Events that wait for a slow consumer, before the run waits for it. */
const eventBuffer = 64

/** A state and the options to run it with. */
interface Start<R> {
  readonly state: AgentState.AgentState
  readonly options: AgentOptions<R>
  /** The results that the state got from decisions. */
  readonly events: ReadonlyArray<AgentEvent>
}

const messagesOf = ({
  messages = [],
  prompt,
  system
}: Pick<RunOptions, "messages" | "prompt" | "system">): ReadonlyArray<Message> => [
  ...(system === undefined ? [] : [{ role: "system", content: system } as const]),
  ...messages,
  ...(prompt === undefined ? [] : [{ role: "user", content: prompt } as const])
]

const invalid = (message: string, parameter: string): Result.Result<never, InvalidRequestError> =>
  Result.fail(new InvalidRequestError({ message, parameter }))

/** Programs in JavaScript may pass none. */
const isGiven = (options: unknown): boolean => Predicate.isObject(options)

const noOptions = invalid("The options must be an object", "options")

const optionNames: Readonly<Record<keyof RunOptions | keyof ResumeOptions, true>> = {
  system: true,
  messages: true,
  prompt: true,
  tools: true,
  agent: true,
  request: true,
  limits: true,
  onToolError: true,
  toolConcurrency: true,
  toolTimeout: true,
  toolTimeouts: true,
  maxResultBytes: true,
  hooks: true,
  decisions: true
}

/** A misspelt option would have no effect. */
const misspelt = (options: object): Result.Result<never, InvalidRequestError> | undefined => {
  const unknown = unknownName(options, optionNames)
  return unknown === undefined ? undefined : invalid(`${unknown[0]} must be ${unknown[2]}`, unknown[0])
}

const begin = <R>(options: RunOptions<R>): Result.Result<Start<R>, InvalidRequestError> => {
  if (!isGiven(options)) return noOptions
  const wrong = misspelt(options)
  if (wrong !== undefined) return wrong
  const messages = messagesOf(options)
  return messages.length === 0
    ? invalid("There are no messages and no prompt", "prompt")
    : Result.succeed({ state: AgentState.make(messages, options.agent), options, events: [] })
}

const isState = Schema.is(AgentState.AgentState)
const areDecisions = Schema.is(Schema.Array(AgentState.Decision))

const resumeFrom = <R>(
  state: AgentState.AgentState,
  options: ResumeOptions<R>
): Result.Result<Start<R>, InvalidRequestError> => {
  if (!isGiven(options)) return noOptions
  const wrong = misspelt(options)
  if (wrong !== undefined) return wrong
  // JSON that was not decoded can have this type as well.
  if (!isState(state)) return invalid("The state is none of a run: read a stored one with AgentState.decode", "state")
  const { decisions = [] } = options
  if (!areDecisions(decisions)) return invalid("decisions must be a list of AgentState.Decision", "decisions")
  return Result.map(Transitions.decide(state, decisions), (decided) => ({
    state: decided,
    options,
    events: decisions.flatMap(({ callId, isApproved, reason, tool }) =>
      isApproved ? [] : [{ _tag: "ToolResult", callId, tool, result: rejected(reason) }]
    )
  }))
}

const start = <R>(
  from: () => Result.Result<Start<R>, InvalidRequestError>,
  emit?: Emit
): Effect.Effect<AgentResult, InvalidRequestError, R | KimiClient> =>
  Effect.gen(function* () {
    const client = yield* KimiClient
    const clock = yield* Clock.Clock
    const { events, options, state } = yield* Effect.fromResult(from())
    const settings = yield* Effect.fromResult(Settings.resolve(options))
    if (emit !== undefined && events.length > 0) yield* emit(events)
    return yield* drive(client, new Session(state, settings, clock, emit))
  })

const startStream = <R>(
  from: () => Result.Result<Start<R>, InvalidRequestError>
): Stream.Stream<AgentEvent, InvalidRequestError, R | KimiClient> =>
  Stream.callback<AgentEvent, InvalidRequestError, R | KimiClient>(
    (queue) =>
      Effect.flatMap(
        start(from, (events) => Queue.offerAll(queue, events)),
        (result) => Effect.andThen(Queue.offer(queue, { _tag: "Finished", result }), Queue.end(queue))
      ),
    { bufferSize: eventBuffer, strategy: "suspend" }
  ) as Stream.Stream<AgentEvent, InvalidRequestError, R | KimiClient>

/**
 * Runs an agent on a conversation to its outcome. It fails only when the options
 * are invalid, before anything is sent: what happens later is an outcome.
 *
 * @category constructors
 * @since 0.1.0
 */
export const run = <R = never>(
  options: RunOptions<R>
): Effect.Effect<AgentResult, InvalidRequestError, R | KimiClient> => start(() => begin(options))

/**
 * Runs an agent with streamed responses, as events. The last one is `Finished`
 * with the result. Leaving the stream interrupts the run.
 *
 * @category constructors
 * @since 0.1.0
 */
export const stream = <R = never>(
  options: RunOptions<R>
): Stream.Stream<AgentEvent, InvalidRequestError, R | KimiClient> => startStream(() => begin(options))

/**
 * Continues a run from its state, with the same tools and options as before:
 * after decisions on its approvals, with a higher limit, after a failure, or in
 * another process. A tool call that was running when the run was interrupted is
 * not run again, unless its tool is annotated as read-only or idempotent: the
 * model gets the result that it was interrupted.
 *
 * A decision that fits no waiting call exactly fails with `InvalidRequestError`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const resume = <R = never>(
  state: AgentState.AgentState,
  options: ResumeOptions<R>
): Effect.Effect<AgentResult, InvalidRequestError, R | KimiClient> => start(() => resumeFrom(state, options))

/**
 * Continues a run like `resume`, as events.
 *
 * @category constructors
 * @since 0.1.0
 */
export const resumeStream = <R = never>(
  state: AgentState.AgentState,
  options: ResumeOptions<R>
): Stream.Stream<AgentEvent, InvalidRequestError, R | KimiClient> => startStream(() => resumeFrom(state, options))
