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
 * was interrupted while a store reserved its cost, or that was interrupted or timed
 * out while it waited for a connection. Where the HTTP
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
import * as FiberContext from "../internal/FiberContext.ts"
import * as MonotonicClock from "../internal/MonotonicClock.ts"
import type { ChatResponse } from "../models/ChatResponse.ts"
import type * as Accounting from "./Accounting.ts"
import * as Charge from "./internal/Charge.ts"
import { ImmediateBudget } from "./internal/ImmediateBudget.ts"
import * as UsageRecording from "./internal/UsageRecording.ts"
import type { Attempt, Call, CallBudget, StreamAttempt } from "../pipeline/Call.ts"
import * as Stage from "../pipeline/Stage.ts"
import type {
  AttemptObserver,
  ObservableStage,
  ObservedAttempt,
  ObservedStreamAttempt
} from "../pipeline/internal/AttemptObserver.ts"
import type { EventChunk } from "../pipeline/internal/EventChunk.ts"
import { type Restore, type StreamHooks, withStreamHooks } from "../pipeline/internal/StreamGuard.ts"
import { makePerRun } from "../pipeline/internal/StreamRun.ts"
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

/** What a stage needs for each of its attempts. */
interface Bookkeeping {
  readonly accounting: AccountingService | undefined
  readonly observer: AttemptObserver | undefined
}

/** What was reserved for an attempt. */
interface Reserved {
  /** Settles as far as nothing has to be waited for, and returns the rest. */
  readonly settleNow: (usage: Charge.Charge["usage"] | undefined) => Effect.Effect<void> | undefined
}

const withoutBudget: Reserved = { settleNow: () => undefined }

/** Records a charge at once, or returns the effect that does. */
const recordCharge = (
  accounting: AccountingService,
  { account, provider, request: { model } }: Call,
  { isEstimate, isLost, outcome, usage }: Charge.Charge,
  context: Context.Context<never>
): Effect.Effect<void> | undefined => {
  const { agent, job, tenant } = Context.get(context, CallOptions)
  const tags = { tenant, job, agent }
  const attempt = { account, provider, model, outcome, usage, isEstimate, tags }
  return UsageRecording.record(accounting, isLost === undefined ? attempt : { ...attempt, isLost }, context)
}

/** Settles before it records, so that a user's `Accounting` service cannot delay a settlement. */
const settleAndRecord = (
  accounting: AccountingService | undefined,
  call: Call,
  reserved: Reserved,
  charge: Charge.Charge | undefined,
  context: Context.Context<never>
): Effect.Effect<void> | undefined => {
  const rest = reserved.settleNow(charge?.usage)
  if (accounting === undefined || charge === undefined) return rest
  if (rest === undefined) return recordCharge(accounting, call, charge, context)
  return Effect.flatMap(rest, () => recordCharge(accounting, call, charge, context) ?? Effect.void)
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

const nowIn = (context: Context.Context<never>): number =>
  MonotonicClock.millisUnsafe(Context.get(context, Clock.Clock))

/** When an attempt starts. Read only with a reservation: only a budget charges a lost attempt for the time that it took. */
const startOf = (reserved: Reserved, context: Context.Context<never>): number | undefined =>
  reserved === withoutBudget ? undefined : nowIn(context)

const millisSince = (start: number | undefined, context: Context.Context<never>): number =>
  start === undefined ? 0 : nowIn(context) - start

/** One attempt that gives a whole response. */
class TrackedAttempt {
  readonly #bookkeeping: Bookkeeping
  readonly #call: Call
  readonly #context: Context.Context<never>
  readonly #sending = new SendState()
  /** Absent until it is reserved. */
  #reserved: Reserved | undefined
  #hasBegun = false
  #startedAt: number | undefined
  #observed: ObservedAttempt | undefined

  constructor(bookkeeping: Bookkeeping, call: Call, context: Context.Context<never>) {
    this.#bookkeeping = bookkeeping
    this.#call = call
    this.#context = context
  }

  /** The context in which it runs. */
  get context(): Context.Context<never> {
    return Context.add(this.#context, CurrentSendState, this.#sending)
  }

  /** `staged` is the attempt with the observer's stage, for what the observer does not observe here. */
  run(inner: Attempt, staged: Attempt): ReturnType<Attempt> {
    const reserved = reserveNow(this.#call)
    if (reserved !== undefined) return this.#start(reserved, inner, staged)
    // Not in the context of the attempt: a request of the store is not that of the attempt.
    const reserving = Effect.updateContext<Reserved, BudgetError, never, never>(
      reserve(this.#call),
      () => this.#context
    )
    return Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(reserving, (reserved) => {
        this.#reserved = reserved
        // Not begun if it was interrupted while the store replied.
        return restore(Effect.suspend(() => this.#start(reserved, inner, staged)))
      })
    )
  }

  end(exit: Exit.Exit<ChatResponse, ChatError>): Effect.Effect<void> | undefined {
    this.#observed?.end(exit)
    const reserved = this.#reserved
    if (reserved === undefined) return undefined
    const isSent = this.#hasBegun && !this.#sending.isUnsent
    const charge = isSent ? this.#charge(exit) : undefined
    if (isSent && charge === undefined) UsageRecording.countUnbilled(this.#context)
    return settleAndRecord(this.#bookkeeping.accounting, this.#call, reserved, charge, this.#context)
  }

  #start(reserved: Reserved, inner: Attempt, staged: Attempt): ReturnType<Attempt> {
    this.#reserved = reserved
    this.#hasBegun = true
    this.#startedAt = startOf(reserved, this.#context)
    this.#observed = this.#bookkeeping.observer?.begin(this.#call, this.#context)
    return this.#observed === undefined ? staged(this.#call) : inner(this.#call)
  }

  #charge(exit: Exit.Exit<ChatResponse, ChatError>): Charge.Charge | undefined {
    if (Exit.isSuccess(exit)) return Charge.forResponse(this.#call, exit.value)
    return Charge.forFailure(this.#call, exit.cause, millisSince(this.#startedAt, this.#context))
  }
}

/**
 * Accounts for attempts that give a whole response, and passes them to an observer.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withAccounting =
  (accounting: AccountingService | undefined, observer?: AttemptObserver) =>
  (inner: Attempt): Attempt => {
    const bookkeeping: Bookkeeping = { accounting, observer }
    const staged = observer === undefined ? inner : observer.stage.effect(inner)
    return (call) =>
      Effect.withFiber((fiber) => {
        const attempt = new TrackedAttempt(bookkeeping, call, fiber.context)
        // What is reserved is settled from before it is, so that no interrupt can come between.
        return FiberContext.runIn(
          fiber,
          attempt.context,
          () => attempt.run(inner, staged),
          (exit) => attempt.end(exit)
        )
      })
  }

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
  /** Absent without a reservation. */
  readonly #startedAt: number | undefined
  readonly #observed: ObservedStreamAttempt | undefined

  constructor({ accounting, observer }: Bookkeeping, call: Call, reserved: Reserved, context: Context.Context<never>) {
    this.#accounting = accounting
    this.#call = call
    this.#reserved = reserved
    this.#context = context
    this.#startedAt = startOf(reserved, context)
    this.#observed = observer?.beginStream(call, context)
  }

  opening<A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.provideService(effect, CurrentSendState, this.#sending)
  }

  onEvents(events: EventChunk): void {
    this.#observed?.onEvents(events)
    for (const event of events) {
      this.#transcript.add(event)
      if (event._tag === "ToolCallDelta") this.#tools.add(event, event.name)
      else if (event._tag === "ToolCall") this.#tools.add(event, event.call.function.name)
    }
  }

  onEnd(exit: Exit.Exit<void, KimiError>): Effect.Effect<void> {
    this.#observed?.end(exit)
    const charge = this.#charge(exit)
    if (charge === undefined && !this.#sending.isUnsent) UsageRecording.countUnbilled(this.#context)
    const ending = settleAndRecord(this.#accounting, this.#call, this.#reserved, charge, this.#context)
    // The fiber that ends a stream may not be the one that started it, and may have other services.
    return ending === undefined ? Effect.void : Effect.updateContext(ending, () => this.#context)
  }

  #charge(exit: Exit.Exit<void, KimiError>): Charge.Charge | undefined {
    if (this.#sending.isUnsent) return undefined
    const millis = millisSince(this.#startedAt, this.#context)
    return Charge.forStream(this.#call, this.#transcript, this.#tools.names, exit, millis)
  }
}

/** Fails if the fiber was interrupted before, and releases what was reserved. */
const unlessInterrupted = (reserved: Reserved, restore: Restore): Effect.Effect<void> =>
  Effect.onExitPrimitive(restore(Effect.void), (exit) =>
    Exit.isFailure(exit) ? reserved.settleNow(undefined) : undefined
  )

/** Tracks one streamed attempt, and settles and records it when it ends. */
const trackStream =
  (bookkeeping: Bookkeeping, call: Call) =>
  (restore: Restore): Effect.Effect<Required<StreamHooks>, BudgetError> =>
    Effect.withFiber(({ context }) => {
      const begin = (reserved: Reserved) => new TrackedStream(bookkeeping, call, reserved, context)
      const reserved = reserveNow(call)
      if (reserved !== undefined) return Effect.succeed(begin(reserved))
      return Effect.flatMap(reserve(call), (reserved) =>
        // Not begun if it was interrupted while the store replied.
        Effect.map(unlessInterrupted(reserved, restore), () => begin(reserved))
      )
    })

/**
 * Accounts for attempts that give a stream, and passes them to an observer.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withStreamAccounting =
  (accounting: AccountingService | undefined, observer?: AttemptObserver) =>
  (inner: StreamAttempt): StreamAttempt => {
    const unobserved: Bookkeeping = { accounting, observer: undefined }
    if (observer === undefined) return (call) => withStreamHooks(trackStream(unobserved, call))(inner(call))
    const bookkeeping: Bookkeeping = { accounting, observer }
    const staged = observer.stage.stream(inner)
    return (call) =>
      makePerRun((context) =>
        observer.needsStage(context)
          ? withStreamHooks(trackStream(unobserved, call))(staged(call))
          : withStreamHooks(trackStream(bookkeeping, call))(inner(call))
      )
  }

/** The stage, for which an observer need not insert another. */
const makeStage = (accounting: AccountingService | undefined, observer?: AttemptObserver): Stage.Stage =>
  Stage.make("accounting", {
    effect: withAccounting(accounting, observer),
    stream: withStreamAccounting(accounting, observer),
    options: { usage: accounting === undefined ? "not recorded" : "recorded" }
  })

/**
 * The stage of the pipeline. It is needed where there is an `Accounting`
 * service or a budget.
 *
 * @category stages
 * @since 0.1.0
 */
export const stage = (accounting: AccountingService | undefined): Stage.Stage => {
  const observable: ObservableStage = {
    ...makeStage(accounting),
    observedBy: (observer) => makeStage(accounting, observer)
  }
  return observable
}
