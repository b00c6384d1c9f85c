/** Holds the worst case of each call of a swarm until its cost is known. */
import * as Cost from "@kimi-effect/core/Cost"
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import { BudgetExceededError, UnknownPriceError } from "@kimi-effect/core/MoneyErrors"
import * as BigDecimal from "effect/BigDecimal"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { AgentError } from "../../agent/AgentResult.ts"
import * as Ledger from "./Ledger.ts"

type Amount = BigDecimal.BigDecimal

export class SwarmBudget {
  readonly #currency: "USD" | "CNY"
  readonly #provider: string
  readonly #id: string
  readonly #waiting = new Set<Deferred.Deferred<void>>()
  #ledger: Ledger.Ledger
  /** What is counted already, and is replayed. */
  #expected: Amount = Ledger.zero

  constructor(id: string, provider: string, currency: "USD" | "CNY", ledger: Ledger.Ledger) {
    this.#id = id
    this.#provider = provider
    this.#currency = currency
    this.#ledger = ledger
  }

  get ledger(): Ledger.Ledger {
    return this.#ledger
  }

  /** Makes a call that holds its worst case. `costOf` is what it has cost, or undefined for all that it held. */
  buy<A>(
    request: ChatRequest,
    make: Effect.Effect<A, AgentError>,
    costOf: (exit: Exit.Exit<A, AgentError>) => Effect.Effect<Amount | undefined>
  ): Effect.Effect<A, AgentError> {
    return Effect.uninterruptibleMask((restore) =>
      Effect.gen({ self: this }, function* () {
        const amount = yield* this.#priceOf(request)
        for (let fits = Ledger.fits(this.#ledger, amount); fits !== "yes"; fits = Ledger.fits(this.#ledger, amount)) {
          if (fits === "no") return yield* Effect.fail(this.#exceeded(amount))
          yield* restore(this.#change)
        }
        this.#ledger = Ledger.hold(this.#ledger, amount)
        const exit = yield* Effect.exit(restore(make))
        this.#settle(amount, (yield* costOf(exit)) ?? amount)
        return yield* exit
      })
    )
  }

  /** Counts the cost of a response that was bought earlier and is replayed later. */
  expect(cost: Amount): void {
    this.#expected = BigDecimal.sum(this.#expected, cost)
    this.#settle(Ledger.zero, cost)
  }

  /** Counts the cost of a response that was bought earlier or elsewhere, unless it is expected. */
  spend(cost: Amount): void {
    const known = BigDecimal.min(cost, this.#expected)
    this.#expected = BigDecimal.subtract(this.#expected, known)
    this.#settle(Ledger.zero, BigDecimal.subtract(cost, known))
  }

  /** Makes what was kept for the conclusion available. */
  conclude(): void {
    this.#ledger = Ledger.conclude(this.#ledger)
  }

  #priceOf(request: ChatRequest): Effect.Effect<Amount, UnknownPriceError> {
    const model = request.model ?? ""
    return Effect.flatMap(Cost.ofRequest({ ...request, model }, this.#provider), (cost) =>
      Option.isSome(cost) && cost.value.currency === this.#currency
        ? Effect.succeed(cost.value.total)
        : Effect.fail(
            new UnknownPriceError({
              message: `The price of ${model} in ${this.#currency} is not known, so the cost limit cannot be enforced`
            })
          )
    )
  }

  #settle(amount: Amount, cost: Amount): void {
    this.#ledger = Ledger.settle(this.#ledger, amount, cost)
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const one of waiting) Deferred.doneUnsafe(one, Effect.void)
  }

  /** Waits until a call is settled. */
  get #change(): Effect.Effect<void> {
    const change = Deferred.makeUnsafe<void>()
    this.#waiting.add(change)
    return Effect.onInterrupt(Deferred.await(change), () => Effect.sync(() => void this.#waiting.delete(change)))
  }

  #exceeded(requested: Amount): BudgetExceededError {
    const { cap, held, kept, spent } = this.#ledger
    return new BudgetExceededError({
      message: "The call could cost more than is left of the cost limit of the swarm",
      scope: `swarm:${this.#id}`,
      currency: this.#currency,
      cap,
      spent,
      reserved: BigDecimal.sum(held, kept),
      requested
    })
  }
}
