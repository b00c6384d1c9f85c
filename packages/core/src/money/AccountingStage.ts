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
import * as MonotonicClock from "../internal/MonotonicClock.ts"
import type { StreamEvent } from "../models/StreamEvent.ts"
import * as Accounting from "./Accounting.ts"
import * as Charge from "./internal/Charge.ts"
import type { Attempt, AttemptReservation, Call, CallBudget, StreamAttempt } from "../pipeline/Call.ts"
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

/** Settles before it records, so that a user's `Accounting` service cannot delay a settlement. */
const settleAndRecord = (
  accounting: AccountingService | undefined,
  call: Call,
  reservation: AttemptReservation | undefined,
  charge: Charge.Charge | undefined
): Effect.Effect<void> => {
  const settled = reservation === undefined ? Effect.void : reservation.settle(charge?.usage)
  if (accounting === undefined || charge === undefined) return settled
  return Effect.andThen(
    settled,
    Effect.flatMap(CallOptions, ({ agent, job, tenant }) =>
      Accounting.recordUsage(accounting, {
        account: call.account,
        provider: call.provider,
        model: call.request.model,
        ...charge,
        tags: { tenant, job, agent }
      })
    )
  )
}

const reserve = (call: Call) => call.state?.budget?.reserve(call) ?? Effect.undefined

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
    Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(reserve(call), (reservation) =>
        Effect.flatMap(Clock.Clock, (clock) => {
          const startedAt = MonotonicClock.millisUnsafe(clock)
          const sending = new SendState()
          const attempt = Effect.provideService(restore(inner(call)), CurrentSendState, sending)
          return Effect.onExit(attempt, (exit) => {
            const charge = Exit.isSuccess(exit)
              ? Charge.forResponse(call, exit.value)
              : Charge.forFailure(call, exit.cause, MonotonicClock.millisUnsafe(clock) - startedAt)
            return settleAndRecord(accounting, call, reservation, sending.isUnsent ? undefined : charge)
          })
        })
      )
    )

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
  readonly #startedAt: number

  constructor(
    accounting: AccountingService | undefined,
    call: Call,
    reservation: AttemptReservation | undefined,
    context: Context.Context<never>
  ) {
    this.#accounting = accounting
    this.#call = call
    this.#reservation = reservation
    this.#context = context
    this.#startedAt = MonotonicClock.millisUnsafe(Context.get(context, Clock.Clock))
  }

  opening<A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.provideService(effect, CurrentSendState, this.#sending)
  }

  onEvents(events: EventChunk): void {
    for (const event of events) {
      this.#transcript.add(event)
      this.#tools.add(event)
    }
  }

  onEnd(exit: Exit.Exit<void, KimiError>): Effect.Effect<void> {
    // The fiber that ends a stream may not be the one that started it, and may have other services.
    return Effect.updateContext<void, never, never, never>(
      settleAndRecord(this.#accounting, this.#call, this.#reservation, this.#charge(exit)),
      () => this.#context
    )
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
  Effect.flatMap(reserve(call), (reservation) =>
    Effect.contextWith((context: Context.Context<never>) =>
      Effect.succeed(new TrackedStream(accounting, call, reservation, context))
    )
  )

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
