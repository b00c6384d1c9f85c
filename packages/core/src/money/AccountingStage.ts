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
import type { BudgetError } from "../errors/OperationErrors.ts"
import * as FiberContext from "../internal/FiberContext.ts"
import * as MonotonicClock from "../internal/MonotonicClock.ts"
import type { StreamEvent } from "../models/StreamEvent.ts"
import type * as Accounting from "./Accounting.ts"
import * as Charge from "./internal/Charge.ts"
import * as UsageRecording from "./internal/UsageRecording.ts"
import type { Attempt, AttemptReservation, Call, CallBudget, StreamAttempt } from "../pipeline/Call.ts"
import * as Stage from "../pipeline/Stage.ts"
import type {
  AttemptObserver,
  ObservableStage,
  ObservedAttempt,
  ObservedStreamAttempt
} from "../pipeline/internal/AttemptObserver.ts"
import type { EventChunk } from "../pipeline/internal/EventChunk.ts"
import { type StreamHooks, withStreamHooks } from "../pipeline/internal/StreamGuard.ts"
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

/** Records a charge at once, or returns the effect that does. */
const recordCharge = (
  accounting: AccountingService,
  { account, provider, request: { model } }: Call,
  { isEstimate, outcome, usage }: Charge.Charge,
  context: Context.Context<never>
): Effect.Effect<void> | undefined => {
  const { agent, job, tenant } = Context.get(context, CallOptions)
  const tags = { tenant, job, agent }
  return UsageRecording.record(accounting, { account, provider, model, outcome, usage, isEstimate, tags }, context)
}

/** Settles before it records, so that a user's `Accounting` service cannot delay a settlement. */
const settleAndRecord = (
  accounting: AccountingService | undefined,
  call: Call,
  reservation: AttemptReservation | undefined,
  charge: Charge.Charge | undefined,
  context: Context.Context<never>
): Effect.Effect<void> | undefined => {
  const settled = reservation?.settle(charge?.usage)
  if (accounting === undefined || charge === undefined) return settled
  if (settled === undefined) return recordCharge(accounting, call, charge, context)
  return Effect.flatMap(settled, () => recordCharge(accounting, call, charge, context) ?? Effect.void)
}

/** Read only with a reservation: only a budget charges a lost attempt for the time that it took. */
const nowIn = (context: Context.Context<never>): number =>
  MonotonicClock.millisUnsafe(Context.get(context, Clock.Clock))

type Restore = <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>

/** Makes one attempt and accounts for it. */
const track = (
  { accounting, observer }: Bookkeeping,
  inner: Attempt,
  staged: Attempt,
  call: Call,
  reservation?: AttemptReservation,
  restore?: Restore
): ReturnType<Attempt> =>
  Effect.withFiber((fiber) => {
    const { context } = fiber
    const startedAt = reservation === undefined ? undefined : nowIn(context)
    const sending = new SendState()
    let observed: ObservedAttempt | undefined
    return FiberContext.runIn(
      fiber,
      Context.add(context, CurrentSendState, sending),
      () => {
        observed = observer?.begin(call, context)
        const attempt = observed === undefined ? staged(call) : inner(call)
        return restore === undefined ? attempt : restore(attempt)
      },
      (exit) => {
        observed?.end(exit)
        if (sending.isUnsent) return settleAndRecord(accounting, call, reservation, undefined, context)
        const charge =
          exit._tag === "Success"
            ? Charge.forResponse(call, exit.value)
            : Charge.forFailure(call, exit.cause, startedAt === undefined ? 0 : nowIn(context) - startedAt)
        return settleAndRecord(accounting, call, reservation, charge, context)
      }
    )
  })

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
    return (call) => {
      const budget = call.state?.budget
      // Without a reservation nothing has to be settled, however early the attempt is interrupted.
      if (budget === undefined) return track(bookkeeping, inner, staged, call)
      return Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(budget.reserve(call), (reservation) =>
          track(bookkeeping, inner, staged, call, reservation, restore)
        )
      )
    }
  }

/** The tools that a stream has called so far, each call once. */
class ToolNames {
  /** Absent in most streams, which call no tools. */
  #names: Map<string, string> | undefined = undefined

  get names(): Iterable<string> {
    return this.#names?.values() ?? []
  }

  add(event: StreamEvent): void {
    if (event._tag === "ToolCallDelta") this.#set(event, event.name)
    else if (event._tag === "ToolCall") this.#set(event, event.call.function.name)
  }

  #set({ choice, index }: { readonly choice: number; readonly index: number }, name: string): void {
    this.#names ??= new Map<string, string>()
    this.#names.set(`${choice}/${index}`, name)
  }
}

/** One streamed attempt. A class, because every closure would take memory for each open stream. */
class TrackedStream implements Required<StreamHooks> {
  readonly #accounting: AccountingService | undefined
  readonly #call: Call
  readonly #reservation: AttemptReservation | undefined
  readonly #context: Context.Context<never>
  readonly #transcript = new Transcript()
  readonly #tools = new ToolNames()
  readonly #sending = new SendState()
  /** Absent without a reservation. */
  readonly #startedAt: number | undefined
  readonly #observed: ObservedStreamAttempt | undefined

  constructor(
    { accounting, observer }: Bookkeeping,
    call: Call,
    reservation: AttemptReservation | undefined,
    context: Context.Context<never>
  ) {
    this.#accounting = accounting
    this.#call = call
    this.#reservation = reservation
    this.#context = context
    this.#startedAt = reservation === undefined ? undefined : nowIn(context)
    this.#observed = observer?.beginStream(call, context)
  }

  opening<A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.provideService(effect, CurrentSendState, this.#sending)
  }

  onEvents(events: EventChunk): void {
    this.#observed?.onEvents(events)
    for (const event of events) {
      this.#transcript.add(event)
      this.#tools.add(event)
    }
  }

  onEnd(exit: Exit.Exit<void, KimiError>): Effect.Effect<void> {
    this.#observed?.end(exit)
    const charge = this.#charge(exit)
    const ending = settleAndRecord(this.#accounting, this.#call, this.#reservation, charge, this.#context)
    // The fiber that ends a stream may not be the one that started it, and may have other services.
    return ending === undefined ? Effect.void : Effect.updateContext(ending, () => this.#context)
  }

  #charge(exit: Exit.Exit<void, KimiError>): Charge.Charge | undefined {
    if (this.#sending.isUnsent) return undefined
    const startedAt = this.#startedAt
    const millis = startedAt === undefined ? 0 : nowIn(this.#context) - startedAt
    return Charge.forStream(this.#call, this.#transcript, this.#tools.names, exit, millis)
  }
}

/** Tracks one streamed attempt, and settles and records it when it ends. */
const trackStream = (bookkeeping: Bookkeeping, call: Call): Effect.Effect<Required<StreamHooks>, BudgetError> => {
  const begin = (reservation: AttemptReservation | undefined) =>
    Effect.withFiber(({ context }) => Effect.succeed(new TrackedStream(bookkeeping, call, reservation, context)))
  const budget = call.state?.budget
  return budget === undefined ? begin(undefined) : Effect.flatMap(budget.reserve(call), begin)
}

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
    if (observer === undefined) return (call) => withStreamHooks(() => trackStream(unobserved, call))(inner(call))
    const bookkeeping: Bookkeeping = { accounting, observer }
    const staged = observer.stage.stream(inner)
    return (call) =>
      makePerRun((context) =>
        observer.needsStage(context)
          ? withStreamHooks(() => trackStream(unobserved, call))(staged(call))
          : withStreamHooks(() => trackStream(bookkeeping, call))(inner(call))
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
