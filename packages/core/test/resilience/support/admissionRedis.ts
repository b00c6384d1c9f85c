/**
 * An in-memory Redis for admission: a simple count in place of the script,
 * which can be made to fail, not to reply, and to lose its data.
 */
import { Clock, Duration, Effect, Layer } from "effect"
import * as Redis from "../../../src/Redis.ts"
import * as Admission from "../../../src/resilience/Admission.ts"

export interface FakeRedis {
  /** How commands end: with a reply, an error, or never. */
  mode: "up" | "failing" | "silent"
  /** The duration of each command, which is executed half-way. With zero it is executed synchronously. */
  delay: Duration.Duration
  /** All commands by the name of their operation. */
  readonly commands: Array<string>
  /** The current usage. */
  readonly spent: Effect.Effect<{ readonly requests: number; readonly tokens: number }>
  readonly permits: Set<string>
  /** The limits of the last request: concurrency, requests, tokens, tokens per day. */
  limits: ReadonlyArray<number>
  forget: () => void
  readonly redis: Redis.Redis["Service"]
}

interface Count {
  readonly at: number
  readonly requests: number
  readonly tokens: number
}

const died = Effect.fail(Redis.fromCause("admission", new Error("gone")))

export const makeFakeRedis = (): FakeRedis => {
  let generation = 0
  let counts: Array<Count> = []
  let paused = 0
  const reported = new Map<string, Count>()

  const within = (now: number, window: number) => {
    const live = counts.filter(({ at }) => at + window > now)
    return {
      requests: live.reduce((sum, { requests }) => sum + requests, 0),
      tokens: live.reduce((sum, { tokens }) => sum + tokens, 0)
    }
  }

  const done = (args: ReadonlyArray<string | number>, now: number): ReadonlyArray<unknown> => {
    const [op, known, process, place] = args.slice(0, 4).map(String)
    const [requests = 0, tokens = 0, minute = 0, day = 0, ...rest] = args.slice(5).map(Number)
    const current = `generation ${generation}`
    let status = "ok"
    let wait = 0
    let reason = 0
    if (op !== "report" && known !== "" && known !== current) status = "reset"
    else if (op === "release") {
      self.permits.delete(`${place}`)
      paused = Math.max(paused, now + (rest[0] ?? 0))
    } else if (op === "renew") {
      const names = args.slice(10).map(String)
      for (const name of names.slice(0, rest[0])) self.permits.add(name)
      for (const name of names.slice(rest[0])) self.permits.delete(name)
    } else if (op === "report") {
      const before = reported.get(`${process}`)
      const [fromRequests = 0, fromTokens = 0, lately = 0, latelyTokens = 0] = rest
      if (before === undefined && known !== current) counts.push({ at: now, requests: lately, tokens: latelyTokens })
      else {
        const base = before ?? { requests: fromRequests, tokens: fromTokens }
        counts.push({ at: now, requests: requests - base.requests, tokens: tokens - base.tokens })
      }
      reported.set(`${process}`, { at: now, requests, tokens })
    } else {
      self.limits = rest
      counts = counts.filter(({ at, requests, tokens }) => at + day > now && requests + tokens > 0)
      const [permits = -1, most = -1, mostTokens = -1, mostDaily = -1] = rest
      const used = within(now, minute)
      const isOver = (limit: number, amount: number) => limit >= 0 && amount > limit
      wait = Math.max(0, paused - now)
      if (isOver(most, used.requests + 1) || isOver(mostTokens, used.tokens + tokens)) {
        wait = Math.max(wait, (counts.find(({ at }) => at + minute > now)?.at ?? now) + minute - now)
      }
      if (wait > 0) reason = isOver(most, used.requests + 1) ? 2 : isOver(mostTokens, used.tokens + tokens) ? 3 : 1
      if (isOver(mostDaily, within(now, day).tokens + tokens)) wait = Math.max(wait, (counts[0]?.at ?? now) + day - now)
      if (isOver(permits, self.permits.size + 1)) status = "full"
      else if (wait > 0) status = "wait"
      else {
        counts.push({ at: now, requests: 1, tokens })
        self.permits.add(`${place}`)
      }
    }
    const used = within(now, minute)
    return [status, wait, current, 0, used.requests, used.tokens, within(now, day).tokens, self.permits.size, reason]
  }

  const command = (args: ReadonlyArray<string | number>) =>
    Effect.suspend(() => {
      self.commands.push(`${args[0]}`)
      if (self.mode === "failing") return died
      if (self.mode === "silent") return Effect.never
      if (Duration.isZero(self.delay)) return Effect.map(Clock.currentTimeMillis, (now) => done(args, now))
      const half = Duration.times(self.delay, 0.5)
      return Effect.sleep(half).pipe(
        Effect.andThen(Effect.map(Clock.currentTimeMillis, (now) => done(args, now))),
        Effect.tap(() => Effect.sleep(half))
      )
    })

  const self: FakeRedis = {
    mode: "up",
    delay: Duration.millis(2),
    commands: [],
    spent: Effect.map(Clock.currentTimeMillis, (now) => within(now, 61_000)),
    permits: new Set(),
    limits: [],
    forget: () => {
      generation += 1
      counts = []
      paused = 0
      reported.clear()
      self.permits.clear()
    },
    redis: {
      send: () => Effect.die("not used here"),
      run: (_script, _keys, args) => command(args) as never
    }
  }
  return self
}

/** The admission of one process, until the scope closes. */
export const makeRedisAdmission = (fakeRedis: FakeRedis, options: Admission.RedisOptions) =>
  Effect.map(
    Layer.build(
      Layer.fresh(Admission.layerRedis(options).pipe(Layer.provide(Layer.succeed(Redis.Redis, fakeRedis.redis))))
    ),
    (services) => Admission.Admission.pipe(Effect.provide(services))
  ).pipe(Effect.flatten)
