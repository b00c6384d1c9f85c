/** Splits the cost limit of a swarm into reservations of its agents, and holds the worst case of each call until its cost is known. */
import * as Cost from "@kimi-effect/core/Cost"
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import { BudgetExceededError, UnknownPriceError } from "@kimi-effect/core/MoneyErrors"
import * as BigDecimal from "effect/BigDecimal"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { AgentError } from "../../agent/AgentResult.ts"
import * as Ledger from "./Ledger.ts"

type Amount = BigDecimal.BigDecimal

/** The settings of the money of a swarm. */
export interface Money {
  readonly ledger: Ledger.Ledger
  readonly currency: "USD" | "CNY"
  /** What each sub-agent has reserved. */
  readonly reservation: Amount
  /** Whether sub-agents have it from when they are planned, and not from their first call. */
  readonly isSplit: boolean
}

/** A call of an agent. */
export interface Purchase<A> {
  readonly agent: string
  readonly request: ChatRequest
  readonly make: Effect.Effect<A, AgentError>
  /** What it has cost, or undefined for all that it held. */
  readonly costOf: (exit: Exit.Exit<A, AgentError>) => Effect.Effect<Amount | undefined>
  /** Makes room for other agents while this one waits for money. */
  readonly aside: (
    wait: Effect.Effect<Ledger.Hold, BudgetExceededError>
  ) => Effect.Effect<Ledger.Hold, BudgetExceededError>
}

/** A call that waits for money. */
interface Waiter {
  readonly agent: string
  readonly amount: Amount
  readonly granted: Deferred.Deferred<Ledger.Hold, BudgetExceededError>
  hold: Ledger.Hold | undefined
}

/**
 * An agent starts when its reservation is free, and keeps it until it ends. A call
 * that needs more takes what is free. While that is not enough, it waits for agents
 * that make progress, since they return what they do not use; when there are none,
 * the agent that lacks most ends.
 */
export class SwarmBudget {
  readonly #provider: string
  readonly #id: string
  readonly #money: Money
  /** Agents that this process runs. */
  readonly #working = new Set<string>()
  /** Agents that wait for others: their own ones, or for another process. */
  readonly #idle = new Map<string, number>()
  /** Agents that were planned by one that works, by its id. */
  readonly #planned = new Map<string, ReadonlyArray<string>>()
  readonly #waiting = new Set<Waiter>()
  /** What agents had spent before they had a reservation here. */
  readonly #before = new Map<string, Amount>()
  #ledger: Ledger.Ledger
  /** What is counted already, and is replayed. */
  #expected: Amount = Ledger.zero

  constructor(id: string, provider: string, money: Money) {
    this.#id = id
    this.#provider = provider
    this.#money = money
    this.#ledger = money.ledger
  }

  get ledger(): Ledger.Ledger {
    return this.#ledger
  }

  /** An agent begins to work. The orchestrator uses what is free: its conclusion is kept apart. */
  begin(agent: string, isLead: boolean): void {
    this.#working.add(agent)
    if (isLead) this.#ledger = Ledger.reserve(this.#ledger, agent, Ledger.zero)
  }

  /** An agent has ended, and returns what it did not use. */
  end(agent: string): void {
    this.#working.delete(agent)
    this.#ledger = Ledger.release(this.#ledger, agent)
    for (const one of this.#planned.get(agent) ?? []) {
      if (!this.#working.has(one)) this.#ledger = Ledger.release(this.#ledger, one)
    }
    this.#planned.delete(agent)
    this.#review()
  }

  /** Whether so many more agents can have their reservations, or the refusal of all. */
  refusalOf(agents: number): BudgetExceededError | undefined {
    const { isSplit, reservation } = this.#money
    const requested = BigDecimal.multiply(reservation, BigDecimal.fromNumberUnsafe(agents))
    if (!isSplit || BigDecimal.isLessThanOrEqualTo(requested, Ledger.free(this.#ledger))) return undefined
    return this.#exceeded(
      requested,
      `limits.agentCost reserves more for ${agents} agents than is left of the cost limit of the swarm`
    )
  }

  /** Gives agents their reservations that `by` has planned. */
  plan(agents: ReadonlyArray<string>, by: string): void {
    if (!this.#money.isSplit) return
    this.#planned.set(by, [...(this.#planned.get(by) ?? []), ...agents])
    this.reserve(agents)
  }

  /** Gives agents the reservations that they have or had, without what they have spent of them. */
  reserve(agents: Iterable<string>): void {
    for (const agent of agents) {
      if (!this.#isStarted(agent)) this.#ledger = Ledger.reserve(this.#ledger, agent, this.#reservationOf(agent))
    }
  }

  /** Lets an agent wait for others, which do not wait for its money meanwhile. */
  idle<A, E, R>(agent: string, wait: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    const add = (change: number) =>
      Effect.sync(() => {
        this.#idle.set(agent, (this.#idle.get(agent) ?? 0) + change)
        this.#review()
      })
    return Effect.acquireUseRelease(
      add(1),
      () => wait,
      () => add(-1)
    )
  }

  /** Makes a call that holds its worst case. */
  buy<A>({ agent, aside, costOf, make, request }: Purchase<A>): Effect.Effect<A, AgentError> {
    return Effect.uninterruptibleMask((restore) =>
      Effect.gen({ self: this }, function* () {
        const amount = yield* this.#priceOf(request)
        const waiter: Waiter = { agent, amount, granted: Deferred.makeUnsafe(), hold: undefined }
        this.#waiting.add(waiter)
        this.#review()
        const wait = Deferred.await(waiter.granted)
        const granted = this.#waiting.has(waiter) ? aside(wait) : wait
        const hold = yield* Effect.onInterrupt(restore(granted), () => Effect.sync(() => this.#abandon(waiter)))
        const exit = yield* Effect.exit(restore(make))
        this.#settle(hold, (yield* costOf(exit)) ?? amount)
        return yield* exit
      })
    )
  }

  /** Counts the cost of a response that was bought earlier and is replayed later. */
  expect(agent: string, cost: Amount): void {
    this.#expected = BigDecimal.sum(this.#expected, cost)
    this.#spend(agent, cost)
  }

  /** Counts the cost of a response that was bought earlier or elsewhere, unless it is expected. */
  spend(agent: string, cost: Amount): void {
    const known = BigDecimal.min(cost, this.#expected)
    this.#expected = BigDecimal.subtract(this.#expected, known)
    this.#spend(agent, BigDecimal.subtract(cost, known))
  }

  /** Makes what was kept for the conclusion available to it. */
  conclude(agent: string): void {
    this.#ledger = Ledger.reserve(Ledger.conclude(this.#ledger), agent, Ledger.zero)
  }

  #isStarted(agent: string): boolean {
    return this.#ledger.left.has(agent)
  }

  #reservationOf(agent: string): Amount {
    const rest = BigDecimal.subtract(this.#money.reservation, this.#before.get(agent) ?? Ledger.zero)
    return BigDecimal.max(Ledger.zero, rest)
  }

  #spend(agent: string, cost: Amount): void {
    if (!this.#isStarted(agent)) {
      this.#before.set(agent, BigDecimal.sum(this.#before.get(agent) ?? Ledger.zero, cost))
    }
    this.#ledger = Ledger.spend(this.#ledger, agent, cost)
    this.#review()
  }

  #settle(hold: Ledger.Hold, cost: Amount): void {
    this.#ledger = Ledger.settle(this.#ledger, hold, cost)
    this.#review()
  }

  /** The agent of a call was interrupted while it waited. */
  #abandon(waiter: Waiter): void {
    if (waiter.hold !== undefined) this.#settle(waiter.hold, Ledger.zero)
    else if (this.#waiting.delete(waiter)) this.#review()
  }

  /** Whether an agent works that will return what it does not use. */
  get #isProgressing(): boolean {
    const waiting = new Set([...this.#waiting].map(({ agent }) => agent))
    return [...this.#working].some((agent) => !waiting.has(agent) && (this.#idle.get(agent) ?? 0) === 0)
  }

  /** Decides on the calls that wait, whenever something has changed. */
  #review(): void {
    const unspent = Ledger.unspent(this.#ledger)
    for (const waiter of this.#waiting) {
      if (BigDecimal.isGreaterThan(waiter.amount, unspent)) this.#refuse(waiter)
    }
    this.#grantAll()
    while (this.#waiting.size > 0 && !this.#isProgressing) {
      const waiter = this.#last()
      if (this.#isStarted(waiter.agent) || !Ledger.fits(this.#ledger, waiter.agent, waiter.amount)) this.#refuse(waiter)
      // It has less reserved than others, and otherwise nothing would happen any more.
      else this.#grant(waiter)
      this.#grantAll()
    }
  }

  /** Agents that have started go first, and no other starts while one of them waits. */
  #grantAll(): void {
    for (const waiter of this.#waiting) {
      const { agent, amount } = waiter
      if (this.#isStarted(agent) && Ledger.fits(this.#ledger, agent, amount)) this.#grant(waiter)
    }
    if ([...this.#waiting].some(({ agent }) => this.#isStarted(agent))) return
    for (const waiter of this.#waiting) {
      const needed = BigDecimal.max(waiter.amount, this.#reservationOf(waiter.agent))
      if (BigDecimal.isGreaterThan(needed, Ledger.free(this.#ledger))) return
      this.#grant(waiter)
    }
  }

  /** The agent that lacks most of those that have started, or else the first that has not. */
  #last(): Waiter {
    const [first, ...others] = this.#waiting
    return others.reduce((one, other) => (this.#lacks(one, other) ? other : one), first as Waiter)
  }

  #lacks(one: Waiter, other: Waiter): boolean {
    if (this.#isStarted(one.agent) !== this.#isStarted(other.agent)) return this.#isStarted(other.agent)
    const [a, b] = [one, other].map(({ agent, amount }) => Ledger.beyond(this.#ledger, agent, amount))
    return this.#isStarted(one.agent) && BigDecimal.isGreaterThan(b as Amount, a as Amount)
  }

  #grant(waiter: Waiter): void {
    const { agent, amount, granted } = waiter
    this.reserve([agent])
    const [ledger, hold] = Ledger.hold(this.#ledger, agent, amount)
    this.#ledger = ledger
    waiter.hold = hold
    this.#waiting.delete(waiter)
    Deferred.doneUnsafe(granted, Effect.succeed(hold))
  }

  #refuse(waiter: Waiter): void {
    const { agent, amount, granted } = waiter
    const message = this.#isStarted(agent)
      ? "The call could cost more than is left of the reservation of its agent and of the cost limit of the swarm"
      : "The call could cost more than is left of the cost limit of the swarm"
    this.#waiting.delete(waiter)
    Deferred.doneUnsafe(granted, Effect.fail(this.#exceeded(amount, message)))
  }

  #priceOf(request: ChatRequest): Effect.Effect<Amount, UnknownPriceError> {
    const model = request.model ?? ""
    const { currency } = this.#money
    return Effect.flatMap(Cost.ofRequest({ ...request, model }, this.#provider), (cost) =>
      Option.isSome(cost) && cost.value.currency === currency
        ? Effect.succeed(cost.value.total)
        : Effect.fail(
            new UnknownPriceError({
              message: `The price of ${model} in ${currency} is not known, so the cost limit cannot be enforced`
            })
          )
    )
  }

  #exceeded(requested: Amount, message: string): BudgetExceededError {
    const { cap, held, kept, reserved, spent } = this.#ledger
    return new BudgetExceededError({
      message,
      scope: `swarm:${this.#id}`,
      currency: this.#money.currency,
      cap,
      spent,
      reserved: BigDecimal.sum(BigDecimal.sum(held, reserved), kept),
      requested
    })
  }
}
