/** What the calls for one prompt have used, also those that fail: with tools there are several. */
import * as Accounting from "@kimi-effect/core/Accounting"
import type { ChatResponse } from "@kimi-effect/core/ChatResponse"
import * as Cost from "@kimi-effect/core/Cost"
import { RecordedAttempts } from "@kimi-effect/core/internal/RecordedAttempts"
import * as Usage from "@kimi-effect/core/Usage"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { isBroken, Unwritten } from "./brokenOutput.ts"
import { isFailure } from "./failure.ts"
import { SpentError } from "./spentError.ts"

const sumWith =
  (sum: Cost.Cost) =>
  (own: Cost.Cost): Option.Option<Cost.Cost> =>
    own.currency === sum.currency ? Option.some(Cost.sum(sum, own)) : Option.none()

export class ChatSpending {
  #usage: Usage.Usage | undefined
  /** Undefined before something was billed. */
  #cost: Option.Option<Cost.Cost> | undefined

  /** Of the responses. Undefined if the host reported none. */
  get usage(): Usage.Usage | undefined {
    return this.#usage
  }

  /** Of all attempts. None if the price or the usage of one is not known, or if their currencies differ. */
  get cost(): Option.Option<Cost.Cost> {
    return this.#cost ?? Option.none()
  }

  /** Makes a call, and adds what it has used. */
  of<E, R>(call: Effect.Effect<ChatResponse, E, R>): Effect.Effect<ChatResponse, E, R> {
    return Effect.suspend(() => {
      const attempts = new RecordedAttempts()
      return call.pipe(
        Accounting.recordTo(attempts),
        Effect.tap((response) => this.#addResponse(response, attempts)),
        // An interruption too: attempts before the one that it ends may be billed.
        Effect.onError(() => this.#addFailure(attempts))
      )
    })
  }

  /** Names in a failure what was spent before it, also in that of the output, which interrupts. */
  namedIn<A, E, R>(turns: Effect.Effect<A, E, R>): Effect.Effect<A, E | SpentError, R> {
    return turns.pipe(
      Effect.mapError((error) => {
        const cost = this.#text
        return isFailure(error) && cost !== undefined ? new SpentError(error, cost) : error
      }),
      Effect.onInterrupt(() => this.#nameInBroken)
    )
  }

  get #text(): string | undefined {
    return Option.getOrUndefined(Option.map(this.cost, Cost.format))
  }

  /** Not for a turn that Ctrl-C stops: the output of a later one may fail. */
  get #nameInBroken(): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      if (yield* isBroken) (yield* Unwritten).cost = this.#text
    })
  }

  #addResponse(response: ChatResponse, attempts: RecordedAttempts): Effect.Effect<void> {
    const { usage } = response
    const hasAttempts = response.cached === undefined && attempts.all.length > 0
    return Effect.map(hasAttempts ? attempts.cost : Cost.ofResponse(response), (cost) => {
      this.#usage =
        this.#usage === undefined || usage === undefined ? (this.#usage ?? usage) : Usage.add(this.#usage, usage)
      this.#add(cost)
    })
  }

  /** An attempt whose response was lost adds nothing here, as in a call that succeeds after it. */
  #addFailure(attempts: RecordedAttempts): Effect.Effect<void> {
    const isKnown = attempts.all.some(({ isLost }) => isLost !== true)
    return isKnown ? Effect.map(attempts.cost, (cost) => this.#add(cost)) : Effect.void
  }

  #add(cost: Option.Option<Cost.Cost>): void {
    const before = this.#cost
    this.#cost = before === undefined ? cost : Option.flatMap(before, (sum) => Option.flatMap(cost, sumWith(sum)))
  }
}
