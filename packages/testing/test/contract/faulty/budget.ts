/**
 * A budget in memory that keeps every law of the contract, or every law but one: `broken`
 * names the one. It knows only the price of the contract, a dollar a token of output.
 */
import type { Budget, BudgetEvent, HoldOptions } from "@kimi-effect/core/Budget"
import type { AttemptReservation, Call } from "@kimi-effect/core/Call"
import { CallOptions } from "@kimi-effect/core/CallOptions"
import { BudgetExceededError, UnknownPriceError } from "@kimi-effect/core/MoneyErrors"
import * as Stage from "@kimi-effect/core/Stage"
import { BigDecimal, Clock, Context, Duration, Effect, Option, PubSub, Stream } from "effect"
import type { Settings } from "../../../src/contract/BudgetContract.ts"

type Service = Budget["Service"]

interface Scope {
  readonly name: string
  readonly cap: number
  spent: number
  reserved: number
}

/** What is reserved under an id. */
interface Work {
  readonly amount: number
  readonly settle: (used: number) => Effect.Effect<void>
  readonly endsAt: number
}

const dollars = (amount: number) => BigDecimal.fromNumberUnsafe(amount)
const costOf = (call: Call): number => call.request.max_completion_tokens ?? 0

export const make = (settings: Settings, broken?: string): Effect.Effect<Service> =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const published = yield* PubSub.sliding<BudgetEvent>(64)
    const scopes = new Map<string, Scope>()
    const breaks = (law: string) => law === broken
    const dayOf = (now: number) => new Date(now).toISOString().slice(0, 10)
    const today = Effect.sync(() => {
      const now = breaks("reports the day on which calls are counted") ? 0 : clock.currentTimeMillisUnsafe()
      return { date: dayOf(now), dayNumber: Math.floor(now / 86_400_000) }
    })

    const scopesOf = (context: Context.Context<never>): ReadonlyArray<Scope> => {
      const { job, tenant } = Context.get(context, CallOptions)
      return settings.caps.flatMap(({ amount, per: [dimension] = [] }) => {
        const isFirstDay = amount === "50" && breaks("spends nothing of the next day")
        const isShared = amount === "20" && breaks("separates the amounts of tenants")
        const day = isFirstDay ? "1970-01-01" : dayOf(clock.currentTimeMillisUnsafe())
        const part = { day, tenant: isShared ? "all" : tenant, job }[dimension as "day" | "tenant" | "job"]
        const name = dimension === undefined ? "total" : `${dimension}:${part}`
        const scope = scopes.get(name) ?? { name, cap: Number(amount), spent: 0, reserved: 0 }
        scopes.set(name, scope)
        return breaks("counts a call in all of its scopes or in none") && dimension === "job" ? [] : [scope]
      })
    }

    const exceeded = (claimed: ReadonlyArray<Scope>, amount: number) => {
      const tooTight = breaks("makes a call that fits exactly") && amount === 93 ? 1 : 0
      const isBlind = breaks("exceeds no cap with concurrent calls") && amount === 30
      return claimed.find(({ cap, reserved, spent }) => spent + (isBlind ? 0 : reserved) + amount + tooTight > cap)
    }

    const refusal = ({ cap, name, reserved, spent }: Scope, amount: number) =>
      new BudgetExceededError({
        message: "exceeded",
        scope: breaks("names the scope with the amounts of a refusal") && name === "total" ? "all" : name,
        currency: "USD",
        cap: dollars(cap),
        spent: dollars(spent),
        reserved: dollars(reserved),
        requested: dollars(amount)
      })

    const spend = (scope: Scope, amount: number): void => {
      const before = scope.spent / scope.cap
      scope.spent += amount
      const isCrossed = (threshold: number) =>
        (before < threshold || breaks("emits each threshold once when it is crossed")) &&
        scope.spent / scope.cap >= threshold
      for (const threshold of settings.thresholds.filter(isCrossed)) {
        const { cap, name, spent } = scope
        PubSub.publishUnsafe(published, {
          _tag: "ThresholdCrossed",
          scope: name,
          currency: "USD",
          cap: dollars(cap),
          spent: dollars(spent),
          threshold,
          at: 0
        })
      }
    }

    const publishOverrun = ({ cap, name }: Scope, amount: number, used: number): void => {
      if (breaks("emits an overrun of a call that costs more than was reserved")) return
      PubSub.publishUnsafe(published, {
        _tag: "Overrun",
        scope: name,
        currency: "USD",
        cap: dollars(cap),
        reserved: dollars(amount),
        price: dollars(used),
        at: 0
      })
    }

    /** A reserved amount, which is settled once. */
    const hold = (claimed: ReadonlyArray<Scope>, amount: number) => {
      let isOpen = true
      for (const scope of claimed) scope.reserved += amount
      return (used: number) =>
        Effect.sync(() => {
          if (!isOpen) return
          isOpen = false
          for (const scope of claimed) {
            scope.reserved -= amount
            spend(scope, used)
            if (used > amount) publishOverrun(scope, amount, used)
          }
        })
    }

    const reserve = (amount: number, claimed: ReadonlyArray<Scope>) => {
      const attempt = Effect.suspend(() => {
        const scope = exceeded(claimed, amount)
        return scope === undefined ? Effect.succeed(hold(claimed, amount)) : Effect.fail(refusal(scope, amount))
      })
      if (Duration.isZero(settings.maxWait)) return attempt
      const isHasty =
        breaks("makes a waiting call when running ones have settled") && Duration.toSeconds(settings.maxWait) > 1
      const isPatient =
        breaks("refuses a waiting call after the longest wait") && Duration.toSeconds(settings.maxWait) < 1
      const deadline = isPatient ? Duration.hours(1) : isHasty ? Duration.zero : settings.maxWait
      const until = clock.currentTimeMillisUnsafe() + Duration.toMillis(deadline)
      const again: typeof attempt = Effect.catch(attempt, (error) =>
        clock.currentTimeMillisUnsafe() >= until ? Effect.fail(error) : Effect.andThen(Effect.yieldNow, again)
      )
      return again
    }

    const checkPrice = ({ provider, request: { model } }: Call) =>
      model === "unpriced" ? Effect.fail(new UnknownPriceError({ message: "unknown", provider, model })) : Effect.void

    const open: Service["open"] = (call) =>
      Effect.gen(function* () {
        if (!breaks("refuses a call whose price is not known")) yield* checkPrice(call)
        const claimed = scopesOf(yield* Effect.context<never>())
        let first: ReturnType<typeof hold> | undefined = yield* reserve(costOf(call), claimed)
        const pending = new Set<ReturnType<typeof hold>>()
        yield* Effect.addFinalizer(() =>
          Effect.suspend(() => {
            const isKept = costOf(call) === 30 && breaks("releases everything when no attempt was made")
            const unused = isKept ? costOf(call) : 0
            const unsettled = breaks("charges an attempt that is not settled in full") ? 0 : costOf(call)
            return Effect.forEach([...pending], (settle) => settle(unsettled), { discard: true }).pipe(
              Effect.andThen(first?.(unused) ?? Effect.void)
            )
          })
        )
        const chargeOf = (usage: Parameters<AttemptReservation["settle"]>[0]): number => {
          if (usage === undefined) return breaks("charges nothing for an attempt that never reached the host") ? 1 : 0
          // The host of the suite reports 10 tokens for every prompt, and an estimate has another number.
          if (usage.prompt_tokens !== 10)
            return breaks("charges all that a stream may have used when its reader leaves") ? 0 : costOf(call)
          const isStream = usage.completion_tokens === 9
          if (breaks("charges what a stream used") && isStream) return costOf(call)
          return breaks("charges what a call used") && usage.completion_tokens === 7 && costOf(call) === 30
            ? costOf(call)
            : usage.completion_tokens
        }
        return {
          reserve: (attempt) =>
            Effect.gen(function* () {
              const isFree = breaks("reserves for each further attempt of a call") && first === undefined
              const settle = first ?? (isFree ? hold([], 0) : yield* reserve(costOf(attempt), claimed))
              first = undefined
              pending.add(settle)
              return {
                settle: (usage) =>
                  Effect.andThen(
                    Effect.sync(() => pending.delete(settle)),
                    settle(chargeOf(usage))
                  )
              }
            })
        }
      })

    const reserveExpense: Service["reserve"] = ({ cost }) =>
      Effect.gen(function* () {
        const amount = BigDecimal.toNumberUnsafe(cost.total)
        const claimed = scopesOf(yield* Effect.context<never>())
        const isFree = breaks("refuses an expense that exceeds the cap") && amount === 101
        const settle = isFree ? hold([], 0) : yield* reserve(amount, claimed)
        const rest = breaks("charges an expense that is not settled in full") ? 0 : amount
        yield* Effect.addFinalizer(() => settle(rest))
        const isRound = breaks("charges what an expense is settled with")
        return { settle: (charged) => settle(isRound ? amount : BigDecimal.toNumberUnsafe(charged)) }
      })

    const unpriced = ({ model, provider }: HoldOptions) =>
      new UnknownPriceError({ message: "unknown", provider, model })

    const works = new Map<string, Work>()

    const holdWork: Service["hold"] = (work) =>
      Effect.gen(function* () {
        const { cost, id, lease } = work
        const isForgotten =
          (id === "reserved" && breaks("reserves the cost of a hold")) ||
          (id === "unpriced" && breaks("refuses a hold whose cost is not known")) ||
          (id === "refused" && breaks("refuses a hold that exceeds the cap"))
        if (isForgotten || (works.has(id) && !breaks("reserves a hold once when its id is repeated"))) return
        if (Option.isNone(cost)) return yield* Effect.fail(unpriced(work))
        const amount = BigDecimal.toNumberUnsafe(cost.value.total)
        const isUntagged = breaks("reserves a hold in the scope of its tenant")
        const claimed = scopesOf(isUntagged ? Context.empty() : yield* Effect.context<never>())
        const settle = yield* reserve(amount, claimed)
        const endsAt = clock.currentTimeMillisUnsafe() + Duration.toMillis(Duration.fromInputUnsafe(lease))
        works.set(id, { amount, settle, endsAt })
      })

    const settleWork: Service["settleHold"] = (id, cost) =>
      Effect.suspend(() => {
        const isAny = id === "unknown" && breaks("ignores the settlement of an unknown hold")
        const work = isAny ? [...works.values()][0] : works.get(id)
        if (work === undefined) return Effect.void
        const used = cost === undefined ? 0 : BigDecimal.toNumberUnsafe(cost.total)
        const isFull =
          (id === "settled" && breaks("charges what a hold is settled with")) ||
          (id === "released" && breaks("releases a hold that is settled without a cost"))
        const settled = work.settle(isFull ? work.amount : used)
        // It can be settled again, as if it were new.
        return breaks("settles a hold once")
          ? Effect.andThen(
              settled,
              Effect.sync(() => works.set(id, { ...work, settle: hold(scopesOf(Context.empty()), 0) }))
            )
          : settled
      })

    const settleEnded = Effect.suspend(() => {
      const isLate = ({ endsAt }: Work) => clock.currentTimeMillisUnsafe() >= endsAt
      const ended = breaks("charges a hold in full when its lease has ended") ? [] : [...works.values()].filter(isLate)
      return Effect.forEach(ended, ({ amount, settle }) => settle(amount), { discard: true })
    })

    /** What is opened without the stage. */
    const openAlone: Service["open"] = (call) => {
      const cost = costOf(call)
      const isFree =
        (cost === 20 && breaks("reserves the worst case of an opened call until its scope closes")) ||
        (cost === 21 && breaks("charges what an attempt of an opened call used")) ||
        (cost === 102 && breaks("refuses to open a call that exceeds the cap"))
      return isFree ? Effect.succeed({ reserve: () => Effect.succeed({ settle: () => Effect.void }) }) : open(call)
    }

    const withBudget = (call: Call, budget: Effect.Success<ReturnType<Service["open"]>>): Call => ({
      ...call,
      state: { ...call.state, budget }
    })

    const ahead = (call: Call, inner: (call: Call) => Effect.Effect<unknown, unknown>) =>
      breaks("makes no attempt of a call that exceeds the cap") && costOf(call) > 100
        ? Effect.exit(inner(call))
        : Effect.void

    return {
      open: openAlone,
      reserve: reserveExpense,
      stage: () =>
        Stage.make("budget", {
          effect: (inner) => (call) =>
            Effect.scoped(
              Effect.flatMap(
                Effect.tapError(open(call), () => ahead(call, inner)),
                (budget) => inner(withBudget(call, budget))
              )
            ),
          stream: (inner) => (call) =>
            Stream.unwrap(Effect.map(open(call), (budget) => inner(withBudget(call, budget))))
        }),
      checkPrice: (call) => (breaks("checks whether a price is known") ? Effect.void : checkPrice(call)),
      hold: holdWork,
      settleHold: settleWork,
      events: Stream.fromPubSub(published),
      state: Effect.map(settleEnded, () => {
        const all = [...scopes.values()].map(({ cap, name, reserved, spent }) => ({
          scope: name,
          currency: "USD" as const,
          cap: dollars(cap),
          spent: dollars(spent),
          reserved: dollars(breaks("reserves the worst case of a call while it runs") && reserved === 30 ? 0 : reserved)
        }))
        const hides = breaks("reports every scope in use") && all.some(({ scope }) => scope.startsWith("tenant:"))
        return hides ? all.slice(0, 1) : all
      }),
      today,
      onStoreError: "refuse",
      options: {}
    }
  })
