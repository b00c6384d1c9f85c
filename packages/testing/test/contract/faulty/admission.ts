/**
 * Admission in memory that keeps every law of the contract, or every law but one: `broken`
 * names the one. Each account has a list of admitted calls and a list of waiting ones.
 */
import type { Admission } from "@kimi-effect/core/Admission"
import { CallOptions } from "@kimi-effect/core/CallOptions"
import { ChatResponse } from "@kimi-effect/core/ChatResponse"
import { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import { isKimiError } from "@kimi-effect/core/KimiError"
import { AdmissionLimitError, AdmissionQueueFullError, AdmissionTimeoutError } from "@kimi-effect/core/ResilienceErrors"
import { Cause, Clock, Context, Deferred, Duration, Effect, Exit, Option } from "effect"
import type { Settings } from "../../../src/contract/AdmissionContract.ts"

type Service = Admission["Service"]
type Guard = Service["guard"]
type Request = Parameters<Service["acquire"]>[0]
type Permit = Effect.Success<ReturnType<Service["acquire"]>>
type AcquireError = Effect.Error<ReturnType<Service["acquire"]>>
type Outcome = Parameters<Permit["release"]>[0]
type State = Effect.Success<Service["states"]> extends ReadonlyMap<string, infer A> ? A : never

interface Waiter {
  readonly request: Request
  readonly rank: number
  readonly turn: number
  readonly rejection: () => AcquireError | undefined
  readonly admitted: Deferred.Deferred<void, AcquireError>
}

interface Account {
  limits: Settings["limits"]
  running: number
  pausedUntil: number
  calls: Array<{ readonly at: number; readonly tokens: number }>
  waiters: Array<Waiter>
}

const minute = 60_000
const copyOf = <E>(error: E): E => (isKimiError(error) && error._tag === "ServerError" ? { ...error } : error)
const tenantOf = (request: Request): unknown => Reflect.get(request, "tenant")
const ranks = { interactive: 0, batch: 1, swarm: 2 }

export const make = (settings: Settings, broken?: string): Effect.Effect<Service> =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const accounts = new Map<string, Account>()
    const maxWait = Duration.toMillis(settings.maxWait)
    const breaks = (law: string) => law === broken
    const now = () => clock.currentTimeMillisUnsafe()

    const accountOf = (name: string): Account => {
      const known = accounts.get(name)
      if (known !== undefined) return known
      const account = { limits: settings.limits, running: 0, pausedUntil: 0, calls: [], waiters: [] }
      accounts.set(name, account)
      return account
    }

    /** Milliseconds until the sum of a window has room. */
    const windowWait = (
      { calls }: Account,
      limit: number | undefined,
      amounts: (tokens: number) => number,
      own: number,
      window: number
    ) => {
      if (limit === undefined) return 0
      const counted = calls.filter(({ at }) => at + window > now())
      const used = counted.reduce((sum, { tokens }) => sum + amounts(tokens), 0)
      return used + own <= limit ? 0 : (counted[0]?.at ?? now()) + window - now()
    }

    const waitOf = (account: Account, tokens: number): number => {
      const { limits } = account
      const spare = breaks("makes only as many attempts at once as its concurrency") ? 1 : 0
      const others = breaks("separates accounts")
        ? [...accounts.values()].reduce((sum, { running }) => sum + running, 0)
        : account.running
      if (others >= (limits.concurrency ?? Infinity) + (limits.concurrency === 2 ? spare : 0)) return Infinity
      const early = breaks("admits a call when earlier ones are over a minute ago") ? 0.75 * minute : minute
      const requests =
        breaks("admits no more requests in a minute than its limit") && limits.requestsPerMinute === 2
          ? 3
          : limits.requestsPerMinute
      return Math.max(
        account.pausedUntil - now(),
        windowWait(account, requests, () => 1, 1, early),
        breaks("admits no more tokens in a minute than its limit")
          ? 0
          : windowWait(account, limits.tokensPerMinute, (count) => count, tokens, minute),
        breaks("admits no more tokens in a day than its limit")
          ? 0
          : windowWait(account, limits.tokensPerDay, (count) => count, tokens, 1_440 * minute)
      )
    }

    const take = (account: Account, tokens: number): void => {
      account.running += 1
      account.calls.push({ at: now(), tokens })
    }

    const next = ({ waiters }: Account): Waiter | undefined => {
      const byPriority = !breaks("admits waiting calls in the order of their priority")
      const byTurn = !breaks("admits waiting calls of tenants in turns")
      const sorted = waiters.toSorted((a, b) => (byPriority ? a.rank - b.rank : 0) || (byTurn ? a.turn - b.turn : 0))
      const [first] = sorted
      const isOneLine = waiters.every(
        ({ rank, request }) => rank === first?.rank && tenantOf(request) === tenantOf(first.request)
      )
      const isReversed = isOneLine && breaks("admits waiting calls of one priority in the order of their arrival")
      return isReversed ? sorted.at(-1) : first
    }

    const admitWaiting = (account: Account): void => {
      for (let waiter = next(account); waiter !== undefined; waiter = next(account)) {
        const rejection = breaks("rejects a waiting call whose circuit has opened") ? undefined : waiter.rejection()
        if (rejection === undefined && waitOf(account, waiter.request.tokens()) > 0) return
        account.waiters.splice(account.waiters.indexOf(waiter), 1)
        if (rejection === undefined) take(account, waiter.request.tokens())
        Deferred.doneUnsafe(waiter.admitted, rejection === undefined ? Exit.void : Exit.fail(rejection))
      }
    }

    const learn = (account: Account, outcome: Outcome): void => {
      if (!isKimiError(outcome)) return
      if (outcome.retryAfter !== undefined && !breaks("admits no call for the pause that refusals in a row request")) {
        account.pausedUntil = now() + Duration.toMillis(outcome.retryAfter)
      }
      if (outcome._tag !== "RateLimitError" || breaks("applies the limit that a refusal of the host names")) return
      account.limits = { ...account.limits, requestsPerMinute: outcome.limit }
    }

    const permitOf = (account: Account): Permit => {
      let isReleased = false
      return {
        recordRateStatus: ({ remaining, reset = 0 }) => {
          if (remaining !== 0 || breaks("admits no call when a response reports that none remains")) return
          account.pausedUntil = now() + reset
        },
        release: (outcome) =>
          Effect.sync(() => {
            if (isReleased && !breaks("releases an acquired permit only once")) return
            isReleased = true
            account.running -= 1
            learn(account, outcome)
            admitWaiting(account)
          })
      }
    }

    const timeoutError = ({ account }: Request, wait: number) =>
      new AdmissionTimeoutError({
        message: "No permit in time",
        account,
        maxWait: settings.maxWait,
        ...(wait === Infinity || breaks("reports to a refused call how long it would have to wait")
          ? {}
          : { retryAfter: Duration.millis(wait) })
      })

    const enqueue = (account: Account, request: Request, fiberContext: Context.Context<never>): Waiter => {
      const { priority, tenant } = Context.get(fiberContext, CallOptions)
      const tenants = account.waiters.filter(({ request: other }) => tenantOf(other) === tenant)
      const waiter: Waiter = {
        request: Object.assign({ ...request }, { tenant }),
        rank: ranks[priority],
        turn: tenants.length,
        rejection: request.watch?.() ?? (() => undefined),
        admitted: Deferred.makeUnsafe()
      }
      account.waiters.push(waiter)
      return waiter
    }

    const waitForPermit = (account: Account, waiter: Waiter, restore: Parameters<Service["acquire"]>[1]) => {
      const remove = Effect.sync(() => {
        const at = account.waiters.indexOf(waiter)
        if (at >= 0 && !breaks("admits the next call when one is interrupted while it waits"))
          account.waiters.splice(at, 1)
      })
      const wake = Effect.suspend(() => {
        const wait = waitOf(account, waiter.request.tokens())
        return Number.isFinite(wait)
          ? Effect.andThen(
              Effect.sleep(Math.max(1, wait)),
              Effect.sync(() => admitWaiting(account))
            )
          : Effect.never
      })
      const isPatient = breaks("fails a call that has waited for the longest wait")
      const timeout = Effect.andThen(
        isPatient ? Effect.never : Effect.sleep(maxWait),
        Effect.suspend(() => Effect.fail(timeoutError(waiter.request, waitOf(account, waiter.request.tokens()))))
      )
      const granted = Effect.raceFirst(
        Deferred.await(waiter.admitted),
        Effect.raceFirst(Effect.andThen(wake, Effect.never), timeout)
      )
      return Effect.as(
        Effect.onExit(restore(granted), (exit) => (Exit.isSuccess(exit) ? Effect.void : remove)),
        permitOf(account)
      )
    }

    const refusal = (account: Account, request: Request): AcquireError | undefined => {
      const { tokensPerMinute: limit } = account.limits
      const tokens = request.tokens()
      if (limit !== undefined && tokens > limit) {
        if (breaks("refuses a call that exceeds a limit by itself")) return timeoutError(request, minute)
        return new AdmissionLimitError({
          message: "Too large",
          account: request.account,
          kind: "tokens per minute",
          limit,
          tokens
        })
      }
      const wait = waitOf(account, tokens)
      if (Number.isFinite(wait) && wait > maxWait) return timeoutError(request, wait)
      if (account.waiters.length >= settings.maxQueue + (breaks("refuses a call when its queue is full") ? 1 : 0)) {
        return new AdmissionQueueFullError({ message: "Full", account: request.account, limit: settings.maxQueue })
      }
      return undefined
    }

    const acquire: Service["acquire"] = (request, restore) =>
      Effect.withFiber(({ context }) => {
        const account = accountOf(request.account)
        if (
          account.waiters.length === 0 &&
          waitOf(account, request.tokens()) <= 0 &&
          request.tokens() <= (account.limits.tokensPerMinute ?? Infinity)
        ) {
          take(account, request.tokens())
          return Effect.succeed(permitOf(account))
        }
        const error = refusal(account, request)
        if (error !== undefined) return Effect.fail(error)
        return waitForPermit(account, enqueue(account, request, context), restore)
      })

    const keepsPermit = (exit: Exit.Exit<unknown, unknown>): boolean => {
      if (Exit.isSuccess(exit)) return breaks("admits the next call when one succeeds")
      if (Cause.hasInterrupts(exit.cause)) return breaks("admits the next call when one is interrupted")
      return breaks(`admits the next call when one ${Cause.hasDies(exit.cause) ? "dies" : "fails"}`)
    }

    const guard: Guard = (request) => (attempt) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(acquire(request, restore), (permit) =>
          Effect.onExit(restore(attempt), (exit) => {
            if (Exit.isSuccess(exit) && exit.value instanceof ChatResponse && exit.value.rateStatus !== undefined) {
              permit.recordRateStatus(exit.value.rateStatus)
            }
            const error = Exit.isFailure(exit) ? Option.getOrUndefined(Cause.findErrorOption(exit.cause)) : undefined
            const isKept = keepsPermit(exit) && accountOf(request.account).waiters.length > 0
            return isKept ? Effect.void : permit.release(isKimiError(error) ? error : "success")
          })
        )
      )

    /** Passes on a copy of the error in place of the error. */
    const copyingGuard: Guard = (request) => (attempt) => Effect.mapError(guard(request)(attempt), copyOf)

    const repeatingGuard: Guard = (request) => (attempt) => guard(request)(Effect.catch(attempt, () => attempt))

    const brokenGuard = breaks("makes an admitted attempt once") ? repeatingGuard : guard

    const change: Service["change"] = ({ limits }) =>
      Effect.suspend(() => {
        if (limits === undefined || typeof limits === "function") return Effect.void
        if ((limits.concurrency ?? 1) < 1 && !breaks("rejects a change to an invalid limit")) {
          return Effect.fail(ConfigurationError.of([{ name: "concurrency", expected: "a positive integer" }]))
        }
        for (const account of accounts.values()) {
          const isLower = (limits.concurrency ?? Infinity) < (account.limits.concurrency ?? Infinity)
          if (breaks("admits no call until the running ones fit a lower limit") && isLower) account.running = 0
          account.limits = limits
          if (!breaks("admits waiting calls when a limit is raised")) admitWaiting(account)
        }
        return Effect.void
      })

    const stateOf = ({ limits, pausedUntil, running, waiters }: Account): State => ({
      limits,
      pausedUntil,
      inFlight: breaks("reports how many calls run") && running === 2 && waiters.length === 0 ? 1 : running,
      waiting: waiters.length,
      concurrency: limits.concurrency ?? Infinity,
      pace: 1,
      requestsInMinute: 0,
      tokensInMinute: 0,
      tokensInDay: 0,
      queues: { interactive: 0, batch: 0, swarm: 0 },
      maxQueue: settings.maxQueue
    })

    return {
      acquire: breaks("holds an acquired permit until it is released")
        ? (request, restore) => Effect.tap(acquire(request, restore), (permit) => permit.release("success"))
        : acquire,
      guard: breaks("passes on the result of an attempt") ? copyingGuard : brokenGuard,
      states: Effect.sync(() => new Map([...accounts].map(([name, account]) => [name, stateOf(account)]))),
      options: {},
      change
    }
  })
