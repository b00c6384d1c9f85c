/**
 * One account whose limits are shared through Redis.
 *
 * A call is first counted here and then in Redis, so that this process always
 * knows what it has spent itself. That is what it goes by while Redis is away:
 * its share of the limits, and no more than was left when it last heard of the
 * others. When Redis is back it reports what was spent meanwhile, and keeps to
 * its share for another minute, until everybody has done so.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { AdmissionError } from "../errors/OperationErrors.ts"
import type { CircuitOpenError } from "../errors/ResilienceErrors.ts"
import { AccountLimits } from "./AccountLimits.ts"
import type { AdmissionScript, Reply } from "./AdmissionScript.ts"
import type { AccountState, Ask, Outcome, Patience, Place } from "./Door.ts"
import type { Restore } from "./StreamGuard.ts"
import * as LocalDoor from "./LocalDoor.ts"
import { type RateLimits, scale } from "./RateLimits.ts"
import type { StoreOutage } from "./StoreOutage.ts"
import * as WaitingRoom from "./WaitingRoom.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options extends Patience {
  readonly name: string
  readonly limits: RateLimits
  /** Part of the limits that this process keeps to while Redis is away. */
  readonly share: number
  readonly marginMillis: number
  readonly script: AdmissionScript
  readonly outage: StoreOutage
  /** A name for a place that no other process gives. */
  readonly nextPlace: () => string
  /** Told when Redis does not answer. */
  readonly onLost: () => void
  readonly context: Context.Context<never>
}

/**
 * @category models
 * @since 0.1.0
 */
export interface RedisAccount {
  readonly enter: (ask: Ask, restore: Restore) => Effect.Effect<Place, AdmissionError | CircuitOpenError>
  /** Goes on without Redis until it has been told what is spent meanwhile. */
  readonly lose: () => void
  /** Keeps the places that calls hold. */
  readonly renew: Effect.Effect<void>
  readonly state: () => AccountState
}

/** How soon to ask again when all places are taken: another process may have given one back. */
const pollMillis = 50

/** How long a Redis that lost its memory may know less than was spent. */
const minuteMillis = 60_000

const none = { requests: 0, tokens: 0, daily: 0 }

/** A grant that came for the call that goes next. */
interface Grant {
  readonly tokens: number
  readonly place: WaitingRoom.GivenPlace
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options): RedisAccount => {
  const { context, marginMillis, name, nextPlace, outage, script } = options
  const clock = Context.get(context, Clock.Clock)
  const fork = Effect.runForkWith(context)
  const own = new AccountLimits(options.limits, marginMillis)
  const share = new AccountLimits(scale(options.limits, options.share), marginMillis)
  const held = new Set<string>()
  let total = none
  let missed = { requests: 0, tokens: 0 }
  /** Whether Redis has to be told first what was spent without it. */
  let isStale = false
  let isReporting = false
  let isAsking = false
  let unsureUntil = 0
  let notBefore = 0
  let grant: Grant | undefined

  const now = () => clock.currentTimeMillisUnsafe()
  const background = (effect: Effect.Effect<unknown>): void => void fork(effect)

  const lose = (): void => {
    if (isStale) return
    isStale = true
    const { requestsInMinute, tokensInDay, tokensInMinute } = own.usage(now())
    own.absorb(
      {
        requests: Math.max(0, total.requests - requestsInMinute),
        tokens: Math.max(0, total.tokens - tokensInMinute),
        daily: Math.max(0, total.daily - tokensInDay)
      },
      now()
    )
  }

  const heard = (reply: Reply): Reply => {
    if (reply.status === "lost") lose()
    else {
      total = reply
      unsureUntil = Math.max(unsureUntil, now() + reply.unsure)
    }
    return reply
  }

  const report = Effect.suspend(() => {
    const { requestsInMinute: requests, tokensInDay: daily, tokensInMinute: tokens } = share.usage(now())
    const told = missed
    return Effect.map(outage.reach(script.report(told, { requests, tokens, daily }, held)), (reply) => {
      isReporting = false
      if (Option.isNone(reply)) return
      missed = { requests: missed.requests - told.requests, tokens: missed.tokens - told.tokens }
      isStale = missed.requests > 0
      unsureUntil = now() + minuteMillis + marginMillis
      heard(reply.value)
      room.serve()
    })
  })

  /** Milliseconds until this process may let a call in, whatever Redis says. */
  const localWait = (tokens: number, at: number): number =>
    Math.max(own.wait(tokens, at), isStale || at < unsureUntil ? share.wait(tokens, at) : 0)

  const reserve = (tokens: number, at: number): void => {
    own.enter(tokens, at)
    share.enter(tokens, at)
  }

  const unreserve = (tokens: number, at: number): void => {
    own.cancel(tokens, at, now())
    share.cancel(tokens, at, now())
  }

  const tellLeft = (place: string, outcome: Outcome): void => {
    if (isStale) return
    const pause = typeof outcome === "object" && outcome._tag === "RateLimitError" ? outcome.retryAfter : undefined
    background(
      Effect.map(outage.reach(script.leave(place, pause === undefined ? 0 : Duration.toMillis(pause))), (reply) => {
        if (Option.isNone(reply)) return options.onLost()
        heard(reply.value)
      })
    )
  }

  /** The place of a call that is counted here already. */
  const given = (place: string, tokens: number, at: number): WaitingRoom.GivenPlace => {
    held.add(place)
    const end = (outcome: Outcome, settle: (later: number) => void) =>
      Effect.sync(() => {
        if (!held.delete(place)) return
        settle(now())
        tellLeft(place, outcome)
        notBefore = 0
        if (room.size() > 0) room.serve()
      })
    return {
      observe: (status) => own.observe(status, now()),
      leave: (outcome) =>
        end(outcome, (later) => {
          own.leave()
          share.leave()
          if (outcome === "success") own.succeed(later)
          else if (outcome !== "left") own.fail(outcome, at, later)
        }),
      cancel: end("left", () => unreserve(tokens, at))
    }
  }

  /** Lets a call in without asking Redis, and tries to tell it. */
  const admitAlone = (tokens: number, at: number): WaitingRoom.GivenPlace => {
    reserve(tokens, at)
    missed = { requests: missed.requests + 1, tokens: missed.tokens + tokens }
    return given(nextPlace(), tokens, at)
  }

  const tryReport = (): void => {
    if (isReporting) return
    isReporting = true
    background(report)
  }

  /**
   * Asks Redis for a call that is counted here: its place, or milliseconds
   * until asking again makes sense.
   */
  const ask = (tokens: number, at: number): Effect.Effect<WaitingRoom.GivenPlace | number> =>
    Effect.suspend(() => {
      const place = nextPlace()
      return Effect.map(outage.reach(script.enter(place, tokens, own.limits)), (answer) => {
        if (Option.isNone(answer)) options.onLost()
        else if (heard(answer.value).status === "ok") return given(place, tokens, at)
        unreserve(tokens, at)
        if (Option.isNone(answer)) return 0
        return answer.value.status === "full" ? pollMillis : answer.value.wait
      })
    })

  /** Asks for the call that goes next; whatever the answer is, it is looked at again. */
  const askInBackground = (tokens: number, at: number): void => {
    isAsking = true
    background(
      Effect.map(ask(tokens, at), (answer) => {
        isAsking = false
        if (typeof answer === "number") notBefore = now() + answer
        else grant = { tokens, place: answer }
        room.serve()
        const unused = grant
        grant = undefined
        if (unused !== undefined) background(unused.place.cancel)
      })
    )
  }

  const decide: WaitingRoom.Decider["decide"] = ({ tokens }, at) => {
    if (grant !== undefined) {
      const { place, tokens: granted } = grant
      grant = undefined
      if (granted === tokens) return place
      background(place.cancel)
    }
    const excess = own.exceeds(tokens)
    if (excess !== undefined) return LocalDoor.tooLarge(name, tokens, excess)
    const wait = localWait(tokens, at)
    if (isStale) {
      tryReport()
      return wait === 0 ? admitAlone(tokens, at) : wait
    }
    if (isAsking) return Number.POSITIVE_INFINITY
    if (wait > 0) return Math.max(wait, notBefore - at)
    if (notBefore > at) return notBefore - at
    reserve(tokens, at)
    askInBackground(tokens, at)
    return Number.POSITIVE_INFINITY
  }

  const estimate: WaitingRoom.Decider["estimate"] = (calls, tokens, at) =>
    Math.max(notBefore - at, LocalDoor.estimate(own, calls, tokens, at, 0))

  const room: WaitingRoom.WaitingRoom = WaitingRoom.make(name, options, { decide, estimate }, context)

  const enter: RedisAccount["enter"] = (asked, restore) =>
    Effect.suspend(() => {
      const at = now()
      const tokens = own.countsTokens ? asked.tokens() : 0
      const excess = own.exceeds(tokens)
      if (excess !== undefined) return Effect.fail(LocalDoor.tooLarge(name, tokens, excess))
      const wait = localWait(tokens, at)
      if (isStale) tryReport()
      if (wait > 0 || room.size() > 0) return room.wait(asked, tokens, wait, restore)
      if (isStale) return Effect.succeed(admitAlone(tokens, at))
      if (notBefore > at) return room.wait(asked, tokens, notBefore - at, restore)
      reserve(tokens, at)
      return Effect.flatMap(ask(tokens, at), (answer): ReturnType<WaitingRoom.WaitingRoom["wait"]> => {
        if (typeof answer !== "number") return Effect.succeed(answer)
        notBefore = now() + answer
        return room.wait(asked, tokens, answer, restore)
      })
    })

  return {
    enter,
    lose,
    renew: Effect.suspend(() =>
      held.size === 0 || isStale
        ? Effect.void
        : Effect.map(outage.reach(script.renew(held)), (reply) => {
            if (Option.isNone(reply)) return options.onLost()
            heard(reply.value)
          })
    ),
    state: () => ({ ...own.usage(now()), limits: own.limits, waiting: room.size() })
  }
}
