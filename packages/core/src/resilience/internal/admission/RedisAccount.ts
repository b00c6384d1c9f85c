/**
 * One account whose limits are shared through Redis.
 *
 * A call is first counted here and then in Redis, so that this process always
 * knows what it has spent itself. That is what it goes by while Redis is away:
 * its share of the limits (`OwnShare`). When Redis is back it reports what was
 * spent meanwhile, and keeps to its share for another minute, until everybody
 * has done so.
 *
 * Redis is asked for an account without known limits too: what the host asks of
 * one process holds for all, and a limit that it names needs the count.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { AdmissionError } from "../../../errors/OperationErrors.ts"
import type { CircuitOpenError } from "../../../errors/ResilienceErrors.ts"
import { AccountLimits } from "./AccountLimits.ts"
import { type AdmissionScript, maxPollMillis, pollMillis, type Reply, type UsageTotals } from "./AdmissionScript.ts"
import type { AccountState, PermitRequest, QueueLimits, Permit } from "./Limiter.ts"
import * as LocalLimiter from "./LocalLimiter.ts"
import { type RemoteUsage, LocalShare } from "./LocalShare.ts"
import type { RateLimits } from "../../RateLimits.ts"
import type { StoreOutage } from "../../../internal/StoreOutage.ts"
import type { Restore } from "../../../pipeline/internal/StreamGuard.ts"
import * as WaitQueue from "./WaitQueue.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  readonly name: string
  /** Read when a call comes, and may change. */
  readonly queueLimits: QueueLimits
  readonly limits: RateLimits
  /** Part of the limits that this process keeps to while Redis is away. */
  readonly localShare: number
  readonly marginMillis: number
  /** How long Redis is left alone before it is told again what it did not hear. */
  readonly retryMillis: number
  readonly script: AdmissionScript
  readonly outage: StoreOutage
  /** A name for a place that no other process gives. */
  readonly nextPermitId: () => string
  /** Told when Redis does not answer. */
  readonly onStoreUnavailable: () => void
  /** Runs an effect beside the calls. */
  readonly runInBackground: (effect: Effect.Effect<void>) => void
  readonly context: Context.Context<never>
}

/**
 * @category models
 * @since 0.1.0
 */
export interface RedisAccount {
  readonly acquire: (ask: PermitRequest, restore: Restore) => Effect.Effect<Permit, AdmissionError | CircuitOpenError>
  /** Goes on without Redis until it has been told what is spent meanwhile. */
  readonly markStale: () => void
  /** Keeps the places that calls hold. */
  readonly renew: Effect.Effect<void>
  /** Takes other limits. Redis is told them with the next call that asks. */
  readonly change: (limits: RateLimits) => void
  readonly state: () => AccountState
}

/** How long a Redis that lost its memory may know less than was spent. */
const minuteMillis = 60_000

const addUsage = (spent: UsageTotals, requests: number, tokens: number): UsageTotals => ({
  requests: spent.requests + requests,
  tokens: spent.tokens + tokens
})

/** A grant that came for the call that goes next. */
interface Grant {
  readonly tokens: number
  readonly permit: WaitQueue.RevocablePermit
}

/** What Redis has refused to calls of so many tokens and more. */
interface Refusal {
  readonly tokens: number
  /** Until when there is no room for certain, and until when not to ask again. */
  readonly noRoomUntil: number
  readonly retryAt: number
}

const noRefusal: Refusal = { tokens: 0, noRoomUntil: 0, retryAt: 0 }

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options): RedisAccount => {
  const { runInBackground, context, marginMillis, name, nextPermitId, outage, script } = options
  const clock = Context.get(context, Clock.Clock)
  const own = new AccountLimits(options.limits, marginMillis)
  const share = new LocalShare(options.localShare, marginMillis)
  /** Places of calls that run, and which of them Redis knows. */
  const held = new Set<string>()
  const shared = new Set<string>()
  /** Places of calls that have ended, or were never let in, which Redis may still hold. */
  const gone = new Set<string>()
  let heard: RemoteUsage = { requests: 0, tokens: 0, daily: 0, remoteInFlight: 0, at: Number.NEGATIVE_INFINITY }
  /** What is counted here and not yet answered by Redis. */
  let asked: UsageTotals = { requests: 0, tokens: 0 }
  /** All that was ever let in without Redis, and how much of it Redis has confirmed. */
  let alone: UsageTotals = asked
  let confirmed: UsageTotals = alone
  /** Whether Redis has to be told first what was spent without it. */
  let isStale = false
  let isRecovering = false
  let isAsking = false
  let unsureUntil = 0
  let refusal = noRefusal
  let grant: Grant | undefined

  const now = () => clock.currentTimeMillisUnsafe()

  /** What this process has spent, without what it has only asked for. */
  const spent = () => {
    const { daily, requests, tokens } = share.totals(now())
    return { requests: requests - asked.requests, tokens: tokens - asked.tokens, daily: daily - asked.tokens }
  }

  const lose = (): void => {
    if (isStale) return
    isStale = true
    share.applyRemoteUsage(heard, spent(), now())
    if (isRecovering) return
    isRecovering = true
    runInBackground(recover)
  }

  const hear = (reply: Reply): void => {
    if (reply.status === "lost") return lose()
    const at = now()
    heard = { ...reply, at, remoteInFlight: Math.max(0, reply.inFlight - held.size) }
    unsureUntil = Math.max(unsureUntil, at + reply.uncertainMillis)
  }

  const report = Effect.suspend(() => {
    const told = alone
    return Effect.map(outage.tryRun(script.report(confirmed, told, spent())), (reply) => {
      if (Option.isNone(reply)) return options.onStoreUnavailable()
      confirmed = told
      isStale = false
      unsureUntil = now() + minuteMillis + marginMillis
      hear(reply.value)
      room.dispatch()
    })
  })

  const renew = Effect.suspend(() => {
    if (isStale || (held.size === 0 && gone.size === 0)) return Effect.void
    const left = [...gone]
    for (const place of held) shared.add(place)
    return Effect.map(outage.tryRun(script.renew(held, left)), (reply) => {
      if (Option.isNone(reply)) return options.onStoreUnavailable()
      hear(reply.value)
      for (const place of left) gone.delete(place)
    })
  })

  /** Reports until Redis knows all, also what was let in while a report was on its way. */
  const recover = Effect.andThen(
    Effect.whileLoop({
      while: () => isStale || alone !== confirmed,
      body: () =>
        Effect.andThen(
          report,
          Effect.suspend(() => (isStale ? Effect.sleep(options.retryMillis) : renew))
        ),
      step: () => undefined
    }),
    Effect.sync(() => {
      isRecovering = false
    })
  )

  /** Milliseconds until the share has room for a call, where that is what this process goes by. */
  const shareWait = (tokens: number, at: number): number =>
    isStale || at < unsureUntil ? share.waitMillis(tokens, own.limits, at) : 0

  /** When to look again at a call that may be let in sooner than is known, but not when it has given up by then. */
  const soon = (wait: number, at: number, deadline: number): number => {
    const next = Math.min(wait, maxPollMillis)
    return at + next < deadline ? next : Number.POSITIVE_INFINITY
  }

  /** Milliseconds until it makes sense to ask Redis, or until there is room where that is later than a call can wait. */
  const refusedFor = (tokens: number, at: number, deadline: number): number => {
    if (tokens < refusal.tokens || refusal.retryAt <= at) return 0
    return refusal.noRoomUntil >= deadline ? refusal.noRoomUntil - at : soon(refusal.retryAt - at, at, deadline)
  }

  const reserve = (tokens: number, at: number): void => {
    own.acquire(tokens, at)
    share.acquire(tokens, at)
  }

  const unreserve = (tokens: number, at: number): void => {
    own.cancel(tokens, at, now())
    share.cancel(tokens, at, now())
  }

  const tellLeft = (place: string): void => {
    const isKnown = shared.delete(place)
    if (isStale) {
      if (isKnown) gone.add(place)
      return
    }
    const at = now()
    const pause = Math.max(0, own.usage(at).pausedUntil - at)
    runInBackground(
      Effect.map(outage.tryRun(script.release(place, pause)), (reply) => {
        if (Option.isSome(reply)) return hear(reply.value)
        gone.add(place)
        options.onStoreUnavailable()
      })
    )
  }

  /** The place of a call that is counted here already. */
  const given = (place: string, tokens: number, at: number): WaitQueue.RevocablePermit => {
    held.add(place)
    const end = (settle: (later: number) => void) =>
      Effect.sync(() => {
        if (!held.delete(place)) return
        settle(now())
        tellLeft(place)
        // A free place is no news to who waits for the rates.
        if (refusal.tokens === 0) refusal = noRefusal
        if (room.size() > 0) room.dispatch()
      })
    return {
      recordRateStatus: (status) => own.recordRateStatus(status, now()),
      release: (outcome) =>
        end((later) => {
          own.release()
          share.release()
          if (outcome === "success") own.recordSuccess(later)
          else if (outcome !== "interrupted") own.recordFailure(outcome, later)
        }),
      revoke: end(() => unreserve(tokens, at))
    }
  }

  /** Lets a call in without asking Redis, which is told later. */
  const admitAlone = (tokens: number, at: number): WaitQueue.RevocablePermit => {
    reserve(tokens, at)
    alone = addUsage(alone, 1, tokens)
    return given(nextPermitId(), tokens, at)
  }

  /** The limits at the pace that the host's refusals have left. */
  const pacedLimits = (tokens: number, at: number): RateLimits => {
    const { limits } = own
    const { pace } = own.usage(at)
    if (pace === 1) return limits
    const paced = (limit: number | undefined, amount: number) =>
      limit === undefined ? undefined : Math.max(limit * pace, amount)
    return {
      ...limits,
      requestsPerMinute: paced(limits.requestsPerMinute, 1),
      tokensPerMinute: paced(limits.tokensPerMinute, tokens)
    }
  }

  /** Asks Redis for a call: its place, or the milliseconds that it waits at least. */
  const ask = (tokens: number, at: number): Effect.Effect<WaitQueue.RevocablePermit | number> =>
    Effect.suspend(() => {
      const place = nextPermitId()
      reserve(tokens, at)
      asked = addUsage(asked, 1, tokens)
      return Effect.map(outage.tryRun(script.acquire(place, tokens, pacedLimits(tokens, at))), (answer) => {
        asked = addUsage(asked, -1, -tokens)
        if (Option.isSome(answer) && answer.value.status === "ok") {
          shared.add(place)
          const entered = given(place, tokens, at)
          hear(answer.value)
          return entered
        }
        unreserve(tokens, at)
        if (Option.isNone(answer)) {
          gone.add(place)
          options.onStoreUnavailable()
          return 0
        }
        hear(answer.value)
        const { status, waitMillis: wait } = answer.value
        if (status === "lost") return 0
        const answered = now()
        // Any call that ends makes room where all places are taken.
        refusal =
          status === "full"
            ? { tokens: 0, noRoomUntil: 0, retryAt: answered + pollMillis }
            : {
                tokens,
                noRoomUntil: answered + wait,
                retryAt: answered + Math.max(pollMillis, Math.min(wait, maxPollMillis))
              }
        return wait
      })
    })

  /** Asks for the call that goes next; whatever the answer is, it is looked at again. */
  const askInBackground = (tokens: number, at: number): void => {
    isAsking = true
    const asking = Effect.gen(function* () {
      const answer = yield* ask(tokens, at)
      // The room may be in the middle of asking.
      yield* Effect.yieldNow
      isAsking = false
      if (typeof answer !== "number") grant = { tokens, permit: answer }
      room.dispatch()
      const unused = grant
      grant = undefined
      // Nobody waits any longer; what Redis has counted stays counted, as if the call had been made.
      if (unused !== undefined) yield* unused.permit.revoke
    })
    runInBackground(Effect.uninterruptible(asking))
  }

  const decide: WaitQueue.AdmissionPolicy["decide"] = (waiter, at) => {
    const tokens = own.countsTokens ? waiter.tokens : 0
    if (grant !== undefined) {
      const { permit: place, tokens: granted } = grant
      grant = undefined
      if (granted === tokens) return place
      runInBackground(place.revoke)
    }
    const excess = own.exceededLimit(tokens)
    if (excess !== undefined) return LocalLimiter.limitExceeded(name, tokens, excess)
    const wait = own.waitMillis(tokens, at)
    if (wait > 0) return wait
    const later = shareWait(tokens, at)
    if (later > 0) return soon(later, at, waiter.deadline)
    if (isStale) return admitAlone(tokens, at)
    if (isAsking) return Number.POSITIVE_INFINITY
    const refused = refusedFor(tokens, at, waiter.deadline)
    if (refused > 0) return refused
    askInBackground(tokens, at)
    return Number.POSITIVE_INFINITY
  }

  const estimate: WaitQueue.AdmissionPolicy["estimateWait"] = (calls, tokens, at) =>
    Math.max(refusal.retryAt - at, LocalLimiter.estimateWait(own, calls, tokens, at, 0))

  const room: WaitQueue.WaitQueue = WaitQueue.make(
    name,
    options.queueLimits,
    { decide, estimateWait: estimate },
    context
  )

  const enter: RedisAccount["acquire"] = (asking, restore) =>
    Effect.suspend(() => {
      const at = now()
      const count = () => Math.ceil(asking.tokens())
      const tokens = own.countsTokens ? count() : 0
      // Tokens may begin to count while the call waits.
      const wait = (atLeast: number) => room.wait(asking, own.countsTokens ? tokens : count(), atLeast, restore)
      const excess = own.exceededLimit(tokens)
      if (excess !== undefined) return Effect.fail(LocalLimiter.limitExceeded(name, tokens, excess))
      const atLeast = own.waitMillis(tokens, at)
      if (atLeast > 0 || shareWait(tokens, at) > 0 || room.size() > 0) return wait(atLeast)
      if (isStale) return Effect.succeed(admitAlone(tokens, at))
      if (refusedFor(tokens, at, Number.POSITIVE_INFINITY) > 0) return wait(0)
      return Effect.flatMap(ask(tokens, at), (answer): ReturnType<typeof wait> =>
        typeof answer === "number" ? wait(answer) : Effect.succeed(answer)
      )
    })

  return {
    acquire: enter,
    markStale: lose,
    renew,
    change: (limits) => {
      own.change(limits)
      refusal = noRefusal
      room.dispatch()
    },
    state: () => ({ ...own.usage(now()), limits: own.limits, ...room.state() })
  }
}
