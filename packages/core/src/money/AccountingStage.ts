/**
 * Records the usage of every attempt and settles it with the budget of its
 * call: what the host reported, or the most that it may have generated where
 * the response was lost, because the attempt failed or was interrupted.
 *
 * An attempt reserves its worst-case cost in the budget before it is made, and
 * settles it however it ends. Without a budget nothing is reserved, and without
 * an `Accounting` service nothing is recorded.
 *
 * An attempt that the host certainly does not charge is not recorded and costs
 * nothing, and neither does one that ended before its request was sent: one that
 * was interrupted or timed out while it waited for a connection. Where the HTTP
 * client does not report what it has sent, it is charged as if it had sent it.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { CallOptions } from "../CallOptions.ts"
import type { KimiError } from "../errors/KimiError.ts"
import type { BudgetError, ChatError } from "../errors/OperationErrors.ts"
import * as MonotonicClock from "../internal/MonotonicClock.ts"
import type { ChatResponse } from "../models/ChatResponse.ts"
import * as Accounting from "./Accounting.ts"
import * as Charge from "./internal/Charge.ts"
import { ImmediateBudget } from "./internal/ImmediateBudget.ts"
import type { Attempt, Call, CallBudget, StreamAttempt } from "../pipeline/Call.ts"
import * as Stage from "../pipeline/Stage.ts"
import type { EventChunk } from "../pipeline/internal/EventChunk.ts"
import { type StreamHooks, withStreamHooks } from "../pipeline/internal/StreamGuard.ts"
import { CurrentSendState, SendState } from "../pipeline/internal/SendState.ts"
import { Transcript } from "../pipeline/internal/Transcript.ts"

type AccountingService = Accounting.Accounting["Service"]

/**
 * How much an attempt is charged whose response was lost, on top of what was
 * received: the most that the request allowed, or what a host generates at
 * `tokensPerSecond` per choice in the time that the attempt took.
 *
 * With `tokensPerSecond`, a host that is faster bills more than is counted, and
 * a cap may be exceeded without notice.
 *
 * @category options
 * @since 0.1.0
 */
export type LostAttempts = NonNullable<CallBudget["lostAttempts"]>

/** What was reserved for an attempt. */
interface Reserved {
  /** Settles as far as nothing has to be waited for, and returns the rest. */
  readonly settleNow: (usage: Charge.Charge["usage"] | undefined) => Effect.Effect<void> | undefined
}

const withoutBudget: Reserved = { settleNow: () => undefined }

/** Settles before it records, so that a user's `Accounting` service cannot delay a settlement. */
const settleAndRecord = (
  accounting: AccountingService | undefined,
  call: Call,
  reserved: Reserved,
  charge: Charge.Charge | undefined
): Effect.Effect<void> | undefined => {
  const rest = reserved.settleNow(charge?.usage)
  if (accounting === undefined || charge === undefined) return rest
  const recorded = Effect.flatMap(CallOptions, ({ agent, job, tenant }) =>
    Accounting.recordUsage(accounting, {
      account: call.account,
      provider: call.provider,
      model: call.request.model,
      ...charge,
      tags: { tenant, job, agent }
    })
  )
  return rest === undefined ? recorded : Effect.andThen(rest, recorded)
}

/** Reserves at once; `undefined` if something has to be waited for. */
const reserveNow = (call: Call): Reserved | undefined => {
  const budget = call.state?.budget
  if (budget === undefined) return withoutBudget
  return budget instanceof ImmediateBudget ? budget.reserveNow(call) : undefined
}

const reserve = (call: Call): Effect.Effect<Reserved, BudgetError> =>
  Effect.map(call.state?.budget?.reserve(call) ?? Effect.undefined, (reservation) =>
    reservation === undefined ? withoutBudget : { settleNow: (usage) => reservation.settle(usage) }
  )

/** One attempt that gives a whole response. */
class TrackedAttempt {
  readonly #accounting: AccountingService | undefined
  readonly #call: Call
  readonly #clock: Clock.Clock
  readonly #sending = new SendState()
  /** Absent until it is reserved. */
  #reserved: Reserved | undefined
  #startedAt = 0

  constructor(accounting: AccountingService | undefined, call: Call, clock: Clock.Clock) {
    this.#accounting = accounting
    this.#call = call
    this.#clock = clock
  }

  run(inner: Attempt): ReturnType<Attempt> {
    const reserved = reserveNow(this.#call)
    if (reserved !== undefined) return this.#start(inner, reserved)
    return Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(reserve(this.#call), (reserved) => restore(this.#start(inner, reserved)))
    )
  }

  end(exit: Exit.Exit<ChatResponse, ChatError>): Effect.Effect<void> | undefined {
    const reserved = this.#reserved
    if (reserved === undefined) return undefined
    return settleAndRecord(
      this.#accounting,
      this.#call,
      reserved,
      this.#sending.isUnsent ? undefined : this.#charge(exit)
    )
  }

  #start(inner: Attempt, reserved: Reserved): ReturnType<Attempt> {
    this.#reserved = reserved
    this.#startedAt = MonotonicClock.millisUnsafe(this.#clock)
    return Effect.provideService(inner(this.#call), CurrentSendState, this.#sending)
  }

  #charge(exit: Exit.Exit<ChatResponse, ChatError>): Charge.Charge | undefined {
    if (Exit.isSuccess(exit)) return Charge.forResponse(this.#call, exit.value)
    return Charge.forFailure(this.#call, exit.cause, MonotonicClock.millisUnsafe(this.#clock) - this.#startedAt)
  }
}

/**
 * Accounts for attempts that give a whole response.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withAccounting =
  (accounting: AccountingService | undefined) =>
  (inner: Attempt): Attempt =>
  (call) =>
    Effect.withFiber(({ context }) => {
      const attempt = new TrackedAttempt(accounting, call, Context.get(context, Clock.Clock))
      // What is reserved is settled from before it is, so that no interrupt can come between.
      return Effect.onExitPrimitive(
        Effect.suspend(() => attempt.run(inner)),
        (exit) => attempt.end(exit)
      )
    })

/** The tools that a stream has called so far, each call once. */
class ToolNames {
  /** Absent in most streams, which call no tools. */
  #names: Map<string, string> | undefined = undefined

  get names(): Iterable<string> {
    return this.#names?.values() ?? []
  }

  add({ choice, index }: { readonly choice: number; readonly index: number }, name: string): void {
    this.#names ??= new Map<string, string>()
    this.#names.set(`${choice}/${index}`, name)
  }
}

/** One streamed attempt. A class, because every closure would take memory for each open stream. */
class TrackedStream implements Required<StreamHooks> {
  readonly #accounting: AccountingService | undefined
  readonly #call: Call
  readonly #reserved: Reserved
  readonly #context: Context.Context<never>
  readonly #transcript = new Transcript()
  readonly #tools = new ToolNames()
  readonly #sending = new SendState()
  readonly #startedAt: number

  constructor(
    accounting: AccountingService | undefined,
    call: Call,
    reserved: Reserved,
    context: Context.Context<never>
  ) {
    this.#accounting = accounting
    this.#call = call
    this.#reserved = reserved
    this.#context = context
    this.#startedAt = MonotonicClock.millisUnsafe(Context.get(context, Clock.Clock))
  }

  opening<A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.provideService(effect, CurrentSendState, this.#sending)
  }

  onEvents(events: EventChunk): void {
    for (const event of events) {
      this.#transcript.add(event)
      if (event._tag === "ToolCallDelta") this.#tools.add(event, event.name)
      else if (event._tag === "ToolCall") this.#tools.add(event, event.call.function.name)
    }
  }

  onEnd(exit: Exit.Exit<void, KimiError>): Effect.Effect<void> {
    // The fiber that ends a stream may not be the one that started it, and may have other services.
    const rest = settleAndRecord(this.#accounting, this.#call, this.#reserved, this.#charge(exit))
    return rest === undefined ? Effect.void : Effect.updateContext<void, never, never, never>(rest, () => this.#context)
  }

  #charge(exit: Exit.Exit<void, KimiError>): Charge.Charge | undefined {
    if (this.#sending.isUnsent) return undefined
    const millis = MonotonicClock.millisUnsafe(Context.get(this.#context, Clock.Clock)) - this.#startedAt
    return Charge.forStream(this.#call, this.#transcript, this.#tools.names, exit, millis)
  }
}

/** Tracks one streamed attempt, and settles and records it when it ends. */
const trackStream = (
  accounting: AccountingService | undefined,
  call: Call
): Effect.Effect<Required<StreamHooks>, BudgetError> =>
  Effect.withFiber(({ context }) => {
    const reserved = reserveNow(call)
    return reserved === undefined
      ? Effect.map(reserve(call), (reserved) => new TrackedStream(accounting, call, reserved, context))
      : Effect.succeed(new TrackedStream(accounting, call, reserved, context))
  })

/**
 * Accounts for attempts that give a stream.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withStreamAccounting =
  (accounting: AccountingService | undefined) =>
  (inner: StreamAttempt): StreamAttempt =>
  (call) =>
    withStreamHooks(() => trackStream(accounting, call))(inner(call))

/**
 * The stage of the pipeline. It is needed where there is an `Accounting`
 * service or a budget.
 *
 * @category stages
 * @since 0.1.0
 */
export const stage = (accounting: AccountingService | undefined): Stage.Stage =>
  Stage.make("accounting", {
    effect: withAccounting(accounting),
    stream: withStreamAccounting(accounting),
    options: { usage: accounting === undefined ? "not recorded" : "recorded" }
  })
